"""A picture, what the model made of it, where the two differ, and how unusual its error is."""

import streamlit as st

from dlexplain.figures.latent_sheets import png, sheet
from dlexplain.figures.overlay import enlarged
from dlexplain.language import tr
from dlexplain.results import EncodedPictures, Reconstruction, SeenPicture
from dlexplain.services.latent.models import LatentModel
from dlexplain.services.latent.unusual import how_unusual
from dlexplain.services.pictures.sources import Picture
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.latent import cache
from dlexplain.ui.latent.encoded import encoded_pictures
from dlexplain.ui.markdown import literal

SIDE = 240


def show_reconstruction(
    model: LatentModel, picture: Picture | SeenPicture, path: str, has_data: bool
) -> None:
    """The view."""
    from dlexplain.figures.latents import plot_difference

    found = cache.reconstruction(model, picture)
    seen, copy, off = st.columns(3, gap="medium")
    with seen:
        st.image(
            enlarged(found.seen.pixels),
            width=SIDE,
            caption=tr(f"What the model sees: {literal(found.seen.name)}"),
            alt=tr("The original"),
        )
        told_changes(found.seen)
    with copy:
        st.image(
            enlarged(found.copy),
            width=SIDE,
            caption=tr(f"What it makes of {model.latent} numbers"),
            alt=tr("The copy"),
        )
    with off:
        chart(plot_difference(found, SIDE), "latent-difference")
        st.caption(
            tr("Copy less original: red where the copy is brighter, blue where it is darker.")
        )
    with st.container(horizontal=True, gap="small"):
        st.metric(
            tr("Mean squared error"),
            f"{found.error:.4f}",
            border=True,
            width="content",
            help=tr("Of pixels 0 to 1, mean over the picture."),
        )
        if len(found.kl):
            st.metric(
                tr("KL to the prior"),
                f"{found.kl.sum():.1f} nats",
                border=True,
                width="content",
                help=tr(
                    "What the picture's numbers say, beyond what all pictures share. Summed "
                    "over the dimensions."
                ),
            )
    _downloads(found)
    if has_data:
        encoded = encoded_pictures(model, path)
        if encoded is not None:
            _anomaly(encoded, found)


def told_changes(seen: SeenPicture) -> None:
    """What was done to the picture."""
    if seen.changes:
        st.caption(tr("What was done to it: ") + literal(tr("; ".join(seen.changes) + ".")))


def _anomaly(encoded: EncodedPictures, found: Reconstruction) -> None:
    from dlexplain.figures.latents import plot_errors

    unusual = how_unusual(found, encoded)
    st.subheader(tr("How unusual is it?"))
    for finding in unusual.findings:
        st.markdown(f"{literal(tr(finding.measured))}: **{literal(tr(finding.follows))}**.")
    if unusual.beware:
        st.markdown(literal(tr(unusual.beware)))
    chart(plot_errors(encoded, found.error), "latent-errors")
    st.caption(
        tr(
            "Training pictures have smaller errors than test pictures where a model has learnt "
            "some of them by heart."
        )
        + f" {literal(tr(encoded.note))}"
    )


def _downloads(found: Reconstruction) -> None:
    import numpy as np

    both = np.stack([found.seen.pixels, found.copy])
    with st.container(horizontal=True):
        download("PNG", lambda: png(sheet(both)), f"{found.model}-reconstruction.png", "latent-png")
        download(
            "JSON",
            found.to_dict,
            f"{found.model}-reconstruction.json",
            "latent-json",
            "The code m, its deviation s and its KL by dimension, the error, and what was "
            "done to the picture.",
        )
