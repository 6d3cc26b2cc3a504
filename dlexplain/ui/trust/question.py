"""What is asked of the methods of a model: data, methods, metrics, how many; and the job."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import streamlit as st

from dlexplain.errors import BadInput, known_names
from dlexplain.language import shown_by, tr
from dlexplain.results import TrustTable
from dlexplain.services.jobs import Progress
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import from_address, whole_number
from dlexplain.ui.jobs import Asked
from dlexplain.ui.markdown import literal
from dlexplain.ui.measuring import begin_growing, pressed_to_start, stopped_ones

SLOT = "trust"
DATA, METHODS, METRICS, COUNT = "trust-data", "trust-methods", "trust-metrics", "trust-count"
OF, TABLE = "trust-of", "trust-table"
KINDS = {"classify-image": "picture", "classify-text": "text", "forecast": "series"}
"""Modalities of the tasks whose models are judged."""
USUAL = {"picture": (100, "pictures"), "text": (200, "texts"), "series": (50, "forecasts")}
LEAST, MOST = 3, 10_000
MOST_LEFT = 3
"""Unfinished tables that are shown."""
DATA_HELP = {
    "picture": "A folder or ZIP of pictures on the server, or where the model's own data set lies.",
    "text": "A CSV with a column text on the server, or the folder of the model's own data set.",
    "series": "A CSV of the model's series on the server.",
}


@dataclass(frozen=True)
class Question:
    """All that decides the table, as far as the page knows it; () for what suits the model."""

    model: str
    data: str
    methods: tuple[str, ...]
    metrics: tuple[str, ...]
    count: int


def job_of(model: str) -> Asked[TrustTable] | None:
    """What this session has asked about the model last."""
    found: Asked[TrustTable] | None = st.session_state.get(SLOT)
    return found if found is not None and found.question.model == model else None


def choose_question(entry: ModelEntry, arrived: bool) -> Question:
    """The settings; torch is imported for the names of methods and metrics."""
    kind = KINDS[entry.task]
    with st.spinner(tr("Reading the names of methods and metrics…")):
        from dlexplain.services.quality.trust_plan import offered_methods, offered_metrics

        methods, metrics = offered_methods(kind), offered_metrics(kind)
    usual, noun = USUAL[kind]
    _begin_anew(kind, usual)
    from_address("data", str, arrived, DATA)
    from_address("methods", partial(_names, "method", methods), arrived, METHODS)
    from_address("metrics", partial(_names, "metric", metrics), arrived, METRICS)
    from_address("count", whole_number("count", LEAST, MOST), arrived, COUNT)
    left, right = st.columns([3, 1])
    data = left.text_input(
        tr("Other data"),
        key=DATA,
        persist_state="session",
        placeholder=tr("The model's own test data"),
        help=tr(DATA_HELP[kind]),
    )
    count = right.number_input(
        tr(f"How many {noun}"), LEAST, MOST, key=COUNT, persist_state="session", step=10,
        help=tr("More make narrower intervals and take longer."),
    )  # fmt: skip
    left, right = st.columns(2)
    chosen = left.multiselect(
        tr("Methods"),
        list(methods),
        format_func=shown_by(methods.__getitem__),
        key=METHODS,
        persist_state="session",
        placeholder=tr("A set that suits the model"),
    )
    judged = right.multiselect(
        tr("Metrics"),
        list(metrics),
        format_func=shown_by(metrics.__getitem__),
        key=METRICS,
        persist_state="session",
        placeholder=tr("A set that suits the model"),
    )
    return Question(entry.name, data.strip(), tuple(chosen), tuple(judged), int(count))


def _begin_anew(kind: str, usual: int) -> None:
    """Of another kind of input the settings are others."""
    state = st.session_state
    if state.get(OF) != kind:
        state[OF] = kind
        state.update({DATA: "", METHODS: [], METRICS: [], COUNT: usual})


def _names(what: str, known: Mapping[str, str], text: str) -> list[str]:
    """Of an address; raises BadInput for one that is not known."""
    names = text.split(",")
    for name in names:
        if name not in known:
            raise BadInput(f'unknown {what} "{name}"; {known_names(name, known)}')
    return names


def start(question: Question) -> None:
    """The button, and the job that it starts; what an earlier attempt has done is gone on with."""
    if pressed_to_start("Compute", job_of(question.model), "table"):
        begin(question)
        st.rerun()


def go_on(model: str, noun: str) -> None:
    """What earlier sessions left unfinished."""
    from dlexplain.services.quality.stopped import stopped

    left = []
    for one in stopped(model)[:MOST_LEFT]:
        told = (
            f"Stopped at {one.done:,d} of {one.maps:,d} maps: {one.count:,d} {noun} by "
            + literal(", ".join(one.compared))
            + (f", of {literal(one.data)}" if one.data else "")
        )
        question = Question(model, one.data, one.methods, one.metrics, one.count)
        left.append((told, partial(begin, question, one.seed)))
    stopped_ones("trust", left)


def begin(question: Question, seed: int = 0) -> None:
    """The job of this session; the one before it stops."""

    def work(progress: Progress, tell: Callable[[TrustTable], None]) -> TrustTable:
        from dlexplain.services.quality.trust import trust

        return trust(
            question.model,
            question.data,
            question.methods,
            question.metrics,
            question.count,
            seed,
            progress=progress,
            tell=tell,
        )

    begin_growing(SLOT, question, "The table of trust", work, TABLE)
