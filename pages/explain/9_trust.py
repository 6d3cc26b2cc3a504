"""Which explanation methods can be believed on a model: measured, ranked, beside their cost."""

from functools import partial

import streamlit as st

from dlexplain.results import TrustTable
from dlexplain.services.quality.shipped import made_here, shipped
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import from_address, one_of, to_address
from dlexplain.ui.jobs import Asked, result_of
from dlexplain.ui.live import drawn_before, live, rerun_when
from dlexplain.ui.measuring import KEPT_AS_IT_COMES, measuring
from dlexplain.ui.models import choose_model
from dlexplain.ui.trust.question import (
    KINDS,
    TABLE,
    USUAL,
    Question,
    choose_question,
    go_on,
    job_of,
    start,
)
from dlexplain.ui.trust.table import show_table

MODEL, SETTINGS = "trust-model", "trust-settings"
EVERY_SECONDS = 5.0  # between two drawings of a table that grows
ASKS = ("data", "methods", "metrics", "count")  # what in the address opens the settings


def main() -> None:
    st.title("Which explanation can be believed?")
    arrived = MODEL not in st.session_state
    entry = choose_model(list(KINDS), MODEL, arrived)
    if entry is None:
        return
    found = job_of(entry.name)
    with st.container():
        answers(entry, found, arrived)
    address = settings(entry, arrived)
    to_address({"model": entry.name, "table": st.session_state.get(TABLE), **address})


def answers(entry: ModelEntry, found: Asked[TrustTable] | None, arrived: bool) -> None:
    """The job's progress and its table as it grows, or the tables that are there."""
    if found is not None:
        result_of(found, "maps", starting="Trying each method on one example", again="Go on")
    if found is not None and found.active:
        rerun_when(lambda: found.active, lambda: found.active)
        live(
            partial(_grown, found),
            version=lambda: id(found.so_far[-1]) if found.so_far else 0,
            active=lambda: found.active,
            every=EVERY_SECONDS,
        )
        return
    if found is None:
        go_on(entry.name, USUAL[KINDS[entry.task]][1])
    known = _known(entry, found)
    if not known:
        st.info(
            "There is no table for this model yet. Open **Compute a table** below: each method "
            "explains the model's own test data, and each map is judged by metrics. You will see "
            "which methods to believe, how sure that is, and what they cost.",
            icon=":material/arrow_downward:",
        )
        return
    show_table(known[_chosen(known, arrived)], "trust")


def _grown(found: Asked[TrustTable]) -> None:
    if found.so_far and found.so_far[-1].done:
        show_table(found.so_far[-1], f"trust-{drawn_before()}", whole=False)


def _known(entry: ModelEntry, found: Asked[TrustTable] | None) -> dict[str, TrustTable]:
    """By their names in the address, the one to see first: what a job that was stopped has done,
    what was made here, what comes along."""
    known = {}
    if found is not None and found.job.state != "done" and found.so_far and found.so_far[-1].done:
        known["stopped"] = found.so_far[-1]
    known |= {table.date: table for table in made_here(entry.name)}
    if (ships := shipped(entry.name)) is not None:
        known["shipped"] = ships
    return known


def _chosen(known: dict[str, TrustTable], arrived: bool) -> str:
    """Of several tables, which to see."""
    state, names = st.session_state, list(known)
    from_address("table", one_of("table", names), arrived, TABLE)
    state[TABLE] = state[TABLE] if state.get(TABLE) in known else names[0]
    if len(names) > 1:
        st.selectbox("Table", names, format_func=lambda name: _title(name, known[name]), key=TABLE)
    return str(state[TABLE])


def _title(name: str, table: TrustTable) -> str:
    what = {"shipped": "comes along", "stopped": "stopped"}.get(name, "made here")
    when = table.date[:16].replace("T", " ")
    return f"{when}, {table.done:,d} {table.noun}, {len(table.methods)} methods ({what})"


def settings(entry: ModelEntry, arrived: bool) -> dict[str, str | None]:
    """What to compute anew; returns what of it is to be in the address. torch is imported for it,
    so it is closed until it is asked for."""
    opened = measuring("Compute a table", SETTINGS, ASKS)
    with opened:
        if not opened.open:
            return {}
        question = choose_question(entry, arrived)
        st.caption(KEPT_AS_IT_COMES)
        start(question)
    return _address(question)


def _address(question: Question) -> dict[str, str | None]:
    return {
        "data": question.data,
        "methods": ",".join(question.methods),
        "metrics": ",".join(question.metrics),
        "count": str(question.count),
    }


main()
