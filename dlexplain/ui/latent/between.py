"""The way from one picture to another through latent space."""

import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.figures.latent_sheets import path_sheet, png
from dlexplain.figures.overlay import enlarged
from dlexplain.language import shown_by, tr
from dlexplain.results import LatentPath, SeenPicture
from dlexplain.results.latents import Floats
from dlexplain.services.latent.codes import HOW, along_arc, along_line, decode, interpolate
from dlexplain.services.latent.models import LatentModel
from dlexplain.services.pictures.data import PictureData
from dlexplain.services.pictures.sources import Picture
from dlexplain.ui.address import from_address
from dlexplain.ui.cards import download
from dlexplain.ui.latent import cache
from dlexplain.ui.latent.pictures import OTHER, choose_test, first_other
from dlexplain.ui.markdown import literal

STEPS = 9
SIDE = 280
LARGEST_SEED = 2**31 - 1


def show_between(
    model: LatentModel,
    picture: Picture | SeenPicture,
    label: str,
    data: PictureData | None,
    arrived: bool,
) -> dict[str, str | None]:
    """The view of autoencoders; returns what of it is to be in the address."""
    if data is None:
        st.info(tr("The second picture is one of the data set's, which is not here."))
        return {}
    first = cache.reconstruction(model, picture)
    other = choose_test(data, OTHER, "other", first_other(data, label), arrived, "To")
    assert other.picture is not None
    last = cache.reconstruction(model, other.picture)
    _show(model, first.code, last.code, "linear", 0)
    return dict(other.address)


def show_walk(model: LatentModel, arrived: bool) -> dict[str, str | None]:
    """The view of GANs, from the random numbers of one seed to those of another."""
    for parameter, key, default in (("from", "latent-from", 0), ("to", "latent-to", 1)):
        from_address(parameter, _seed, arrived, key)
        st.session_state.setdefault(key, default)
    columns = st.columns(3)
    seeds = [
        column.number_input(
            tr(title),
            0,
            LARGEST_SEED,
            key=key,
            persist_state="session",
            help=tr("Of the random numbers at this end."),
        )
        for column, title, key in zip(
            columns, ("From seed", "To seed"), ("latent-from", "latent-to"), strict=False
        )
    ]
    label = 0
    if model.asked:
        name = columns[2].selectbox(tr("Class"), model.asked, key=f"latent-walk-{model.name}")
        label = model.asked.index(name)
    ends = [cache.samples(model.name, "", 1, int(seed), 0.0).noise[0] for seed in seeds]
    _show(model, ends[0], ends[1], "spherical", label)
    return {"from": str(seeds[0]), "to": str(seeds[1])}


def _seed(text: str) -> int:
    from dlexplain.services.latent.sampling_settings import read_seed

    return read_seed(text)


def _show(model: LatentModel, first: Floats, last: Floats, usual: str, label: int) -> None:
    how = st.segmented_control(
        tr("Way"),
        list(HOW),
        default=usual,
        format_func=shown_by(str.capitalize),
        key=f"latent-way-{usual}",
        required=True,
        help=tr(
            "Linear: (1 - t) a + t b. Spherical: along the arc between the two, which keeps the "
            "length that random numbers have (White 2016)."
        ),
    )
    try:
        path = interpolate(model, first, last, STEPS, how or usual, label)
    except DlexplainError as error:
        st.error(literal(tr(error)))
        return
    st.image(
        png(path_sheet(path)),
        width="stretch",
        caption=tr(f"{STEPS} pictures, both ends included"),
        alt=tr("Pictures on the way from the first to the last"),
    )
    st.fragment(_one)(model, first, last, how or usual, label)
    _told(path)


def _one(model: LatentModel, first: Floats, last: Floats, how: str, label: int) -> None:
    share = st.slider(tr("How far"), 0.0, 1.0, 0.5, 0.02, key="latent-share")
    between = along_arc if how == "spherical" else along_line
    made = decode(model, between(first, last, share)[None], label)[0]
    st.image(enlarged(made), width=SIDE, alt=tr(f"The picture at {share:.0%} of the way"))


def told(path: LatentPath) -> str:
    """How much pictures change along the way, and where one change stands out."""
    changes, place = path.changes, int(path.changes.argmax()) + 1
    text = (
        f"A step changes a pixel by {changes.mean():.3f} of its range on average (root mean "
        f"square), the largest, from picture {place} to {place + 1}, by {changes.max():.3f}"
    )
    if path.leap is None:
        return text + "."
    return text + ": there, at the orange line, two kinds of pictures meet."


def _told(path: LatentPath) -> None:
    st.caption(tr(told(path)))
    download(
        "PNG", lambda: png(path_sheet(path)), f"{path.model}-between.png", "latent-between-png"
    )
