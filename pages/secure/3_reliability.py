"""Are a classifier's probabilities right, and does it notice what it was not trained on?"""

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from dlexplain.language import tr
from dlexplain.results import ClassifierCalibration, OutOfDistribution
from dlexplain.services.pictures.cards import TASK
from dlexplain.services.reliability.shipped import known
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import to_address
from dlexplain.ui.glossary import glossary, show_explained
from dlexplain.ui.jobs import Asked, result_of, show_live
from dlexplain.ui.measuring import measuring
from dlexplain.ui.models import choose_model
from dlexplain.ui.pictures import OWN
from dlexplain.ui.reliability import calibration, outside
from dlexplain.ui.reliability.question import (
    CALIBRATION,
    OUTSIDE,
    choose_question,
    job_of,
    start_button,
)
from dlexplain.ui.reliability.which import choose_known, not_known

MODEL, SETTINGS = "reliability-model", "reliability-settings"
ASKS = ("data", "count")  # what in the address opens the settings


def main() -> None:
    st.title(tr("Calibration and out of distribution"))
    arrived = MODEL not in st.session_state
    first = not_known(ClassifierCalibration)
    entry = choose_model([TASK, "classify-text"], MODEL, arrived, own=OWN, first=first)
    if entry is None:
        return
    st.subheader(tr("Are its probabilities right?"), help=glossary("calibration", "ECE"))
    answer(entry, CALIBRATION, ClassifierCalibration, calibration.show_calibration, "inputs")
    pictures = entry.task == TASK
    if pictures:
        unlike = "Does it notice pictures unlike its own?"
        st.subheader(tr(unlike), help=glossary("out of distribution", "AUC"))
        answer(entry, OUTSIDE, OutOfDistribution, outside.show_outside, "pictures")
    address = settings(entry, arrived, pictures)
    with st.expander(tr("What these numbers say, and what they cannot")):
        show_explained(calibration.MEANING)
        if pictures:
            show_explained(outside.MEANING)
    to_address({"model": entry.name, **address})


def answer(entry: ModelEntry, slot: str, kind: Any, show: Callable[[Any], None], what: str) -> None:
    """The job's progress, and what is known so far."""
    found = job_of(slot, entry.name)
    if found is not None:
        show_live(partial(drawn, entry, kind, show, what), found)
    else:
        show_known(choose_known(kind, entry.name, f"{slot}-which"), show)


def drawn(
    entry: ModelEntry, kind: Any, show: Callable[[Any], None], what: str, found: Asked[Any]
) -> None:
    result = result_of(found, what, starting="Reading the data")
    if result is not None:
        show(result)
    elif not found.active:
        show_known(known(kind, entry.name), show)


def show_known(there: Any, show: Callable[[Any], None]) -> None:
    if there is not None:
        show(there)
    else:
        st.info(
            tr(
                "This has not been measured of this model yet. Open **Measure it** below; it "
                "takes the "
                "model's own data set, or data of yours."
            ),
            icon=":material/arrow_downward:",
        )


def settings(entry: ModelEntry, arrived: bool, pictures: bool) -> dict[str, str | None]:
    """What to measure anew; returns what of it is to be in the address."""
    opened = measuring("Measure it", SETTINGS, ASKS)
    with opened:
        if not opened.open:
            return {}
        question = choose_question(entry, arrived)
        with st.container(horizontal=True):
            start_button(CALIBRATION, "Measure calibration", question)
            if pictures:
                start_button(OUTSIDE, "Measure out of distribution", question)
        st.caption(tr("It goes on in the background; what it finds is kept on this machine."))
    return question.address


main()
