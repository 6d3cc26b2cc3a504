"""What is asked of a classifier's reliability, and the jobs that answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dlexplain.language import tr
from dlexplain.services.jobs import Progress
from dlexplain.services.reliability.shipped import Measured
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import from_address, whole_number
from dlexplain.ui.jobs import Asked, asked
from dlexplain.ui.markdown import literal

CALIBRATION, OUTSIDE = "calibration", "outside"
"""Slots of the jobs."""
DATA, COUNT = "reliability-data", "reliability-count"
LEAST, MOST, USUAL = 20, 5000, 500
DATA_HELP = {
    "classify-image": "Where the model's own data set lies on the server, or a folder or ZIP of "
    "pictures in folders named after their classes.",
    "classify-text": "The folder of the model's own data set on the server, or a CSV with the "
    "columns text and label.",
}


@dataclass(frozen=True)
class Question:
    """As the services take it."""

    model: str
    data: str
    count: int

    @property
    def address(self) -> dict[str, str | None]:
        return {"data": self.data, "count": str(self.count)}


def job_of(slot: str, model: str) -> Asked[Any] | None:
    """What this session has asked about the model last."""
    found: Asked[Any] | None = st.session_state.get(slot)
    return found if found is not None and found.question.model == model else None


def choose_question(entry: ModelEntry, arrived: bool) -> Question:
    """Which data, and how much of it."""
    st.session_state.setdefault(COUNT, USUAL)
    from_address("data", str, arrived, DATA)
    from_address("count", whole_number("count", LEAST, MOST), arrived, COUNT)
    left, right = st.columns([3, 1])
    data = left.text_input(
        tr("Other data"),
        key=DATA,
        persist_state="session",
        placeholder=tr("The model's own data set"),
        help=tr(DATA_HELP[entry.task]),
    )
    count = right.number_input(
        tr("How many"), LEAST, MOST, key=COUNT, persist_state="session", step=100,
        help=tr("Inputs of each part or set, drawn by chance. More make narrower intervals."),
    )  # fmt: skip
    return Question(entry.name, data.strip(), int(count))


def start_button(slot: str, label: str, question: Question) -> None:
    """Measures anew."""
    running = job_of(slot, question.model)
    busy = running is not None and running.active
    pressed = st.button(
        tr(label),
        key=f"{slot}-start",
        icon=":material/play_arrow:",
        disabled=busy,
        help=tr("It is being measured; cancel that first.") if busy else None,
    )
    if pressed:
        asked(slot, question, label, WORK[slot](question), anew=True)
        st.rerun()


def _calibrates(question: Question) -> Callable[[Progress], Any]:
    def work(progress: Progress) -> Any:
        from dlexplain.services.reliability.calibration import calibration

        return calibration(question.model, question.data, question.count, progress=progress)

    return work


def _goes_outside(question: Question) -> Callable[[Progress], Any]:
    def work(progress: Progress) -> Any:
        from dlexplain.services.reliability.out_of_distribution import out_of_distribution

        return out_of_distribution(question.model, question.data, question.count, progress=progress)

    return work


WORK = {CALIBRATION: _calibrates, OUTSIDE: _goes_outside}


def told_where(found: Measured) -> str:
    """Date, machine and command."""
    command = found.command.replace("`", "")
    return f"{tr(f'{literal(found.date[:10])}, {literal(found.machine)}')}: `{command}`"


def file_stem(what: str, model: str) -> str:
    return f"{what}-{''.join(c if c.isalnum() or c in '-.' else '-' for c in model)}"
