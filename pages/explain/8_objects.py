"""A picture goes in, the boxes or regions of a detector or a segmenter come out, and why."""

from typing import TYPE_CHECKING

import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.ui.markdown import literal
from dlexplain.ui.objects.choice import VIEWS, choose, choose_view
from dlexplain.ui.pictures import Choice, arrived, choose_picture

if TYPE_CHECKING:
    from dlexplain.trained.catalogue import ModelEntry

# Of one evaluation each: a detector of pictures of 800 pixels takes seconds for one.
FIRST_METHODS = ("grad-cam", "layer-cam", "input-x-gradient")


def main() -> None:
    st.title("Explain a box or a region")
    opened = arrived()
    view = choose_view(opened)
    entry = choose(VIEWS[view], opened)
    if entry is None:
        return
    choice = choose_picture(entry, opened)
    if choice.picture is None:
        st.info(
            "Drop a picture of your own above, or open **Samples**. You will see what the model "
            "finds in it, and then which parts of it decided.",
            icon=":material/arrow_upward:",
        )
        return
    try:
        show(view, entry, choice, opened)
    except DlexplainError as error:
        st.error(literal(error))


def show(view: str, entry: "ModelEntry", choice: Choice, opened: bool) -> None:
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
        picture = show_seen(model, choice.picture, opened)
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
    request = ask(
        part, picture, prediction, opened, FIRST_METHODS, known,
        lambda method: cache.choices(part, method), own,
    )  # fmt: skip
    to_address({**address, **question_address(part)})
    if request is not None:
        show_maps(part, picture, request, known)
        show_enlarged()


main()
