"""What is asked of two models: data, method, control, how many; and the job."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from dlexplain.language import shown_by, tr
from dlexplain.results import ModelComparison
from dlexplain.services.jobs import Progress
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import from_address, one_of, told_above, whole_number
from dlexplain.ui.jobs import Asked
from dlexplain.ui.markdown import literal
from dlexplain.ui.measuring import begin_growing, pressed_to_start, stopped_ones
from dlexplain.ui.models import choose_second

SLOT, SHOWN = "compare-models", "compare-models-shown"
DATA, COUNT, METHOD, CONTROL = (
    "compare-models-data",
    "compare-models-count",
    "compare-models-method",
    "control",
)
OF = "compare-models-kind"
KINDS = {"classify-image": "picture", "classify-text": "text", "forecast": "series"}
"""Modalities of the tasks whose models are compared."""
NOUNS = {"picture": "pictures", "text": "texts", "series": "forecasts"}
USUAL, LEAST, MOST = 100, 3, 10_000
MOST_LEFT = 3
"""Unfinished comparisons that are shown."""
DATA_HELP = {
    "picture": "Where the first model's own data set lies on the server, or a folder or ZIP of "
    "pictures, in folders named after their classes where these are known.",
    "text": "A CSV with a column text, and a column label where classes are known, on the server, "
    "or the folder of the first model's own data set.",
    "series": "A CSV of the models' series on the server.",
}
CONTROL_HELP = (
    "Two trainings of one kind differ in their reasons too. Only what drifts beyond a control, "
    "best the first model trained from another seed, is a change of reasons. Without one, a method "
    "that draws at random is its own control."
)


@dataclass(frozen=True)
class Question:
    """As `compare_models` takes it; "" for none, or for what is usual."""

    model: str
    other: str
    control: str
    data: str
    method: str
    count: int
    noun: str

    @property
    def told(self) -> str:
        """Such as "100 pictures, by grad-cam, control cifar10-cnn"."""
        parts = [f"{self.count:,} {self.noun}"]
        parts += [f"by {self.method}"] if self.method else []
        parts += [f"control {self.control}"] if self.control else []
        return ", ".join(parts) + (f", of {self.data}" if self.data else "")


def job_of(model: str, other: str) -> Asked[ModelComparison] | None:
    """What this session has asked about the two models last."""
    found: Asked[ModelComparison] | None = st.session_state.get(SLOT)
    if found is None:
        return None
    return found if (found.question.model, found.question.other) == (model, other) else None


def choose_question(
    tasks: Sequence[str], entry: ModelEntry, other: ModelEntry, arrived: bool
) -> Question:
    """The settings; torch is imported for the names of methods."""
    kind = KINDS[entry.task]
    with st.spinner(tr("Reading the names of methods…")):
        from dlexplain.services.quality.trust_plan import offered_methods

        methods = offered_methods(kind)
    _begin_anew(kind)
    from_address("data", str, arrived, DATA)
    from_address("method", one_of("method", methods), arrived, METHOD)
    from_address("count", whole_number("count", LEAST, MOST), arrived, COUNT)
    with told_above():
        left, right = st.columns(2)
        with left:
            control = choose_second(
                tasks, entry, CONTROL, arrived, None, CONTROL_HELP, label="Control",
                placeholder="No third model", without=[other.name],
            )  # fmt: skip
        method = right.selectbox(
            tr("Method"), list(methods), index=None, format_func=shown_by(methods.__getitem__),
            key=METHOD,
            persist_state="session", placeholder=tr("One that suits both models"),
        )  # fmt: skip
    left, right = st.columns([3, 1])
    data = left.text_input(
        tr("Other data"), key=DATA, persist_state="session", help=tr(DATA_HELP[kind]),
        placeholder=tr("The first model's own test data"),
    )  # fmt: skip
    count = right.number_input(
        tr(f"How many {NOUNS[kind]}"), LEAST, MOST, key=COUNT, persist_state="session", step=10,
        help=tr("More make narrower intervals and take longer."),
    )  # fmt: skip
    third = control.name if control is not None else ""
    return Question(
        entry.name, other.name, third, data.strip(), method or "", int(count), NOUNS[kind]
    )


def _begin_anew(kind: str) -> None:
    """Of another kind of input the settings are others."""
    state = st.session_state
    if state.get(OF) != kind:
        state[OF] = kind
        state.update({DATA: "", METHOD: None, COUNT: USUAL})


def start(question: Question) -> None:
    """The button, and the job that it starts; what an earlier attempt has done is gone on with."""
    if pressed_to_start("Compare", job_of(question.model, question.other), "comparison"):
        begin(question)
        st.rerun()


def go_on(entry: ModelEntry, other: ModelEntry) -> None:
    """What earlier sessions left unfinished."""
    from dlexplain.services.comparing.shipped import stopped

    noun = NOUNS[KINDS[entry.task]]
    left = []
    for one in stopped(entry.name, other.name)[:MOST_LEFT]:
        question = Question(
            entry.name, other.name, one.control, one.data, one.method, one.count, noun
        )
        told = f"Stopped at {one.done:,d} of {one.found:,d} {noun}: {literal(question.told)}"
        left.append((told, partial(begin, question, one.seed)))
    stopped_ones("compare-models", left)


def begin(question: Question, seed: int = 0) -> None:
    """The job of this session; the one before it stops."""

    def work(progress: Progress, tell: Callable[[ModelComparison], None]) -> ModelComparison:
        from dlexplain.services.comparing.comparing import compare_models

        return compare_models(
            question.model,
            question.other,
            question.data,
            question.control or None,
            question.method,
            question.count,
            seed,
            progress=progress,
            tell=tell,
        )

    begin_growing(SLOT, question, "The comparison", work, SHOWN)
