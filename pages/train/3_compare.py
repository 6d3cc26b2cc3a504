"""Runs beside each other: curves, what differs, metrics against parameters, pictures."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dlexplain.language import in_words, shown_by, tr
from dlexplain.results.words import certainty, duration, examples_of, metric_name
from dlexplain.services.training import comparison
from dlexplain.services.training import runs as service
from dlexplain.services.training.grouping import (
    NOTHING,
    bands,
    bands_csv,
    differences_csv,
    group_differences,
    group_runs,
    scores,
    scores_csv,
)
from dlexplain.ui.charts import chart
from dlexplain.ui.glossary import glossary
from dlexplain.ui.live import live
from dlexplain.ui.markdown import literal
from dlexplain.ui.run_groups import (
    choose_grouping,
    draw_bands,
    offer_csv,
    said_once,
    scores_table,
    show_example,
    show_scores,
)
from dlexplain.ui.run_live import forget_runs, runs_now

if TYPE_CHECKING:
    from dlexplain.results import RunRecord

EVERY_SECONDS = 2.0  # between two looks at runs that are active
SECTIONS = ("Curves", "Table", "Parameters", "Pictures")
GROUPED = ("Curves", "Table", "Differences", "Parameters", "Pictures")
AT_FIRST = 4
MOST = 30
AXES = 8
PICTURE_COLUMNS = 3


def main() -> None:
    forget_runs()  # a run that has just begun is among them
    st.title(tr("Compare runs"), help=glossary("seed", "confidence interval", "validation"))
    records = {record.id: record for record in runs_now()}
    if len(records) < 2:
        st.info(
            tr(
                "Two runs are needed to compare. Start some from a preset; the smallest take "
                "seconds."
            )
        )
        st.page_link("pages/train/1_launch.py", label=tr("Train a model"), icon=":material/add:")
        show_example()
        return
    chosen = choose(records)
    if not chosen:
        st.info(tr("Choose runs above."))
        return
    by = choose_grouping(chosen)
    section = st.segmented_control(
        tr("Section"),
        SECTIONS if by == NOTHING else GROUPED,
        default=SECTIONS[0],
        format_func=tr,
        key="compare-section",
        required=True,
        label_visibility="collapsed",
    )
    show = {
        "Curves": show_curves,
        "Table": show_table,
        "Differences": show_differences,
        "Parameters": show_parameters,
        "Pictures": show_pictures,
    }[section or SECTIONS[0]]
    show(chosen, by)


def choose(records: "dict[str, RunRecord]") -> "list[RunRecord]":
    """The runs to compare, kept in the address."""
    if "compare-runs" not in st.session_state:
        asked = st.query_params.get("runs", "").split(",")
        known = [run for run in asked if run in records]
        st.session_state["compare-runs"] = known or at_first(records)
    st.session_state["compare-runs"] = [r for r in st.session_state["compare-runs"] if r in records]
    labels = comparison.run_labels(list(records.values()))
    ids = st.multiselect(
        tr("Runs"),
        list(records),
        format_func=lambda run: f"{labels[run]}, {run}, {records[run].state}",
        key="compare-runs",
        persist_state="session",
        max_selections=MOST,
        placeholder=tr("Choose runs by name, id or state"),
    )
    st.query_params["runs"] = ",".join(ids)
    return [records[run] for run in ids]


def at_first(records: "dict[str, RunRecord]") -> list[str]:
    """The latest few that compare, or the whole family of the latest."""
    found = alike(records)
    family = records[found[0]].family if found else ""
    together = [run for run in found if family and records[run].family == family]
    return together[:MOST] or found[:AT_FIRST]


def alike(records: "dict[str, RunRecord]") -> list[str]:
    """The latest run with a metric, and those of its task and data, whose metrics compare."""
    having = [record for record in records.values() if record.metrics and not record.archived]
    return [r.id for r in having if (r.task, r.data) == (having[0].task, having[0].data)]


def pick_metric(chosen: "list[RunRecord]", key: str) -> str:
    keys = service.metric_keys(chosen, system=True)
    first = next((r.monitor for r in chosen if r.monitor in keys), keys[0])
    found = st.selectbox(
        tr("Metric"),
        keys,
        keys.index(first),
        key=key,
        format_func=shown_by(metric_name),
        persist_state="session",
    )
    return str(found)


def show_curves(chosen: "list[RunRecord]", by: str) -> None:
    from dlexplain.ui.run_live import curves

    if not service.metric_keys(chosen):
        st.info(tr("None of these runs has recorded a metric yet."))
        return
    what, how, axes = st.columns([2, 2, 3], vertical_alignment="bottom", gap="medium")
    with what:
        key = pick_metric(chosen, "curve-metric")
    smoothing = how.slider(
        tr("Smoothing"),
        0.0,
        0.99,
        0.0,
        0.01,
        key="smoothing",
        help=tr("Exponential moving average; the measured values stay behind it, fainter."),
    )
    with axes.container(horizontal=True, vertical_alignment="center"):
        over = st.segmented_control(
            tr("Over"),
            ["step", "minutes"],
            default="step",
            key="over",
            required=True,
            label_visibility="collapsed",
            format_func=tr,
        )
        log_x = st.toggle(tr("log x"), key="log-x")
        log_y = st.toggle(tr("log y"), key="log-y")
    runs = [record.id for record in chosen]
    live(
        partial(draw_curves, runs, key, smoothing, log_x, log_y, over or "step", by),
        version=lambda: [(r.id, r.step, r.active) for r in read(runs)],
        active=lambda: any(record.active for record in read(runs)),
        every=EVERY_SECONDS,
    )
    st.download_button(
        tr("Curves as CSV"),
        lambda: comparison.curves_csv(curves(read(runs), key)),
        "curves.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    if by != NOTHING:
        offer_csv(
            "Means as CSV",
            lambda: bands_csv(
                bands(group_runs(read(runs), by), curves(read(runs), key), over or "step")
            ),
            "means.csv",
        )


def read(runs: list[str]) -> "list[RunRecord]":
    """Their state now; without those that were deleted meanwhile."""
    known = {record.id: record for record in runs_now()}
    return [known[run] for run in runs if run in known]


def draw_curves(
    runs: list[str], key: str, smoothing: float, log_x: bool, log_y: bool, over: str, by: str
) -> None:
    from dlexplain.figures.curves import plot_curves
    from dlexplain.ui.run_live import curves

    chosen = read(runs)
    labels = comparison.run_labels(chosen)
    found = [replace(curve, name=labels[curve.run]) for curve in curves(chosen, key)]
    if not found:
        st.info(tr(f"None of these runs has recorded {literal(metric_name(key))}."))
        return
    if by == NOTHING:
        figure = plot_curves(found, smoothing, log_x, log_y, over, height=460)
        chart(figure, "compare", config={"displaylogo": False})
    else:
        draw_bands(group_runs(chosen, by), found, smoothing, log_x, log_y, over)
    missing = len(runs) - len(found)
    if missing:
        st.caption(tr(f"{missing} of the chosen runs have not recorded {metric_name(key)}."))


def pick_values(
    chosen: "list[RunRecord]", key: str, usual: "comparison.Which"
) -> "tuple[str, list[float | None], comparison.Which]":
    """A metric, its value in each run, and which of its values that is. key  of the widgets"""
    from dlexplain.ui.run_live import curves

    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        metric = pick_metric(chosen, f"{key}-metric")
    which: comparison.Which = right.segmented_control(
        tr("As"), ["last", "best"], default=usual, required=True, key=f"{key}-which", format_func=tr
    )
    values = comparison.metric_table(chosen, [metric], which, 0, curves)[metric]
    return metric, values, which


def show_differences(chosen: "list[RunRecord]", by: str) -> None:

    if not service.metric_keys(chosen):
        st.info(tr("None of these runs has recorded a metric yet."))
        return
    key, values, which = pick_values(chosen, "group", "last")
    ids = [record.id for record in chosen]
    found = scores(group_runs(chosen, by), key, dict(zip(ids, values, strict=True)))
    show_scores(found)
    if which == "best":
        st.caption(tr("The best of a run is chosen by this metric itself, which flatters it."))
    if len(found) > 1:
        offer_csv(
            "Differences as CSV",
            lambda: differences_csv(group_differences(found)),
            "differences.csv",
        )


def show_groups(
    chosen: "list[RunRecord]", metrics: "dict[str, list[float | None]]", by: str
) -> None:
    """Every metric over the runs of each group."""
    groups, ids = group_runs(chosen, by), [record.id for record in chosen]
    found = [
        score
        for key, values in metrics.items()
        for score in scores(groups, key, dict(zip(ids, values, strict=True)))
    ]
    scores_table(found)
    if alone := said_once(found):
        st.caption(tr(alone))
    offer_csv("Groups as CSV", lambda: scores_csv(found), "groups.csv")


def show_table(chosen: "list[RunRecord]", by: str) -> None:
    from dlexplain.ui.run_live import curves

    names = list(comparison.run_labels(chosen).values())
    keys = service.metric_keys(chosen)
    most = max((record.step for record in chosen), default=0)
    left, right = st.columns(2, vertical_alignment="bottom")
    which = left.segmented_control(
        tr("Metrics as"),
        ["last", "best", "at step"],
        default="last",
        required=True,
        key="which",
        help=tr("Best is the largest, or the smallest where lower is better."),
        format_func=tr,
    )
    step = most
    if which == "at step" and most > 1:
        step = right.slider(tr("Step"), 0, most, most, key="at-step")
    metrics = comparison.metric_table(chosen, keys, which or "last", step, curves)  # type: ignore[arg-type]
    if by != NOTHING:
        show_groups(chosen, metrics, by)
        st.subheader(tr("Every run"))
    facts = {
        "state": [r.state for r in chosen],
        "epochs done": [f"{r.epoch} of {r.epochs}" for r in chosen],
        "time at work": [duration(r.seconds) for r in chosen],
    }
    told = {
        metric_name(key): [rounded(r, key, v) for r, v in zip(chosen, values, strict=True)]
        for key, values in metrics.items()
    }
    st.dataframe(
        in_words(
            [
                {"": key, **dict(zip(names, values, strict=True))}
                for key, values in {**facts, **told}.items()
            ]
        ),
        hide_index=True,
        height="content",
        column_config=in_words({"": st.column_config.TextColumn(pinned=True, width=230)}),
    )
    st.subheader(tr("What differs in their specs"))
    differ = comparison.differences(chosen)
    if differ:
        st.dataframe(
            in_words(
                [
                    {"": key, **dict(zip(names, values, strict=True))}
                    for key, values in differ.items()
                ]
            ),
            hide_index=True,
            height="content",
            column_config=in_words({"": st.column_config.TextColumn(pinned=True, width=230)}),
        )
    else:
        st.info(tr("Nothing: these runs were told the same."))
    st.download_button(
        tr("Runs as CSV"),
        lambda: comparison.table_csv(chosen, metrics),
        "runs.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        help=tr("One row a run: every parameter, then the metrics as shown above."),
    )


def rounded(record: "RunRecord", key: str, value: float | None) -> str:
    """With the interval and n, where they are known."""
    if value is None:
        return ""
    return f"{value:.5g} {certainty(key, value, examples_of(key, record.sizes))}".rstrip()


def show_parameters(chosen: "list[RunRecord]", by: str) -> None:
    from dlexplain.figures.compare import plot_parallel, plot_scatter, spread_widely

    differ = comparison.differences(chosen)
    keys = service.metric_keys(chosen)
    if not differ or not keys:
        st.info(tr("These runs do not differ in any parameter, or have no metric yet."))
        return
    key, values, _ = pick_values(chosen, "parameter", "best")
    have = [place for place, value in enumerate(values) if value is not None]
    if not have:
        st.info(tr(f"None of these runs has recorded {literal(key)}."))
        return
    found = [values[place] for place in have]
    columns = {name: [texts[place] for place in have] for name, texts in differ.items()}
    st.subheader(tr("Parallel coordinates"))
    st.caption(tr("One line a run. Drag along an axis to keep the runs that pass there."))
    said = [name for name, texts in columns.items() if all(texts)] or list(columns)
    axes = st.multiselect(
        tr("Axes"), list(columns), said[:AXES], key=f"axes-{'-'.join(columns)}", max_selections=AXES
    )
    shown = {name: columns[name] for name in axes}
    chart(plot_parallel(shown, key, found), "parallel")  # type: ignore[arg-type]
    st.subheader(tr("Metric against one parameter"))
    pick, scale = st.columns([3, 1], vertical_alignment="bottom")
    parameter = pick.selectbox(
        tr("Parameter"), list(columns), key="parameter", persist_state="session"
    )
    wide = spread_widely(columns[parameter])
    log_x = scale.toggle(tr("log x"), wide, key=f"parameter-log-{parameter}")
    labels = list(comparison.run_labels(chosen).values())
    names = [labels[place] for place in have]
    figure = plot_scatter(parameter, columns[parameter], key, found, names, log_x)  # type: ignore[arg-type]
    chart(figure, "scatter")


def show_pictures(chosen: "list[RunRecord]", by: str) -> None:
    kinds = service.picture_kinds(chosen)
    if not kinds:
        st.info(tr("None of these runs has logged pictures."))
        return
    kind_box, epoch_box = st.columns([1, 2], vertical_alignment="bottom")
    kind = kind_box.segmented_control(
        tr("Kind"), kinds, default=kinds[0], format_func=literal, required=True, key="kinds"
    )
    kept = [service.pictures(record, kind or kinds[0]) for record in chosen]
    epochs = sorted({epoch for pictures in kept for epoch in pictures})
    epoch = epochs[-1]
    if len(epochs) > 1:
        epoch = epoch_box.select_slider(tr("Epoch"), epochs, epochs[-1], key="picture-epoch")
    columns = st.columns(min(PICTURE_COLUMNS, len(chosen)))
    labels = comparison.run_labels(chosen)
    for index, (record, pictures) in enumerate(zip(chosen, kept, strict=True)):
        with columns[index % len(columns)], st.container(border=True):
            st.markdown(f"**{literal(labels[record.id])}**  \n:small[{record.id}]")
            until = [e for e in pictures if e <= epoch]
            if until:
                st.image(
                    str(pictures[until[-1]]),
                    caption=tr(f"epoch {until[-1]}"),
                    width="stretch",
                    alt=tr(f"{labels[record.id]}, epoch {until[-1]}"),
                )
            else:
                st.caption(tr("Nothing of this kind yet at this epoch."))


main()
