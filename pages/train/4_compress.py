"""A trained model is made smaller: what each version costs and how good it is, measured here."""

import streamlit as st

from dlexplain.language import tr
from dlexplain.results.compression import Compression
from dlexplain.services.compress.shipped import made_here, shipped
from dlexplain.services.compress.versions import versions_of
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.trained.folder import Trained
from dlexplain.ui.address import to_address
from dlexplain.ui.compress.answer import show_result
from dlexplain.ui.compress.exporting import export_part
from dlexplain.ui.compress.making import make, show_failed, show_running
from dlexplain.ui.compress.measuring import SHOWN, ask, job_of
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
from dlexplain.ui.models import choose_model
from dlexplain.ui.run_live import forget_runs

MODEL, SETTINGS = "compress-model", "compress-measuring"
TASKS = ("classify-image", "classify-text", "language-model", "forecast")


def main() -> None:
    st.title(
        tr("Make it smaller"), help=glossary("pruning", "quantisation", "distillation", "low-rank")
    )
    forget_runs()  # what a click has changed is seen at once
    arrived = MODEL not in st.session_state
    entry = choose_model(TASKS, MODEL, arrived, first=known_first(shipped, made_here))
    if entry is None:
        return
    if not isinstance(entry.origin, Trained):
        st.info(
            tr(
                f"{literal(entry.name)} was not trained here: only models with a card, those of "
                "the "
                "zoo and finished runs, can be made smaller and tested again. Choose another one "
                "above."
            )
        )
        return
    found = job_of(entry.name)
    with st.container():  # there in any case, so that what follows keeps its place on the page
        show_running(entry.name)
    answers(entry, found, arrived)
    with st.container():
        opened = measuring("Measure versions on this machine", SETTINGS, ("measure",))
        with opened:
            if opened.open:
                ask(entry)
                st.caption(tr(KEPT_AS_IT_COMES))
    making, exporting = st.columns(2, gap="large")
    with making:
        make(entry)
        show_failed(entry.name)
    with exporting:
        export_part(entry)
    measure = "1" if opened.open else None
    shown = st.session_state.get(SHOWN)
    to_address({"model": entry.name, "result": shown, "measure": measure})


def answers(entry: ModelEntry, found: Asked[Compression] | None, arrived: bool) -> None:
    """The job's progress and its result as it grows, or the results that are there."""
    if found is not None:
        result_of(found, "measurements", starting="Reading the models", again="Go on")
    if found is not None and found.active:
        show_growing(found, _grown)
        return
    ships = shipped(entry.name)
    along = {"shipped": ships} if ships is not None else {}
    known = results_there(found, made_here(entry.name), along)
    if known:
        show_result(chosen_result(known, arrived, SHOWN, _title), "compression")
        return
    made = len(versions_of(entry.name))
    if made:
        st.info(
            tr(
                f"{made:,d} smaller version{'s' * (made != 1)} of this model finished, and not "
                "measured yet. Open **Measure versions on this machine** below: you will see "
                "what each "
                "costs in time, memory and bytes, and how good it is."
            ),
            icon=":material/arrow_downward:",
        )
        return
    st.info(
        tr(
            "There is no smaller version of this model yet. Choose a way below and start it: the "
            "model "
            "is changed, trained on if you like, and tested. Then measure it here: you will see "
            "whether it is smaller, whether it is faster, and what that costs."
        ),
        icon=":material/arrow_downward:",
    )


def _grown(found: Compression) -> None:
    show_result(found, f"compression-{drawn_before()}", whole=False)


def _title(found: Compression) -> str:
    return f"{found.date[:16].replace('T', ' ')}, {len(found.models):,d} models"


main()
