"""A picture goes in, the boxes or regions of a detector or a segmenter come out, and why."""

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dlexplain.errors import DlexplainError
from dlexplain.language import tr
from dlexplain.ui.layout import answer_first
from dlexplain.ui.markdown import literal
from dlexplain.ui.objects.choice import VIEWS, choose, choose_view
from dlexplain.ui.pictures import Choice, arrived, choose_picture

if TYPE_CHECKING:
    from dlexplain.trained.catalogue import ModelEntry

# Of one evaluation each: a detector of pictures of 800 pixels takes seconds for one.
FIRST_METHODS = ("grad-cam", "layer-cam", "input-x-gradient")


def main() -> None:
    st.title(tr("Explain a box or a region"))
    opened = arrived()
    view = choose_view(opened)
    answer, settings = answer_first()
    of_picture, of_model = settings.container(), settings.container()
    with of_model:
        entry = choose(VIEWS[view], opened, answer)
        if entry is None:
            return
    with of_picture:
        choice = choose_picture(entry, opened)
    with answer:
        if choice.picture is None:
            st.info(
                tr(
                    "Drop a picture of your own, or open **Samples**. You will see what the model "
                    "finds in it, and then which parts of it decided."
                )
            )
            return
        try:
            show(view, entry, choice, opened, settings)
        except DlexplainError as error:
            st.error(literal(tr(error)))


def show(
    view: str, entry: "ModelEntry", choice: Choice, opened: bool, settings: DeltaGenerator
) -> None:
    """What the model finds, and why; the question's widgets go into the settings."""
    # torch is imported from here on, so the empty page is there at once.
    from dlexplain.ui.address import to_address
    from dlexplain.ui.attribution_card import show_enlarged
    from dlexplain.ui.fitting import fit_address, show_seen
    from dlexplain.ui.maps import show_maps
    from dlexplain.ui.objects import cache
    from dlexplain.ui.objects.boxes import box_address, choose_box
    from dlexplain.ui.objects.regions import choose_region, region_address
    from dlexplain.ui.prediction import show_prediction
    from dlexplain.ui.question import ask, question_address

    assert choice.picture is not None
    boxes = view == "boxes"
    model = cache.detector(entry.name) if boxes else cache.segmenter(entry.name)
    seen, found, classes = st.columns([1, 1.5, 1.1], gap="large")
    with seen:
        picture = show_seen(model, choice.picture, opened, settings)
    with found:
        chosen = choose_box if boxes else choose_region
        made = chosen(entry.name, picture, opened)
    address = {
        "view": view,
        "model": entry.name,
        **choice.address,
        **fit_address(picture),
        **(box_address() if boxes else region_address()),
    }
    if made is None:
        to_address(address)
        return
    part, own = made
    prediction = cache.prediction(part, picture)
    with classes:
        show_prediction(entry, part, None, prediction)
    known = cache.methods(part)
    with settings:
        request = ask(
            part, picture, prediction, opened, FIRST_METHODS, known,
            lambda method: cache.choices(part, method), own,
        )  # fmt: skip
    to_address({**address, **question_address(part)})
    if request is not None:
        show_maps(part, picture, request, known)
        show_enlarged()


main()
