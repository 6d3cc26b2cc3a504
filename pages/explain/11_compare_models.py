"""Do two models decide for the same reasons, on the same examples?"""

import streamlit as st

from dlexplain.language import tr
from dlexplain.results import ModelComparison
from dlexplain.services.comparing.shipped import all_shipped, made_here, shipped
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import to_address, told_above
from dlexplain.ui.comparing.question import (
    KINDS,
    SHOWN,
    choose_question,
    go_on,
    job_of,
    start,
)
from dlexplain.ui.comparing.result import show_result
from dlexplain.ui.jobs import Asked, result_of
from dlexplain.ui.live import drawn_before
from dlexplain.ui.markdown import literal
from dlexplain.ui.measuring import (
    KEPT_AS_IT_COMES,
    chosen_result,
    measuring,
    results_there,
    show_growing,
)
from dlexplain.ui.models import choose_model, choose_second

MODEL, OTHER, SETTINGS = "compare-models-a", "b", "compare-models-settings"
OF = "compare-models-of"
ASKS = ("data", "method", "count", "control")  # what in the address opens the settings
TASKS = list(KINDS)
SECOND_HELP = (
    "A model of the same classes, or another forecaster: a compressed one, one after adversarial "
    "training, another seed, a student of it."
)


def main() -> None:
    st.title(tr("Do two models decide for the same reasons?"))
    arrived = MODEL not in st.session_state
    known = {one.model: one.other for one in reversed(all_shipped())}
    with told_above():
        left, right = st.columns(2)
        with left:
            entry = choose_model(
                TASKS,
                MODEL,
                arrived,
                "First model",
                parameter="a",
                first=lambda e: e.name not in known,
            )
        if entry is None:
            return
        if st.session_state.get(OF) != entry.name:  # another first model has another partner
            st.session_state[OF] = entry.name
            st.session_state.setdefault(OTHER, None)
            st.session_state[OTHER] = known.get(entry.name, st.session_state[OTHER])
        with right:
            other = choose_second(
                TASKS, entry, OTHER, arrived, None, SECOND_HELP, label="Second model",
                placeholder="Choose a second model",
            )  # fmt: skip
    if other is None:
        st.info(
            tr(f"Choose a second model to hold {literal(entry.name)} against."),
            icon=":material/arrow_upward:",
        )
        to_address({"a": entry.name})
        return
    found = job_of(entry.name, other.name)
    with st.container():
        answers(entry, other, found, arrived)
    address = settings(entry, other, arrived)
    shown = st.session_state.get(SHOWN)
    to_address({"a": entry.name, "b": other.name, "result": shown, **address})


def answers(
    entry: ModelEntry, other: ModelEntry, found: Asked[ModelComparison] | None, arrived: bool
) -> None:
    """The job's progress and its result as it grows, or the results that are there."""
    if found is not None:
        result_of(found, "examples", starting="Reading the models and examples", again="Go on")
    if found is not None and found.active:
        show_growing(found, _grown)
        return
    if found is None:
        go_on(entry, other)
    along = {f"shipped-{one.method}": one for one in shipped(entry.name, other.name)}
    known = results_there(found, made_here(entry.name, other.name), along)
    if not known:
        st.info(
            tr(
                "There is no comparison of these two yet. Open **Compare them** below: both "
                "explain "
                "the same class of the same hundred examples. You will see how far their reasons "
                "drift apart, which classes and examples lost most, and whose class flipped."
            ),
            icon=":material/arrow_downward:",
        )
        return
    show_result(chosen_result(known, arrived, SHOWN, _title), "compare-models")


def _grown(found: ModelComparison) -> None:
    if found.done:
        show_result(found, f"compare-models-{drawn_before()}", whole=False)


def _title(found: ModelComparison) -> str:
    when = found.date[:16].replace("T", " ")
    return f"{found.title}, {found.done:,d} {found.noun}, {when}"


def settings(entry: ModelEntry, other: ModelEntry, arrived: bool) -> dict[str, str | None]:
    """What to compare anew; returns what of it is to be in the address. torch is imported for it,
    so it is closed until it is asked for."""
    opened = measuring("Compare them", SETTINGS, ASKS)
    with opened:
        if not opened.open:
            return {}
        question = choose_question(TASKS, entry, other, arrived)
        st.caption(tr(KEPT_AS_IT_COMES))
        start(question)
    return {
        "data": question.data,
        "method": question.method,
        "count": str(question.count),
        "control": question.control,
    }


main()
