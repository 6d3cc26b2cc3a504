"""Which explanation methods can be believed on a model: measured, ranked, beside their cost."""

import streamlit as st

from dlexplain.language import tr
from dlexplain.results import TrustTable
from dlexplain.services.quality.shipped import made_here, shipped
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import to_address
from dlexplain.ui.glossary import glossary
from dlexplain.ui.jobs import Asked, result_of
from dlexplain.ui.live import drawn_before
from dlexplain.ui.measuring import (
    KEPT_AS_IT_COMES,
    chosen_result,
    measuring,
    results_there,
    show_growing,
)
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
ASKS = ("data", "methods", "metrics", "count")  # what in the address opens the settings


def main() -> None:
    st.title(
        tr("Which explanation can be believed?"),
        help=glossary("faithfulness", "sensitivity", "randomisation test"),
    )
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
        show_growing(found, _grown)
        return
    if found is None:
        go_on(entry.name, USUAL[KINDS[entry.task]][1])
    ships = shipped(entry.name)
    along = {"shipped": ships} if ships is not None else {}
    known = results_there(found, made_here(entry.name), along)
    if not known:
        st.info(
            tr(
                "There is no table for this model yet. Open **Compute a table** below: each method "
                "explains the model's own test data, and each map is judged by metrics. You will "
                "see "
                "which methods to believe, how sure that is, and what they cost."
            ),
            icon=":material/arrow_downward:",
        )
        return
    show_table(chosen_result(known, arrived, TABLE, _title, "Table"), "trust")


def _grown(table: TrustTable) -> None:
    if table.done:
        show_table(table, f"trust-{drawn_before()}", whole=False)


def _title(table: TrustTable) -> str:
    when = table.date[:16].replace("T", " ")
    return f"{when}, {table.done:,d} {table.noun}, {len(table.methods)} methods"


def settings(entry: ModelEntry, arrived: bool) -> dict[str, str | None]:
    """What to compute anew; returns what of it is to be in the address. torch is imported for it,
    so it is closed until it is asked for."""
    opened = measuring("Compute a table", SETTINGS, ASKS)
    with opened:
        if not opened.open:
            return {}
        question = choose_question(entry, arrived)
        st.caption(tr(KEPT_AS_IT_COMES))
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
