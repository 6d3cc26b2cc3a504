"""Measuring compressed versions: which models, how many turns, and the job."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from dlexplain.language import shown_by, tr
from dlexplain.results.compression import Compression
from dlexplain.services.compress.versions import alike, versions_of
from dlexplain.services.jobs import Progress
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.jobs import Asked
from dlexplain.ui.measuring import begin_growing

SLOT, SHOWN = "compression", "compression-shown"
TURNS, LIMIT = "compression-turns", "compression-limit"
USUAL_TURNS, USUAL_LIMIT = 15, 64
MOST_NAMED = 12


@dataclass(frozen=True)
class Question:
    """As `compression` takes it."""

    model: str
    others: tuple[str, ...]
    turns: int
    limit: int


def job_of(model: str) -> Asked[Compression] | None:
    """What this session has asked about the model last."""
    found: Asked[Compression] | None = st.session_state.get(SLOT)
    return found if found is not None and found.question.model == model else None


def ask(entry: ModelEntry) -> None:
    """The settings and the button."""
    known = {one.name: one.title for one in alike(entry)}
    made = [name for name in versions_of(entry.name) if name in known]
    if not known:
        st.caption(tr("There is no other model of this task and data set to compare it with yet."))
        return
    key = f"compression-others-{entry.name}-{len(made)}"
    others = st.multiselect(
        tr("Models beside it"), list(known), default=made[-MOST_NAMED:], key=key,
        format_func=shown_by(known.__getitem__), persist_state="session",
        help=tr("At first its compressed versions. Any model of the same task and data set will "
            "do, "
        "such as a student that learnt from it."),
    )  # fmt: skip
    left, right = st.columns(2)
    turns = left.number_input(
        tr("Turns"), 1, 1000, USUAL_TURNS, key=TURNS, persist_state="session",
        help=tr("In each every model computes once. Intervals need 6; more make them narrower."),
    )  # fmt: skip
    limit = right.number_input(
        tr("Largest batch"), 1, 4096, USUAL_LIMIT, key=LIMIT, persist_state="session",
        help=tr("The best batch is looked for among 1, 2, 4 and so on up to this."),
    )  # fmt: skip
    running = job_of(entry.name)
    busy = running is not None and running.active
    if st.button(
        tr("Measure"), type="primary", icon=":material/speed:", disabled=busy or not others,
        key="compression-measure",
        help=tr("A measurement is being made; cancel that one first.") if busy else None,
    ):  # fmt: skip
        begin(Question(entry.name, tuple(others), int(turns), int(limit)))
        st.rerun()


def begin(question: Question) -> None:
    """The job of this session; the one before it stops."""

    def work(progress: Progress, tell: Callable[[Compression], None]) -> Compression:
        from dlexplain.services.compress.measuring import measure_compression

        return measure_compression(
            question.model, question.others, question.turns, question.limit, progress=progress,
            tell=tell,
        )  # fmt: skip

    begin_growing(SLOT, question, "The measurement", work, SHOWN)
