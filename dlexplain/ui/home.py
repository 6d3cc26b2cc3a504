"""The front page below its examples: the runs of this home folder, and the three ways in."""

import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.language import tr
from dlexplain.results import RunRecord
from dlexplain.results.words import metric, metric_name
from dlexplain.services.training import runs as service
from dlexplain.ui.markdown import literal
from dlexplain.ui.pages import link_to
from dlexplain.ui.run_live import progress_text
from dlexplain.ui.words import STATE_COLOURS, STATE_ICONS

LATEST = 4
WAYS = (
    (
        "Explain something",
        "Give a model a picture, a text or a series, see what it says, and which parts decided.",
        (
            "explain/1_image",
            "explain/7_many_pictures",
            "explain/8_objects",
            "explain/2_text",
            "explain/3_attention",
            "generate/2_writing",
            "explain/5_translation",
            "explain/6_forecast",
            "generate/1_latent",
            "inside/1_layers",
            "explain/12_reports",
        ),
    ),
    (
        "Train something",
        "Pictures, text or series, the data that is here or your own. It trains in the "
        "background and goes on when the browser is closed.",
        (
            "train/1_launch",
            "train/2_runs",
            "train/3_compare",
            "train/5_sweep",
            "train/4_compress",
        ),
    ),
    (
        "Judge a model",
        "Which explanation to believe, how easily it is fooled, whether its probabilities are "
        "right, and what it gives away of its training data.",
        (
            "explain/9_trust",
            "explain/11_compare_models",
            "explain/10_shortcut_lab",
            "secure/1_attack",
            "secure/2_robustness",
            "secure/3_reliability",
            "secure/4_privacy",
            "secure/5_smoothing",
            "secure/6_defence",
        ),
    ),
)
"""What can be done here, and the pages that do it."""


def show_ways() -> None:
    for column, (title, about, pages) in zip(st.columns(len(WAYS)), WAYS, strict=True):
        with column, st.container(border=True, height="stretch"):
            st.subheader(tr(title))
            st.caption(tr(about))
            with st.container(horizontal=True, gap="small"):
                for page in pages:
                    link_to(page)


def show_runs() -> None:
    """Those at work, and the latest that have ended; nothing where there is none."""
    try:
        shown = service.latest_runs(LATEST)
    except (DlexplainError, OSError) as error:
        st.warning(literal(tr(error)))
        return
    if not shown:
        return
    st.subheader(tr("Your runs"))
    for column, record in zip(st.columns(LATEST), shown, strict=False):
        with column, st.container(border=True, height="stretch"):
            _run(record)


def _run(record: RunRecord) -> None:
    st.badge(tr(record.state), icon=STATE_ICONS[record.state], color=STATE_COLOURS[record.state])  # type: ignore[arg-type]
    link_to("train/2_runs", literal(record.name), {"run": record.id})
    if record.active:
        st.caption(literal(tr(progress_text(record))))
    elif record.best is not None:
        st.caption(
            literal(
                tr(f"{metric_name(record.monitor)}: {metric(record.monitor, record.best)} at best")
            )
        )
