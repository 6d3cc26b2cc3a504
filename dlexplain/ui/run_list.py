"""Every run in a table, those that are active with their progress above it."""

import streamlit as st

from dlexplain.errors import BadInput
from dlexplain.language import in_words, tr
from dlexplain.results import RunRecord
from dlexplain.results.run_words import runs_verdict
from dlexplain.results.words import duration, metric_name, sentence
from dlexplain.services.training import runs as service
from dlexplain.services.training.comparison import run_labels
from dlexplain.services.training.finding import find_runs
from dlexplain.ui.address import from_address
from dlexplain.ui.live import live, rerun_when
from dlexplain.ui.markdown import literal
from dlexplain.ui.run_live import EVERY_SECONDS, progress_text, runs_now
from dlexplain.ui.words import moment

MOST_ACTIVE = 8
STATES = ("queued", "running", "finished", "failed", "cancelled", "interrupted")
HOW_TO_FIND = (
    "Words of name, id, model, data and tags; and conditions on any field: `data:cifar10`, "
    "`model:*cnn`, `accuracy>0.9`, `epochs>=5`, `seed:3`, `state:finished`, `tag:final`, "
    '`family:seeds-*`, `starred:`, `archived:`, `note:"two words"`. All must hold.'
)


def show_list() -> None:
    records = runs_now()
    active = [record for record in records if record.active]
    if not records:
        st.info(tr("No run yet. Start one from a preset; the smallest takes seconds."))
        st.page_link("pages/train/1_launch.py", label=tr("Train a model"), icon=":material/add:")
        return
    live(show_verdict, lambda: runs_verdict(runs_now()), lambda: bool(active_now()), EVERY_SECONDS)
    if active:
        live(show_active, active_now, lambda: bool(active_now()), EVERY_SECONDS)
        rerun_when(states_now, lambda: bool(active_now()), EVERY_SECONDS)
    text_box, state_box = st.columns([2, 3], vertical_alignment="bottom")
    from_address("find", str, arrived="runs-find" not in st.session_state, key="runs-find")
    text = text_box.text_input(
        tr("Find"),
        key="runs-find",
        placeholder=tr("words, data:cifar10, accuracy>0.9"),
        type="search",
        help=tr(HOW_TO_FIND),
        persist_state="session",
    )
    states = state_box.pills(
        tr("State"), STATES, selection_mode="multi", key="runs-states", wrap=True, format_func=tr
    )
    hidden = sum(record.archived for record in records)
    archived = bool(hidden) and st.toggle(tr(f"Show {hidden:,} archived"), key="runs-archived")
    try:
        found = find_runs(text or "", records, archived)
    except BadInput as error:
        st.error(literal(tr(sentence(str(error)))))
        return
    shown = [record for record in found if not states or record.state in states]
    st.caption(
        tr(f"{len(shown):,} of {len(records):,} runs. The box at the left of a row opens it.")
    )
    tell_of_mlflow()
    if not shown:
        st.info(tr("No run matches; clear the search or the states."))
        return
    table(shown)


def show_verdict() -> None:
    st.markdown(f"**{literal(tr(runs_verdict(runs_now())))}**")


def active_now() -> tuple[RunRecord, ...]:
    return tuple(record for record in runs_now() if record.active)


def states_now() -> tuple[tuple[str, str, str], ...]:
    """What the table has of active runs too."""
    return tuple((record.id, record.state, record.name) for record in runs_now())


def show_active() -> None:
    for record in active_now()[:MOST_ACTIVE]:
        st.progress(record.fraction, f"**{literal(record.name)}**: {progress_text(record)}")


def table(shown: list[RunRecord]) -> None:
    labels = run_labels(shown)
    rows = [
        {
            "Name": f"★ {labels[r.id]}" if r.starred else labels[r.id],
            "State": tr(r.state),
            "Progress": None if r.active else 100 * r.fraction,  # theirs stands above, live
            "Metric": tr(metric_name(r.monitor)),
            "Best": r.scored(r.monitor, r.best) if r.best is not None else "",
            "Steps/s": f"{r.speed:.3g}" if r.speed else "",
            "Time": duration(r.seconds),
            "Id": r.id,
            "Model": r.model,
            "Data": r.data,
            "Started": moment(r.created),
            "Tags": ", ".join(r.tags),
            "Family": r.family,
            "Note": r.note,
            "Why it stopped": tr(r.why) if r.resumable else "",
        }
        for r in shown
    ]
    picked = st.dataframe(
        in_words(rows),
        key="runs-table",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height="content" if len(rows) < 14 else 520,
        column_config=in_words(
            {
                "Name": st.column_config.TextColumn(width="medium", pinned=True),
                "Best": st.column_config.TextColumn(
                    help=tr(
                        "Of the best epoch, which this metric itself has chosen, so that it "
                        "flatters; "
                        "in brackets Wilson's 95% interval, n is the validation's examples."
                    )
                ),
                "Progress": st.column_config.ProgressColumn(
                    format="%.0f%%", max_value=100, width=110
                ),
            }
        ),
    )
    chosen = picked["selection"]["rows"]
    if chosen and chosen[0] < len(shown):
        st.query_params["run"] = shown[chosen[0]].id
        st.rerun()


def tell_of_mlflow() -> None:
    problem = service.tracker_problem()
    if problem:
        st.caption(f":material/cloud_off: {literal(tr(problem))}")
