"""Whether membership can be told: the answer, its figures, and the shadow models."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dlexplain.figures.privacy import plot_losses, plot_roc
from dlexplain.language import tr
from dlexplain.results.privacy import PrivacyReport
from dlexplain.results.words import csv_of
from dlexplain.ui.address import from_address, whole_number
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.glossary import glossary
from dlexplain.ui.jobs import asked, result_of
from dlexplain.ui.layout import room
from dlexplain.ui.live import rerun_when
from dlexplain.ui.markdown import literal
from dlexplain.ui.privacy.record import show_record

if TYPE_CHECKING:
    from dlexplain.services.jobs import Progress

SLOT, SHADOWS = "privacy", "privacy-shadows"
LEAST_SHADOWS = 4
MOST_SHADOWS = 16
ABOUT = (
    "AUC: how often the attack gives a record of the training set a higher score than another one; "
    "50% is chance. In brackets 95% intervals."
)


@dataclass(frozen=True)
class Question:
    """As `dlexplain.services.privacy.membership.privacy` takes it."""

    model: str
    path: str
    shadows: int


SCREEN = 900
"""Pixels at least of the answer."""


def choose_shadows(arrived: bool) -> int:
    """How many shadow models are trained, below the answer."""
    from_address("shadows", whole_number("shadows", 0, MOST_SHADOWS), arrived, SHADOWS)
    st.session_state.setdefault(SHADOWS, 0)
    state = st.session_state
    # An address may have another number.
    state[SHADOWS] = 0 if state[SHADOWS] < LEAST_SHADOWS else state[SHADOWS] // 2 * 2
    return int(
        st.select_slider(
            tr("Shadow models for the likelihood ratio attack"),
            (0, *range(LEAST_SHADOWS, MOST_SHADOWS + 1, 2)),
            key=SHADOWS,
            help=tr(
                "Each is trained as the model was, on a random half of the records: seconds each "
                "for small digits, hours for a large network. 0 leaves the attack out."
            ),
            format_func=tr,
        )
    )


def show_membership(question: Question) -> None:
    """The answer, or the progress towards it."""
    found = asked(SLOT, question, "Membership inference", partial(_ask, question))
    failed = not found.active and found.job.result is None  # which takes a line
    with st.container() if failed else room("privacy-answer", SCREEN):
        report = result_of(found, "steps", starting="Asking the model about its records")
        if found.active:  # what is drawn then has widgets, so the whole page is drawn anew
            rerun_when(lambda: found.active, lambda: found.active)
        elif report is not None:
            _draw(question, report)


def _ask(question: Question, progress: "Progress") -> PrivacyReport:
    from dlexplain.services.privacy.membership import privacy  # torch, in the job's thread

    return privacy(question.model, question.path, question.shadows, progress=progress)


def _draw(question: Question, report: PrivacyReport) -> None:
    told = f"**{literal(tr(report.told))}**"
    if report.betrayed:
        st.warning(tr(told), icon=":material/visibility:")
    else:
        st.info(tr(told), icon=":material/shield:")
    _numbers(report)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(tr("**Losses**"), help=glossary("loss", "membership inference"))
        chart(plot_losses(report), "privacy-losses", told=report.told)
        st.caption(tr("A model that remembers has little loss on what it was trained on."))
    with right:
        st.markdown(tr("**Members found against false alarms**"), help=glossary("AUC"))
        chart(plot_roc(report), "privacy-roc", told=report.told)
        st.caption(tr("The dotted diagonal is chance."))
    _facts(report)
    show_record(report, question.path)


def _numbers(report: PrivacyReport) -> None:
    with st.container(horizontal=True, gap="small"):
        for attack in report.attacks:
            cells = (
                (f"{attack.title}: AUC", f"{attack.auc:.3f}", (attack.low, attack.high), 3),
                ("found, 1% false alarms", f"{attack.tpr:.1%}", (attack.tpr_low, attack.tpr_high),
                 0),
            )  # fmt: skip
            for title, value, (low, high), digits in cells:
                with st.container(border=True, width=250):
                    st.markdown(f":small[{literal(tr(title))}]")
                    st.metric(tr(title), value, label_visibility="collapsed", help=tr(ABOUT))
                    st.caption(
                        f"[{low:.3f}–{high:.3f}]" if digits else f"[{100 * low:.1f}–{high:.1%}]"
                    )
        if report.epsilon is not None:
            with st.container(border=True, width=250):
                st.markdown(tr(":small[trained privately: epsilon]"))
                st.metric(tr("epsilon"), f"{report.epsilon:.3g}", label_visibility="collapsed")
                st.caption(tr(f"delta {report.delta:g}"))


def _facts(report: PrivacyReport) -> None:
    lines = [
        f"{report.count:,d} records of the training part of {literal(report.data)}, on which the "
        f"model is right in {report.accuracy[0]:.1%}, and as many of the test part, "
        f"{report.accuracy[1]:.1%}; {report.seconds:.1f} s. The guess takes a record for a member "
        f"whose loss is at most the mean of the members, {report.threshold:.3g}."
    ]
    lines += [literal(note) for note in report.notes]
    st.caption(tr("  \n".join(lines)))
    with st.container(horizontal=True):
        stem = f"privacy-{report.model.rpartition('/')[2]}"
        rows = partial(_csv, report)
        download("CSV", rows, f"{stem}.csv", "privacy-csv", "A row a record: its loss and scores.")
        download("JSON", report.to_dict, f"{stem}.json", "privacy-json")


def _csv(report: PrivacyReport) -> str:
    return csv_of(report.rows())
