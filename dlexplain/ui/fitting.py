"""How the picture is made into the model's square: chosen, and shown on the picture."""

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dlexplain.figures.overlay import enlarged, with_left_out
from dlexplain.language import shown_by, tr
from dlexplain.results.words import capital
from dlexplain.services.pictures.models import PictureModel
from dlexplain.services.pictures.sources import Fit, Picture, read_fit
from dlexplain.ui.address import from_address
from dlexplain.ui.markdown import literal

WAYS = {"crop": "Crop", "pad": "Pad", "squash": "Squash"}
X, Y, USUAL = "fit-x", "fit-y", "fit-usual"
WIDTH = 320


def show_seen(
    model: PictureModel, picture: Picture, arrived: bool, settings: DeltaGenerator
) -> Picture:
    """The picture with what the model sees of it; returns it with the choice, which is asked for
    among the settings.

    arrived  whether the page has just been opened, so that its address counts
    """
    whole = model.seen_part(picture) == (0, 0, *_size(picture))
    from_address("fit", _read, arrived)
    if whole and _size(picture)[0] == _size(picture)[1]:  # every way is the same
        fitted = replace(picture, fit=Fit())
    else:
        with settings:
            fitted = replace(picture, fit=_choose(model))
    _draw(model, fitted)
    return fitted


def fit_address(picture: Picture) -> Mapping[str, str]:
    """What in the page's address stands for the choice."""
    return {} if picture.fit == Fit() else {"fit": str(picture.fit)}


def _read(text: str) -> str:
    fit = read_fit(text)
    st.session_state[X], st.session_state[Y] = round(100 * fit.x), round(100 * fit.y)
    return fit.how


def _choose(model: PictureModel) -> Fit:
    state, usual = st.session_state, model.spec.preprocessing.fit
    # What nobody has changed becomes what the next model was trained with.
    if state.get("fit") in (None, state.get(USUAL)):
        state["fit"] = usual
    state[USUAL] = usual
    how = st.segmented_control(
        tr("Into the model's square"),
        list(WAYS),
        format_func=shown_by(WAYS.__getitem__),
        key="fit",
        required=True,
        persist_state="session",
        help=tr(
            "Crop cuts a square out, as the model was trained; what is dark it does not see. "
            "Pad shows it all, with bars of its mean colour. Squash shows it all, out of "
            "proportion."
        ),
    )
    if how != "crop":
        return Fit(how or "crop")
    columns = st.columns(2)
    places = []
    for column, key, label in zip(columns, (X, Y), ("Across", "Down"), strict=True):
        st.session_state.setdefault(key, 50)
        places.append(
            column.slider(
                tr(label), 0, 100, step=1, format="%d%%", key=key, persist_state="session"
            )
        )
    return Fit("crop", places[0] / 100, places[1] / 100)


def _draw(model: PictureModel, picture: Picture) -> None:
    part, size, view = model.seen_part(picture), _size(picture), model.view(picture)
    side = f"{view.shape[1]} × {view.shape[0]}"
    cut = part != (0, 0, *size)
    what = {
        "crop": f"the bright part is what the model sees, at {side}"
        if cut
        else f"the model sees all of it, at {side}",
        "pad": f"the model sees all of it, bars filling the square, at {side}",
        "squash": f"the model sees all of it, squashed to {side}",
    }[picture.fit.how]
    what = "what the model sees" if size == (view.shape[1], view.shape[0]) and not cut else what
    with st.container(width=WIDTH):  # or as wide as its column, if that is narrower
        st.image(
            with_left_out(enlarged(picture.pixels), _enlarged(part, picture))
            if cut
            else enlarged(view),
            width="stretch",
            caption=f"{literal(picture.name)}, {size[0]} × {size[1]}: {tr(what)}",
            alt=tr(f"The picture {picture.name}"),
        )
    notes = [*picture.notes, *model.changes(picture)]
    if notes:
        st.caption(literal(tr("; ".join([capital(notes[0]), *notes[1:]]) + ".")))


def _enlarged(part: tuple[float, ...], picture: Picture) -> tuple[float, float, float, float]:
    """The part, in pixels of the picture as it is shown."""
    factor = enlarged(picture.pixels).shape[0] / picture.pixels.shape[0]
    left, top, right, bottom = (at * factor for at in part)
    return left, top, right, bottom


def _size(picture: Picture) -> tuple[int, int]:
    return picture.pixels.shape[1], picture.pixels.shape[0]
