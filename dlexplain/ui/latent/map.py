"""The map of the data set in latent space; a click on a point shows the picture."""

import streamlit as st

from dlexplain.figures.latent_map import plot_plane
from dlexplain.figures.overlay import enlarged
from dlexplain.language import shown_by, tr
from dlexplain.results import EncodedPictures, SeenPicture
from dlexplain.services.latent.models import LatentModel
from dlexplain.services.pictures.sources import Picture
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.latent import cache
from dlexplain.ui.latent.encoded import clicked, encoded_pictures
from dlexplain.ui.markdown import literal

HOW = {"pca": "Principal components", "dimensions": "Two dimensions"}
KEY = "latent-map"
CONFIG = {"displayModeBar": False, "scrollZoom": True}
SIDE = 160


def show_map(model: LatentModel, picture: Picture | SeenPicture, path: str) -> None:
    """The view."""
    encoded = encoded_pictures(model, path)
    if encoded is None:
        return
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    how = left.segmented_control(
        tr("Map by"),
        list(HOW),
        default="pca",
        format_func=shown_by(HOW.__getitem__),
        key="latent-how",
        required=True,
        help=tr(
            "The two directions in which the numbers vary most, or two of the numbers themselves."
        ),
    )
    pictures = right.toggle(tr("Pictures in the map"), False, key="latent-thumbnails")
    across, up = _axes(encoded) if how == "dimensions" else (0, 1)
    found = cache.flat(model.fingerprint, path, how or "pca", across, up, encoded)
    x, y = found.place(cache.reconstruction(model, picture).code)
    key = f"{KEY}-{model.name}-{how}-{across}-{up}"
    chosen = clicked(st.session_state.get(key))
    there = chosen is not None and 0 <= chosen < len(encoded)
    # The same two columns with and without a picture, so that the map is not made anew.
    shown, beside = st.columns([3, 1] if there else [999, 1], gap="large" if there else None)
    with shown:
        chart(
            plot_plane(found, (float(x), float(y)), pictures),
            key,
            told="Map of the latent space.",
            config=CONFIG,
            on_select="rerun",
            selection_mode="points",
        )
    if chosen is not None and there:
        with beside:
            _one(model, encoded, chosen)
    st.caption(
        tr(
            "The star is the picture above. Click on a point to see its picture; drag to move, "
            "scroll "
            f"to zoom. {literal(encoded.note)}"
        )
    )
    download(
        "CSV",
        found.to_csv,
        f"{model.name}-codes.csv",
        "latent-map-csv",
        "Each picture's part, class, error, place on the map, and code.",
    )


def _axes(encoded: EncodedPictures) -> tuple[int, int]:
    order = list(encoded.most_used)
    left, right = st.columns(2)
    across = left.selectbox(
        tr("Across"),
        order,
        0,
        key="latent-across",
        help=tr(
            "Dimensions count from 0, as code[0] does in Python; that which "
            "carries most comes first."
        ),
    )
    up = right.selectbox(tr("Up"), order, min(1, len(order) - 1), key="latent-up")
    return int(across), int(up)


def _one(model: LatentModel, encoded: EncodedPictures, place: int) -> None:
    seen = SeenPicture(f"picture {place}", encoded.pixels[place])
    found = cache.reconstruction(model, seen)
    part = "test" if encoded.tested[place] else "training"
    label = literal(encoded.classes[int(encoded.labels[place])])
    st.markdown(tr(f"**{label}**, of the {part} part, error {found.error:.4f}"))
    with st.container(horizontal=True):
        st.image(
            enlarged(found.seen.pixels), width=SIDE, caption=tr("Original"), alt=tr("Original")
        )
        st.image(enlarged(found.copy), width=SIDE, caption=tr("Copy"), alt=tr("Its copy"))
