"""Making smaller versions of a model: ways, strengths, training on, and the runs under way."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

import dlexplain.services.compress.versions as versions
from dlexplain.errors import BadInput, DlexplainError, ParamError, SpecError
from dlexplain.language import tr
from dlexplain.params import Spec, Value, read_values
from dlexplain.services.compress.sweeping import MOST, Way, learns, sweep, sweep_specs
from dlexplain.services.training.catalogue import data_status
from dlexplain.services.training.compression_specs import compressions
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.data_path import ask_path, given_path
from dlexplain.ui.forms import params_form
from dlexplain.ui.live import live, rerun_when
from dlexplain.ui.markdown import literal
from dlexplain.ui.rights import gate
from dlexplain.ui.run_live import EVERY_SECONDS, forget_runs, progress_text, runs_now

if TYPE_CHECKING:
    from dlexplain.results import RunRecord

WAY, STRENGTHS, EPOCHS, RATE = (
    "compress-way", "compress-strengths", "compress-epochs", "compress-rate",
)  # fmt: skip
PATH_NEEDED = "Without them a version can be neither trained on nor tested."
TOLD = "compress-told"
LEAST_RATE = 1e-6


@dataclass(frozen=True)
class Asked:
    """Runs that the form asks for."""

    ways: tuple[Way, ...]
    epochs: int
    learning_rate: float


def make(entry: ModelEntry) -> None:
    """The form, and the runs that it starts."""
    for text in st.session_state.pop(TOLD, ()):
        st.success(literal(text), icon=":material/play_arrow:")
    st.subheader(tr("Make a smaller version"))
    st.markdown(
        tr(
            "Each becomes a run of its own, with this model as its parent: it goes on when this "
            "page "
            "is closed, is tested on the model's own test data, and is a model like all others."
        )
    )
    asked = _form(entry)
    path = _data(entry)
    many = 1 if asked is None else len(asked.ways)
    pressed = st.button(
        tr("Start") if many == 1 else tr(f"Start {many} "
            "runs"), type="primary", key="compress-start",
        icon=":material/play_arrow:", **gate("compress", disabled=asked is None),
    )  # fmt: skip
    if pressed and asked is not None:
        _start(entry, asked, path)


def _form(entry: ModelEntry) -> Asked | None:
    """None, which is told, where it says nonsense."""
    known = {choice.name: choice for choice in compressions(entry.architecture)}
    name = st.selectbox(
        tr("Way"), list(known), format_func=lambda one: tr(known[one].title), key=WAY,
        persist_state="session",
    )  # fmt: skip
    way = known[name]
    st.caption(tr(way.description))
    given = params_form(f"compress-{name}", way.params, {})
    strength = versions.strength_of(name)
    text = ""
    if strength:
        what = way.params[strength].label
        text = st.text_input(
            literal(tr(f"More strengths: {what}")),
            key=f"{STRENGTHS}-{name}", persist_state="session", placeholder=tr("None"),
            help=tr("Numbers with commas between: a run for each beside the one above, so that the "
            "front can be drawn."),
        )  # fmt: skip
    epochs, rate = 0, 0.0
    if learns(name):
        left, right = st.columns(2)
        epochs = left.number_input(
            tr("Epochs of training on"), 0, 1000, 1, key=EPOCHS, persist_state="session",
            help=tr("What was taken away is often made up for by a little training."),
        )  # fmt: skip
        usual = float(entry.trained.spec.training.get("learning_rate", 1e-3))
        rate = right.number_input(
            tr("Learning "
                "rate"), LEAST_RATE, 10.0, usual, max(LEAST_RATE, usual / 10), format="%.2e",
            key=f"{RATE}-{entry.name}", persist_state="session",
            help=tr("At first that of the model's own training, whose schedule is stretched over "
                "the "
            "epochs; less is safer where these are few."),
        )  # fmt: skip
    else:
        st.caption(tr("Nothing is learned after it, so it takes as long as one test."))
    try:
        values = _strengths(text, way.params[strength]) if strength else ()
    except BadInput as error:
        st.error(literal(tr(error)))
        return None
    return Asked(_ways(name, given, strength, values), int(epochs), float(rate))


def _ways(
    name: str, given: dict[str, Value], strength: str, more: tuple[float, ...]
) -> tuple[Way, ...]:
    found = [Way(name, given)]
    found += [Way(name, {**given, strength: one}) for one in more if one != given.get(strength)]
    return tuple(found)


def _strengths(text: str, accepted: Spec) -> tuple[float, ...]:
    """Raises BadInput, which names all that are none."""
    found, wrong = dict[float, None](), []
    for word in filter(None, (word.strip() for word in text.split(","))):
        try:
            found[float(read_values({"one": accepted}, {"one": word})["one"])] = None
        except ParamError:
            wrong.append(f'"{word}"')
    if wrong:
        raise BadInput(
            f'the strengths are "{text}", but each of them is {accepted.accepts}, with commas '
            f"between; not accepted: {', '.join(wrong)}"
        )
    if len(found) >= MOST:
        raise BadInput(f"{len(found)} strengths are given; fewer than {MOST} are accepted")
    return tuple(found)


def _data(entry: ModelEntry) -> str:
    """Where its data lie, asked for where they are not found; "" where they are."""
    try:
        status = data_status(entry.data, entry.data_params)
    except BadInput as error:
        st.error(literal(tr(error)))
        return ""
    if status.there or status.fetched:
        return ""
    ask_path(entry.data, status.how, PATH_NEEDED)
    return given_path(entry.data)


def _start(entry: ModelEntry, asked: Asked, path: str) -> None:
    try:
        with st.spinner(tr("Checking model and data…")):
            records = sweep(
                sweep_specs(entry.name, asked.ways, asked.epochs, asked.learning_rate or None, path)
            )
    except SpecError as error:
        for problem in error.problems:
            st.error(literal(tr(problem)))
        return
    except (DlexplainError, OSError) as error:
        st.error(literal(tr(error)))
        return
    st.session_state[TOLD] = [f"{record.name} is {record.state}." for record in records]
    forget_runs()
    st.rerun()


def show_running(model: str) -> None:
    """Versions that are being made, with their progress; the page runs anew when one has ended."""
    if not _active(model):
        return
    live(
        lambda: _show(model),
        lambda: tuple((r.id, r.state, r.step, r.phase) for r in _active(model)),
        lambda: bool(_active(model)),
        EVERY_SECONDS,
    )
    rerun_when(
        lambda: tuple((r.id, r.state) for r in _active(model)),
        lambda: bool(_active(model)),
        EVERY_SECONDS,
    )


def _active(model: str) -> "tuple[RunRecord, ...]":
    return tuple(r for r in runs_now() if r.active and r.spec.get("parent") == model)


def _show(model: str) -> None:
    for record in _active(model):
        st.progress(record.fraction, f"**{literal(record.name)}**: {progress_text(record)}")


def show_failed(model: str) -> None:
    """Why versions failed, the latest first."""
    failed = [
        r for r in runs_now()
        if r.state == "failed" and r.spec.get("parent") == model and r.spec.get("compression")
    ][:3]  # fmt: skip
    for record in failed:
        st.caption(
            f":material/error: {literal(record.name)} (run {record.id}): {literal(tr(record.why))}"
        )
