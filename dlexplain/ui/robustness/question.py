"""What is asked of a model: data, attacks, budgets, corruptions, how many; and the job."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from dlexplain.errors import BadInput
from dlexplain.language import shown_by, tr
from dlexplain.results import Robustness
from dlexplain.results.attacks import budget_told
from dlexplain.services.attack.robust_usual import (
    ATTACKS_USUAL,
    BUDGETS_USUAL,
    FEWER,
    SEVERITIES_USUAL,
)
from dlexplain.services.jobs import Progress
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import from_address, whole_number
from dlexplain.ui.jobs import Asked
from dlexplain.ui.markdown import literal
from dlexplain.ui.measuring import begin_growing, pressed_to_start, stopped_ones

SLOT, SHOWN = "robustness", "robustness-shown"
DATA, COUNT, BUDGETS = "robustness-data", "robustness-count", "robustness-budgets"
ATTACKS, CORRUPTIONS, SEVERITIES = (
    "robustness-attacks",
    "robustness-corruptions",
    "robustness-severities",
)
USUAL, LEAST, MOST = 100, 3, 10_000
MOST_LEFT = 3
"""Unfinished measurements that are shown."""
DATA_HELP = (
    "Where the model's own data set lies on the server, or a folder or ZIP of pictures in folders "
    "named after its classes. Of pictures in one folder the right class is not known: what the "
    "model says of them as they are counts as right."
)


@dataclass(frozen=True)
class Question:
    """As `robustness` takes it; None for what is usual."""

    model: str
    data: str
    attacks: tuple[str, ...] | None
    budgets: tuple[float, ...] | None
    corruptions: tuple[str, ...] | None
    severities: tuple[int, ...] | None
    count: int

    @property
    def told(self) -> str:
        """Such as "100 examples, fgsm and pgd within 2/255 in L∞, corruptions"."""
        attacks = ATTACKS_USUAL if self.attacks is None else self.attacks
        budgets = BUDGETS_USUAL if self.budgets is None else self.budgets
        parts = [f"{self.count:,} pictures"]
        if attacks:
            most = budget_told("linf", max(budgets))
            parts.append(f"{', '.join(attacks)} up to {most}")
        if self.corruptions is None:
            parts.append("all corruptions")
        elif self.corruptions:
            parts.append(f"{len(self.corruptions)} corruptions")
        return ", ".join(parts) + (f", of {self.data}" if self.data else "")


def job_of(model: str) -> Asked[Robustness] | None:
    """What this session has asked about the model last."""
    found: Asked[Robustness] | None = st.session_state.get(SLOT)
    return found if found is not None and found.question.model == model else None


def choose_question(entry: ModelEntry, arrived: bool) -> Question | None:
    """The settings; None, which is told, where they are nonsense. torch is imported for the names
    of attacks."""
    with st.spinner(tr("Reading the names of attacks…")):
        from dlexplain.services.attack.robust_pictures import offered

        attacks, corruptions = offered()
    state = st.session_state
    from_address("data", str, arrived, DATA)
    from_address("count", whole_number("count", LEAST, MOST), arrived, COUNT)
    state.setdefault(COUNT, USUAL)
    state.setdefault(ATTACKS, list(ATTACKS_USUAL))
    state.setdefault(BUDGETS, ", ".join(f"{255 * one:g}" for one in BUDGETS_USUAL))
    state.setdefault(CORRUPTIONS, list(corruptions))
    state.setdefault(SEVERITIES, list(SEVERITIES_USUAL))
    left, right = st.columns([3, 1])
    data = left.text_input(
        tr("Other data"), key=DATA, persist_state="session", help=tr(DATA_HELP),
        placeholder=tr("The model's own test data"),
    )  # fmt: skip
    count = right.number_input(
        tr("How many pictures"), LEAST, MOST, key=COUNT, persist_state="session", step=10,
        help=tr("More make narrower intervals and take longer."),
    )  # fmt: skip
    left, right = st.columns([3, 1])
    chosen = left.multiselect(
        tr("Attacks"), list(attacks), format_func=shown_by(attacks.__getitem__), key=ATTACKS,
        persist_state="session", placeholder=tr("None"),
        help=tr("Square, here of "
        f"{FEWER['square']['queries']} queries, sees scores alone: where it fools more than the "
        "others, the model hides its gradients."),
    )  # fmt: skip
    budgets = right.text_input(
        tr("Budgets, of 255"), key=BUDGETS, persist_state="session",
        help=tr("By so many levels of 256 each value may change; with commas between."),
    )  # fmt: skip
    left, right = st.columns([3, 1])
    worse = left.multiselect(
        tr("Corruptions"), list(corruptions), format_func=shown_by(corruptions.__getitem__),
        key=CORRUPTIONS,
        persist_state="session", placeholder=tr("None"),
        help=tr("What cameras, weather and storage do to a picture that nobody attacks."),
    )  # fmt: skip
    severities = right.multiselect(
        tr("Severities"), [1, 2, 3, 4, 5], key=SEVERITIES, persist_state="session",
        placeholder=tr("None"), format_func=tr,
    )  # fmt: skip
    try:
        levels = _levels(budgets)
    except BadInput as error:
        st.error(literal(tr(error)))
        return None
    return Question(
        entry.name,
        data.strip(),
        _unless(tuple(chosen), ATTACKS_USUAL),
        _unless(levels, BUDGETS_USUAL),
        _unless(tuple(worse), tuple(corruptions)),
        _unless(tuple(sorted(severities)), SEVERITIES_USUAL),
        int(count),
    )


def address() -> dict[str, str | None]:
    """What of the settings is to be in the address, also while some of them are nonsense."""
    state = st.session_state
    return {"data": state[DATA].strip(), "count": str(state[COUNT])}


def _unless(given: tuple[Any, ...], usual: tuple[Any, ...]) -> Any:
    """None where it is what is usual, so that equal questions are the same."""
    return None if given == usual else given


def _levels(text: str) -> tuple[float, ...]:
    """Of 255; raises BadInput."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    try:
        found = tuple(float(word) / 255 for word in words)
    except ValueError:
        found = ()
    if not found or not all(0 < one <= 1 for one in found):
        raise BadInput(
            f'the budgets are "{text}"; numbers above 0 and up to 255, with commas between, are '
            "accepted, such as 1, 2, 4, 8"
        )
    return tuple(sorted(set(found)))


def start(question: Question | None) -> None:
    """The button, and the job that it starts; what an earlier attempt has done is gone on with."""
    running = None if question is None else job_of(question.model)
    pressed = pressed_to_start("Compute", running, "measurement", ready=question is not None)
    if pressed and question is not None:
        begin(question)
        st.rerun()


def go_on(model: str) -> None:
    """What earlier sessions left unfinished."""
    from dlexplain.services.attack.robustness_shipped import stopped

    left = []
    for one in stopped(model)[:MOST_LEFT]:
        question = Question(
            model, one.data, one.attacks, one.budgets, one.corruptions, one.severities, one.count
        )
        told = f"Stopped at {one.done:,d} of {one.answers:,d} answers: {literal(question.told)}"
        left.append((told, partial(begin, question, one.seed)))
    stopped_ones("robustness", left)


def begin(question: Question, seed: int = 0) -> None:
    """The job of this session; the one before it stops."""

    def work(progress: Progress, tell: Callable[[Robustness], None]) -> Robustness:
        from dlexplain.services.attack.robustness import robustness

        return robustness(
            question.model,
            question.data,
            question.attacks,
            question.budgets,
            question.corruptions,
            question.severities,
            question.count,
            seed,
            progress=progress,
            tell=tell,
        )

    begin_growing(SLOT, question, "The robustness", work, SHOWN)
