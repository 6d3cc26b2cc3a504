"""How robust is a model over a data set: under attack, and where its pictures get worse?"""

import streamlit as st

from dlexplain.language import tr
from dlexplain.results import Robustness
from dlexplain.services.attack.robustness_shipped import made_here, shipped
from dlexplain.services.pictures.cards import TASK
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import to_address, told_above
from dlexplain.ui.glossary import glossary
from dlexplain.ui.jobs import Asked, result_of
from dlexplain.ui.live import drawn_before
from dlexplain.ui.markdown import literal
from dlexplain.ui.measuring import (
    KEPT_AS_IT_COMES,
    chosen_result,
    known_first,
    measuring,
    results_there,
    show_growing,
)
from dlexplain.ui.models import choose_model, choose_second
from dlexplain.ui.pictures import OWN
from dlexplain.ui.robustness.question import SHOWN, address, choose_question, go_on, job_of, start
from dlexplain.ui.robustness.result import show_result

MODEL, SETTINGS = "robustness-model", "robustness-settings"
BESIDE_HELP = "A second model whose result is drawn beside the first one's, with dashed lines."
ASKS = ("data", "count")  # what in the address opens the settings


def main() -> None:
    st.title(tr("How robust is it?"), help=glossary("robust accuracy", "corruption"))
    arrived = MODEL not in st.session_state
    first = known_first(shipped, made_here)
    with told_above():
        left, right = st.columns(2)
        with left:
            entry = choose_model([TASK], MODEL, arrived, own=OWN, first=first)
        if entry is None:
            return
        with right:
            other = choose_second([TASK], entry, "beside", arrived, OWN, BESIDE_HELP)
    found = job_of(entry.name)
    with st.container():
        answers(entry, other, found, arrived)
    asked = settings(entry, arrived)
    OWN.ask(MODEL)
    beside = other.name if other is not None else None
    shown = st.session_state.get(SHOWN)
    to_address({"model": entry.name, "beside": beside, "result": shown, **asked})


def answers(
    entry: ModelEntry, other: ModelEntry | None, found: Asked[Robustness] | None, arrived: bool
) -> None:
    """The job's progress and its result as it grows, or the results that are there."""
    if found is not None:
        result_of(found, "answers", starting="Drawing the pictures", again="Go on")
    if found is not None and found.active:
        show_growing(found, _grown)
        return
    if found is None:
        go_on(entry.name)
    known = _known(entry.name, found)
    if not known:
        st.info(
            tr(
                "There is no result for this model yet. Open **Compute a result** below: "
                "pictures of "
                "the model's own test data are attacked within growing budgets, and corrupted as "
                "cameras and weather do. You will see how much of its accuracy is left."
            ),
            icon=":material/arrow_downward:",
        )
        return
    chosen = chosen_result(known, arrived, SHOWN, _title)
    show_result(chosen, "robustness", _second(other))


def _second(other: ModelEntry | None) -> Robustness | None:
    """What is known of the second model, the latest; it is said where there is nothing."""
    if other is None:
        return None
    known = _known(other.name, None)
    if not known:
        st.caption(
            tr(
                f"There is no result for {literal(other.name)} yet: choose it as the model, and "
                "compute one."
            )
        )
    return next(iter(known.values()), None)


def _grown(found: Robustness) -> None:
    if found.done:
        show_result(found, f"robustness-{drawn_before()}", whole=False)


def _known(model: str, found: Asked[Robustness] | None) -> dict[str, Robustness]:
    ships = shipped(model)
    return results_there(found, made_here(model), {"shipped": ships} if ships is not None else {})


def _title(found: Robustness) -> str:
    attacks = ", ".join(curve.title for curve in found.attacks if curve.params or curve.gradients)
    return f"{found.date[:16].replace('T', ' ')}, {found.done:,d} pictures, {attacks}"


def settings(entry: ModelEntry, arrived: bool) -> dict[str, str | None]:
    """What to compute anew; returns what of it is to be in the address. torch is imported for it,
    so it is closed until it is asked for."""
    opened = measuring("Compute a result", SETTINGS, ASKS)
    with opened:
        if not opened.open:
            return {}
        question = choose_question(entry, arrived)
        st.caption(tr(KEPT_AS_IT_COMES))
        start(question)
    return address()


main()
