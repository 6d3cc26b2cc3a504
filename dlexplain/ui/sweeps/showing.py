"""A sweep on its page: the best so far, how it goes on, what can be done, and what it found."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import streamlit as st

from dlexplain.errors import DlexplainError, RunError, UnknownName
from dlexplain.language import in_words, tr
from dlexplain.results.sweeps import (
    Importance,
    Sweep,
    Trial,
    metric_text,
    numeric,
    surface,
    told,
    value_text,
)
from dlexplain.results.words import certainty, csv_of, duration, sentence
from dlexplain.services.shipped_examples import SWEEP, example_sweep
from dlexplain.services.sweeps import sweeping as service
from dlexplain.ui.charts import chart
from dlexplain.ui.jobs import Asked, asked, result_of, show_live
from dlexplain.ui.live import live, rerun_when
from dlexplain.ui.markdown import literal
from dlexplain.ui.rights import gate
from dlexplain.ui.words import moment

EVERY_SECONDS = 1.5
COLOURS: dict[str, Literal["blue", "green", "orange", "red"]] = {
    "running": "blue", "finished": "green", "stopped": "orange", "interrupted": "orange",
    "failed": "red",
}  # fmt: skip
ICONS = {
    "running": ":material/play_arrow:", "finished": ":material/check:", "stopped":
    ":material/pause:", "interrupted": ":material/power_off:", "failed": ":material/error:",
}  # fmt: skip
FEW = 20
"""Finished trials below which importances are said to be uncertain."""


def now(sweep: str) -> Sweep | None:
    """As it is now; None where it cannot be read."""
    if sweep == SWEEP:
        return example_sweep()
    try:
        return service.sweep_now(sweep)
    except (UnknownName, RunError):
        return None


def is_active(sweep: str) -> bool:
    found = now(sweep)
    return found is not None and found.active


def follow(sweep: str, draw: Callable[[Sweep], None]) -> None:
    """Draw a part that has no widgets, and again while the sweep goes on."""

    def version() -> object:
        found = now(sweep)
        return None if found is None else (found.state, found.trials, found.budget)

    def show() -> None:
        found = now(sweep)
        if found is not None:
            draw(found)

    live(show, version, partial(is_active, sweep), EVERY_SECONDS)


def show_head(found: Sweep) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(tr(found.state), icon=ICONS[found.state], color=COLOURS[found.state])
        how = f"{found.spec['sampler']}, pruner {found.spec['pruner']}"
        st.caption(literal(tr(f"Sweep {found.id}, {how}, since {moment(found.created)}.")))
    if found.why and found.state != "running":
        kind = st.error if found.state == "failed" else st.info
        kind(literal(tr(sentence(found.why.rstrip(".")))))
    follow(found.id, show_best)
    state = partial(_state, found.id)
    rerun_when(state, partial(is_active, found.id), EVERY_SECONDS)


def _state(sweep: str) -> str:
    found = now(sweep)
    return "" if found is None else found.state


def show_best(found: Sweep) -> None:
    """Progress, and the best so far."""
    if found.active:
        most, done = found.budget[0], sum(t.state != "running" for t in found.trials)
        share = done / most if most else found.seconds / (60 * found.budget[1])
        of = f"{done:,} of {most:,} trials" if most else f"{done:,} trials"
        st.progress(min(1.0, share), tr(f"{of}, {duration(found.seconds)} so far"))
    best = found.best
    cells: list[tuple[str, str, str]] = []
    if best is not None:
        value = found.aim.told(best.values[0])
        sure = certainty(found.aim.metric, best.values[0], best.n)
        title = tr(f"best {tr(found.aim.title)}")
        cells.append((title, value, sure or f"trial {best.number}"))
        tested = sorted(best.test.items(), key=lambda item: "loss" in item[0])
        for key, one in [item for item in tested if item[0] != found.aim.metric][:2]:
            name, _, text = metric_text(key, one).rpartition(" ")
            cells.append((tr(f"its {tr(name)}"), text, certainty(key, one, best.test_n)))
    cells.append(("trials", f"{len(found.trials):,}", found.counted or "none yet"))
    cells.append(("steps done", f"{found.steps:,}", _saved(found)))
    with st.container(horizontal=True, gap="small"):
        for name, text, below in cells:
            with st.container(border=True, width="content"):
                st.metric(literal(tr(name)), text, width="content")
                st.caption(literal(tr(below)))
    if best is None:
        st.caption(tr("No trial has finished yet; the best stands here as soon as one has."))
        return
    st.markdown(tr(f"**{literal(told(best.params))}** in trial {best.number}."))
    many = len(found.finished)
    trials, aim = "trial" if many == 1 else "trials", literal(found.aim.title)
    if found.aim.metric.startswith("test/"):
        chosen = (
            f"Chosen as the best of {many:,d} finished {trials} by {aim} itself, which flatters "
            "it; so the test is no fair test of it any more."
        )
    else:
        chosen = (
            f"Chosen as the best of {many:,d} finished {trials} by {aim} itself, which flatters "
            "it; the test was not used to choose."
        )
    st.caption(tr(chosen))


def _saved(found: Sweep) -> str:
    """Beside what the trials would have taken without a pruner, where that is known."""
    full = max((t.steps for t in found.finished), default=0)
    if not full or found.spec["pruner"] == "none" or "training.batch_size" in found.varied:
        return duration(found.seconds)
    begun = len([t for t in found.trials if t.state != "failed"])
    return f"{found.steps / (full * begun):.0%} of {begun} full trials"


def actions(found: Sweep) -> None:
    with st.container(horizontal=True):
        if found.active:
            _button("Stop", ":material/pause:", partial(service.stop, found.id), found.id,
                    "Trials at work save and stop; Resume goes on with them.")  # fmt: skip
        if found.resumable:
            _button("Resume", ":material/play_arrow:", partial(service.resume, found.id), found.id,
                    "Open trials go on from their checkpoints.")  # fmt: skip
        with st.popover(tr("Extend"), icon=":material/more_time:"):
            limited = found.budget[0] > 0
            trials = st.number_input(
                tr("More trials"), 0, 1000, 10 if limited else 0, key=f"more-{found.id}"
            )
            minutes = st.number_input(
                tr("More minutes"), 0.0, 10_000.0, 0.0 if limited else 10.0, key=f"long-{found.id}"
            )
            more = partial(service.extend, found.id, int(trials), float(minutes))
            _button("Extend the sweep", ":material/more_time:", more, found.id)
        if found.best is not None:
            with st.popover(tr("Retrain the best"), icon=":material/school:"):
                st.markdown(tr("A run of its own with the best trial's values, from the start."))
                epochs = st.number_input(
                    tr("Epochs"), 1, 1000, min(1000, 2 * found.epochs), key=f"again-{found.id}",
                    help=tr("Its learning-rate schedule is that of these epochs."),
                )  # fmt: skip
                may = gate("train")
                if st.button(tr("Start the run"), key=f"retrain-{found.id}", type="primary", **may):
                    _retrain(found.id, int(epochs))


def _button(
    label: str, icon: str, act: Callable[[], object], sweep: str, about: str | None = None
) -> None:
    may = gate("sweep", help=tr(about) if about else None)
    if st.button(tr(label), icon=icon, key=f"{label}-{sweep}", **may):
        try:
            act()
        except (DlexplainError, OSError) as error:
            st.error(literal(tr(error)))
            return
        st.rerun()


def _retrain(sweep: str, epochs: int) -> None:
    try:
        record = service.retrain_best(sweep, epochs)
    except (DlexplainError, OSError) as error:
        st.error(literal(tr(error)))
        return
    st.switch_page("pages/train/2_runs.py", query_params={"run": record.id})


SECTIONS = ("History", "Parameters", "Importance", "Trials", "Front", "Optuna")


def show_found(found: Sweep) -> None:
    """What the trials say, a section at a time."""
    left_out = {"Front"} if len(found.aims) < 2 else set()
    left_out |= {"Optuna"} if found.id == SWEEP else set()  # its store is not here
    known = [section for section in SECTIONS if section not in left_out]
    section = st.segmented_control(
        tr("Section"), known, default="Front" if "Front" in known else known[0],
        key=f"sweep-section-{found.id}", required=True, label_visibility="collapsed",
        format_func=tr,
    )  # fmt: skip
    if section == "History":
        follow(found.id, _history)
    elif section == "Front":
        follow(found.id, _front)
    elif section == "Trials":
        follow(found.id, _trials)
        _download(found)
    elif section == "Parameters":
        _parameters(found)
    elif section == "Importance":
        _importance(found)
    else:
        _optuna(found)


def _history(found: Sweep) -> None:
    from dlexplain.figures.sweeps import plot_history, plot_trial_curves

    if not any(t.values or t.curve for t in found.trials):
        st.info(tr("No trial has finished an epoch yet."))
        return
    left, right = st.columns(2)
    with left, st.container(border=True):
        st.markdown(tr("**Best so far**"))
        chart(plot_history(found), f"sweep-history-{found.id}")
    if any(t.curve for t in found.trials):
        with right, st.container(border=True):
            st.markdown(tr("**Each trial, epoch by epoch**"))
            chart(plot_trial_curves(found), f"sweep-curves-{found.id}")
    st.caption(
        tr(
            "Orange is the best. Crosses end pruned trials. Bars are Wilson's 95% interval of one "
            "trial's examples; trials of which they overlap may as well be equal."
        )
    )


def _front(found: Sweep) -> None:
    from dlexplain.figures.sweeps import plot_aims

    if not found.finished:
        st.info(tr("No trial has finished yet."))
        return
    chart(plot_aims(found), f"sweep-front-{found.id}")
    st.caption(
        tr("Of a trial on the front no other is at least as good in both and better in one.")
    )


def _parameters(found: Sweep) -> None:
    from dlexplain.figures.sweeps import plot_slice, plot_surface, plot_trials

    if len(found.finished) < 2:
        st.info(tr("Two finished trials are needed to compare values."))
        return
    left, right = st.columns(2)
    with left, st.container(border=True):
        st.markdown(tr("**One parameter**"))
        key = st.selectbox(
            tr("Parameter"), found.varied, format_func=literal, key=f"slice-{found.id}",
            label_visibility="collapsed",
        )  # fmt: skip
        chart(plot_slice(found, key or found.varied[0]), f"sweep-slice-{found.id}")
    numbers = numeric(found)
    if len(numbers) > 1:
        with right, st.container(border=True):
            st.markdown(tr("**Two parameters**"))
            x_box, y_box = st.columns(2)
            x = x_box.selectbox(tr("Across"), numbers, 0, format_func=literal, key=f"x-{found.id}")
            rest = [n for n in numbers if n != x]
            y = y_box.selectbox(tr("Up"), rest, 0, format_func=literal, key=f"y-{found.id}-{x}")
            chart(plot_surface(surface(found, x, y), found), f"sweep-surface-{found.id}")
            st.caption(tr("Smoothed between the trials; blank where none is near."))
    with st.container(border=True):
        st.markdown(tr("**All parameters**"))
        chart(plot_trials(found), f"sweep-parallel-{found.id}")
        st.caption(tr("A line a finished trial; drag along an axis to keep some of them."))


def _importance(found: Sweep) -> None:
    """Computed when it is looked at, by a job."""
    done = len(found.finished)
    if len(found.varied) < 2:
        st.info(tr("Only one parameter is varied, so it explains all there is to explain."))
        return
    answer = asked(
        "sweep-importance", (found.id, done), "Importances",
        lambda progress: service.importance_of(found),
    )  # fmt: skip
    show_live(partial(_show_importance, sweep=found), answer)


def _show_importance(answer: Asked[Importance | None], sweep: Sweep) -> None:
    from dlexplain.figures.sweeps import plot_importance

    found = result_of(answer, starting="Fitting a forest to the trials …")
    if answer.active:
        return
    if found is None:
        if answer.job.state == "done":
            st.info(tr("At least 4 finished trials of different values are needed."))
        return
    chart(plot_importance(found), f"sweep-importance-{sweep.id}")
    first = next(iter(found.shares))
    if found.first_is_sure:
        st.markdown(tr(f"**{literal(first)}** matters most."))
    else:
        st.markdown(
            tr(
                "Which of them matters most is not sure: the intervals overlap. More finished "
                "trials "
                "make them narrower."
            )
        )
    st.caption(
        tr(
            f"fANOVA (Hutter et al. 2014) of {found.trials:,} finished trials, with 95% "
            "intervals of "
            "trials drawn anew. Pruned trials do not count, so parameters that ruin a trial "
            "early may "
            "look unimportant."
        )
    )


def _trials(found: Sweep) -> None:
    if not found.trials:
        st.info(tr("No trial has begun yet."))
        return
    rows = [_row(found, trial) for trial in reversed(found.trials)]
    st.dataframe(
        in_words(rows),
        hide_index=True,
        height="content" if len(rows) < 12 else 460,
        column_config=in_words(
            {
                "Run": st.column_config.LinkColumn(
                    display_text=r"run=(\w+)", help=tr("Opens the trial's run.")
                ),
                "Trial": st.column_config.NumberColumn(pinned=True),
            }
        ),
    )


def _row(found: Sweep, trial: Trial) -> dict[str, object]:
    pairs = zip(found.aims, trial.values, strict=False)
    values = {
        aim.title: aim.told(value, trial.n if aim is found.aim else 0) for aim, value in pairs
    }
    params = {key: value_text(trial.params[key]) for key in found.varied if key in trial.params}
    return {
        "Trial": trial.number,
        "State": found.words_of(trial),
        **{aim.title: "" for aim in found.aims},
        **values,
        **params,
        **({"Epochs": len(trial.curve)} if any(t.curve for t in found.trials) else {}),
        "Steps": trial.steps,
        **({"Run": f"runs?run={trial.run}"} if trial.run else {}),
        "Why it failed": trial.why,
    }


def _download(found: Sweep) -> None:
    def rows() -> str:
        latest = now(found.id) or found
        return csv_of([_row(latest, trial) for trial in latest.trials])

    st.download_button(
        tr("Trials as CSV"), rows, f"sweep-{found.id}.csv", "text/csv", icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip


def _optuna(found: Sweep) -> None:
    st.markdown(tr("The trials lie in Optuna's own store. Its dashboard opens it:"))
    st.code(service.dashboard_command(found.id), language="bash", wrap_lines=True)
    st.markdown(tr("What the sweep was told:"))
    st.json(dict(found.spec), expanded=1)
