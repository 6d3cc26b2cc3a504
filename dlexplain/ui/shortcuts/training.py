"""What the lab plants and trains, and the run whose answer is shown."""

import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.language import shown_by, tr
from dlexplain.params import Value
from dlexplain.results import RunRecord
from dlexplain.results.words import duration
from dlexplain.services.quality.lab import LABS, TITLES, Lab, planted_params, shortcut_runs
from dlexplain.services.training.runs import cancel, launch
from dlexplain.ui.address import from_address, one_of
from dlexplain.ui.forms import params_form
from dlexplain.ui.live import rerun_when
from dlexplain.ui.markdown import literal
from dlexplain.ui.rights import gate
from dlexplain.ui.run_live import EVERY_SECONDS, follow, forget_runs, is_active, now, show_progress
from dlexplain.ui.words import moment

INPUT, RUN, PLANTED = "lab-input", "lab-run", "lab-planted"


def choose_lab(arrived: bool) -> Lab:
    """Pictures, texts or series."""
    from_address("input", one_of("kind of input", LABS), arrived, INPUT)
    st.session_state.setdefault(INPUT, next(iter(LABS)))
    chosen = st.segmented_control(
        tr("What the model reads"),
        list(LABS),
        format_func=lambda name: tr(LABS[name].title),
        key=INPUT,
        required=True,
    )
    return LABS[chosen or next(iter(LABS))]


def choose_run(lab: Lab, arrived: bool) -> RunRecord | None:
    """One of those that were trained with something planted, at first the latest."""
    known = {record.id: record for record in shortcut_runs(lab.task)}
    from_address("run", one_of("run of the lab", known), arrived, RUN)
    if not known:
        return None
    state = st.session_state
    state[RUN] = state[RUN] if state.get(RUN) in known else next(iter(known))
    chosen = st.selectbox(
        tr("Trained with a shortcut"),
        list(known),
        format_func=lambda run: tr(_told(known[run])),
        key=RUN,
        persist_state="session",
        help=tr(
            "The latest first. Any run with a shortcut is here, also those of the page Launch."
        ),
    )
    return known[chosen]


def _told(record: RunRecord) -> str:
    state = "" if record.state == "finished" else f", {record.state}"
    return f"{record.name}, {moment(record.created)} (run {record.id}{state})"


def show_training(record: RunRecord) -> None:
    """How far a run is, and why one has ended without a model."""
    forget_runs()  # what a click has changed is seen at once
    if record.active:
        follow(record, show_progress, lambda found: found)
        cancelling = gate("cancel", record.owner)
        if st.button(
            tr("Cancel the training"), icon=":material/stop:", key="lab-cancel", **cancelling
        ):
            _attempt_cancel(record)
        rerun_when(
            lambda: (found := now(record)) and found.state,
            lambda: is_active(record),
            EVERY_SECONDS,
        )
        return
    why = f"Run {record.id} has {record.state}, so there is no model to ask: {record.why}."
    (st.error if record.state == "failed" else st.info)(literal(tr(why)))
    st.page_link(
        "pages/train/2_runs.py", label=tr("Open the run"), query_params={"run": record.id},
        icon=":material/open_in_new:",
    )  # fmt: skip


def _attempt_cancel(record: RunRecord) -> None:
    try:
        cancel(record.id)
    except DlexplainError as error:
        st.error(literal(tr(error)))
        return
    st.rerun()


def plant_and_train(lab: Lab) -> None:
    """The settings and the button; a new run becomes the one that is shown."""
    kind = lab.plants[0]
    if len(lab.plants) > 1:
        chosen = st.segmented_control(
            tr("What is planted"),
            list(lab.plants),
            default=kind,
            format_func=shown_by(TITLES.__getitem__),
            key=f"{PLANTED}-{lab.name}",
            required=True,
            persist_state="session",
        )
        kind = str(chosen or kind)
    else:
        st.caption(tr(f"{TITLES[kind]} is planted."))
    first = {key: value for key, value in lab.first.items() if key != "kind"}
    values: dict[str, Value] = params_form(f"lab-{kind}", planted_params(kind), {}, first)
    about = duration(lab.seconds)
    st.button(
        tr("Plant and train"),
        type="primary",
        icon=":material/play_arrow:",
        key="lab-train",
        **gate(
            "train",
            help=tr(
                f"In the background, about {about} on two cores; it goes on when this page is "
                "closed."
            ),
        ),
        on_click=_start,
        args=(lab, {"kind": kind, **values}),
    )
    if problem := st.session_state.pop("lab-problem", None):
        st.error(literal(tr(problem)))


def _start(lab: Lab, shortcut: dict[str, Value]) -> None:
    """A callback: it chooses the run before its picker is drawn."""
    try:
        st.session_state[RUN] = launch(lab.spec(shortcut)).id
    except (DlexplainError, OSError) as error:
        st.session_state["lab-problem"] = str(error)
