"""The boxes of a detector on the picture, of which one is chosen."""

import streamlit as st

from dlexplain.figures.objects import plot_detection
from dlexplain.language import shown_by, tr
from dlexplain.results import ClassName, Detection
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sources import Picture
from dlexplain.ui.address import from_address, whole_number
from dlexplain.ui.charts import chart
from dlexplain.ui.markdown import literal
from dlexplain.ui.objects import cache

THRESHOLD, BOX, FIGURE = "threshold", "box", "boxes-figure"
USUAL = 50
MOST = 10_000


def choose_box(name: str, picture: Picture, opened: bool) -> tuple[LoadedModel, ClassName] | None:
    """The detector asked of the box that is chosen, and its class; None where no box is shown."""
    from_address(THRESHOLD, whole_number(THRESHOLD, 0, 100), opened)
    from_address(BOX, whole_number(BOX, 1, MOST), opened)
    state = st.session_state
    state.setdefault(THRESHOLD, USUAL)
    place = st.container()
    threshold = st.slider(
        tr("Boxes of at least"),
        0,
        100,
        step=1,
        format="%d%%",
        key=THRESHOLD,
        persist_state="session",
        help=tr(
            "A box's probability is that of its most probable class; the last class, no object, "
            "is none."
        ),
    )
    found = cache.detection(name, picture, threshold / 100)
    if not found.boxes:
        best = found.best.score
        told = literal(f"{best.name.label}, {best.text}")
        place.info(
            tr(
                f"No box reaches {threshold}%. The most probable is {told}: lower the threshold "
                "below "
                "to see it."
            )
        )
        return None
    numbers = [box.number for box in found.boxes]
    state[BOX] = state[BOX] if state.get(BOX) in numbers else numbers[0]
    with place:
        _show(found, numbers)
    chosen = found.boxes[numbers.index(state[BOX])]
    return cache.box(name, picture, chosen.number), chosen.score.name


def _show(found: Detection, numbers: list[int]) -> None:
    chart(
        plot_detection(found, st.session_state[BOX]),
        FIGURE,
        on_select=_take_clicked,
        selection_mode="points",
    )
    labels = {box.number: box.label for box in found.boxes}
    st.selectbox(
        tr("Box (or click one)"),
        numbers,
        format_func=shown_by(labels.__getitem__),
        key=BOX,
        persist_state="session",
    )


def _take_clicked() -> None:
    points = st.session_state[FIGURE]["selection"]["points"]
    number = int(points[0]["customdata"][0]) if points else 0
    if number:
        st.session_state[BOX] = number


def box_address() -> dict[str, str]:
    """What in the page's address stands for the choice."""
    state = st.session_state
    known = {key: str(state[key]) for key in (THRESHOLD, BOX) if key in state}
    return {key: text for key, text in known.items() if (key, text) != (THRESHOLD, str(USUAL))}
