"""What a run's page shows of it while it goes on: progress, facts, and parts that follow it."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from dlexplain.errors import UnknownName
from dlexplain.language import tr
from dlexplain.people import Person, here
from dlexplain.results import Curve, RunRecord
from dlexplain.results.run_words import run_verdict
from dlexplain.results.words import capital, certainty, duration, examples_of, metric, metric_name
from dlexplain.services.training import runs as service
from dlexplain.ui.live import live
from dlexplain.ui.markdown import literal

EVERY_SECONDS = 1.5
"""Between two looks at runs that are active."""
EPSILON, DELTA = "privacy/epsilon", "privacy/delta"
CARD = 18
"""Letters that fit on a card."""
ABOUT = "n is how many examples it was measured on; in brackets Wilson's 95% interval."


def now(record: RunRecord) -> RunRecord | None:
    """As it is now; None where it was deleted meanwhile."""
    found = next((each for each in runs_now() if each.id == record.id), None)
    try:
        return found or service.run(record.id)  # which may be younger than that list
    except UnknownName:
        return None


def is_active(record: RunRecord) -> bool:
    found = now(record)
    return found is not None and found.active


def follow(
    record: RunRecord,
    draw: Callable[[RunRecord], None],
    version: Callable[[RunRecord], object],
) -> None:
    """Draw a part of the page that has no widgets, and again while the run goes on."""

    def of_now(what: Callable[[RunRecord], object]) -> object:
        found = now(record)
        return None if found is None else what(found)

    live(partial(of_now, draw), partial(of_now, version), partial(is_active, record), EVERY_SECONDS)


def show_progress(record: RunRecord) -> None:
    if record.active:
        st.progress(record.fraction, literal(progress_text(record)))
    elif told := run_verdict(record):
        st.markdown(f"**{literal(tr(told))}**")
    for note in record.notes:
        st.warning(literal(tr(note)), icon=":material/info:")
    facts(record)


def progress_text(record: RunRecord) -> str:
    if record.state == "queued":
        return "Waiting for its device to be free"
    if record.phase != "training" or not record.step:
        doing = record.phase or "starting its process"
        doing = "working on the first step" if record.phase == "training" else doing
        return f"{capital(doing)}, {duration(record.phase_seconds)} so far"
    text = f"Epoch {record.epoch} of {record.epochs}, step {record.step:,} of {record.steps:,}"
    return text + ("" if record.left is None else f", about {duration(record.left)} left")


def facts(record: RunRecord) -> None:
    shown = {key: value for key, value in record.metrics.items() if key.startswith("test/")}
    if not shown and record.best is not None:
        shown = {f"best/{record.monitor.rpartition('/')[2]}": record.best}
    first = sorted(shown, key=lambda key: (2 * ("loss" in key) + ("coverage" in key), key))
    cells = [(short(key), metric(key, shown[key]), sure(record, key, shown[key])) for key in first]
    cells = [*cells[:5], *privacy_cells(record), ("time at work", duration(record.seconds), "")]
    cells += [("steps/s", f"{record.speed:.3g}", "")] if record.speed else []
    with st.container(horizontal=True, gap="small"):
        for name, value, within in cells:
            with st.container(border=True, width="content"):
                st.metric(tr(name), value, width="content", help=tr(ABOUT) if within else None)
                if within:
                    st.caption(tr(within))


def privacy_cells(record: RunRecord) -> list[tuple[str, str, str]]:
    """What a private run has spent of its budget so far."""
    spent = record.metrics.get(EPSILON)
    if spent is None:
        return []
    delta = record.metrics.get(DELTA)
    budget = float(record.spec["training"]["target_epsilon"])
    of = f"of {budget:g}" + (f", delta {delta:g}" if delta else "")
    return [("epsilon spent", f"{spent:.3g}", of)]


def sure(record: RunRecord, key: str, value: float) -> str:
    """How sure a metric is; the best epoch's is of the validation."""
    of = key.replace("best/", "validation/")
    return certainty(of, value, examples_of(of, record.sizes))


def short(key: str) -> str:
    """test/mase_over_random_walk -> MASE over random walk; test/loss -> test loss"""
    words = metric_name(key)
    return words if len(words) <= CARD else words.partition(" ")[2]


MOST = 2000


def runs_now() -> list[RunRecord]:
    """Every run that the session's person may look at, read once a second however many pages and
    parts of pages look."""
    return _runs_of(here())


def forget_runs() -> None:
    """Read them anew: what a click has changed is seen at once."""
    _runs_of.clear()


@st.cache_resource(ttl=1.0, max_entries=32, show_spinner=False)
def _runs_of(person: Person) -> list[RunRecord]:
    return service.runs()


def curves(records: Sequence[RunRecord], key: str) -> list[Curve]:
    """As services.training.runs.curves; a run that is not active is read once for all sessions."""
    found = []
    for record in records:
        if key in record.metrics:
            if record.active:
                read = service.curves([record], key)
            else:
                read = _kept(record.id, record.ended, key, record)
            # A renamed run keeps its curve.
            found += [Curve(c.run, record.name, key, c.steps, c.values, c.at) for c in read]
    return found


@st.cache_data(max_entries=MOST, show_spinner=False)
def _kept(run: str, ended: float | None, key: str, _record: RunRecord) -> list[Curve]:
    return service.curves([_record], key)
