"""Within which distance is a picture's class certain, whatever the attack?"""

import streamlit as st

from dlexplain.language import tr
from dlexplain.results import CertifiedAccuracy
from dlexplain.services.pictures.cards import TASK
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import to_address
from dlexplain.ui.glossary import glossary
from dlexplain.ui.jobs import Asked, result_of
from dlexplain.ui.measuring import KEPT_AS_IT_COMES, measuring, show_growing
from dlexplain.ui.models import choose_model
from dlexplain.ui.pictures import OWN
from dlexplain.ui.reliability.smoothing import (
    MEANING,
    choose_question,
    job_of,
    show_certified,
    start,
)
from dlexplain.ui.reliability.which import choose_known, not_known

MODEL, SETTINGS = "smoothing-model", "smoothing-settings"
ASKS = ("data", "sigma", "samples", "count")  # what in the address opens the settings


def main() -> None:
    st.title(tr("Randomised smoothing"), help=glossary("randomised smoothing", "certified radius"))
    arrived = MODEL not in st.session_state
    entry = choose_model([TASK], MODEL, arrived, own=OWN, first=not_known(CertifiedAccuracy))
    if entry is None:
        return
    with st.container():
        answer(entry, job_of(entry.name))
    address = settings(entry, arrived)
    with st.expander(tr("What a certificate says, and what it cannot")):
        st.markdown(tr(MEANING))
    to_address({"model": entry.name, **address})


def answer(entry: ModelEntry, found: Asked[CertifiedAccuracy] | None) -> None:
    """The job's progress and its curve as it grows, or what is known."""
    result = None
    if found is not None:
        result = result_of(found, starting="Reading the pictures", again="Go on")
    if found is not None and found.active:
        show_growing(found, show_certified)
        return
    there = result or choose_known(CertifiedAccuracy, entry.name, "smoothing-which")
    if there is not None:
        show_certified(there)
    else:
        st.info(
            tr(
                "Nothing is certified of this model yet. Open **Certify** below: noise is added to "
                "each test picture many times, and how often a class is said bounds how far the "
                "picture must be changed before another class can win."
            ),
            icon=":material/arrow_downward:",
        )


def settings(entry: ModelEntry, arrived: bool) -> dict[str, str | None]:
    """What to certify anew; returns what of it is to be in the address."""
    opened = measuring("Certify", SETTINGS, ASKS)
    with opened:
        if not opened.open:
            return {}
        question = choose_question(entry, arrived)
        st.caption(tr(KEPT_AS_IT_COMES))
        start(question)
    return question.address


main()
