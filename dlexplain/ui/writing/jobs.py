"""What a session has under way on the page of language models: one job a question."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from dlexplain.results import TokenChoice
from dlexplain.services.jobs import Job, start
from dlexplain.services.writing.writing import Progress

POLL_SECONDS = 0.3


@dataclass(eq=False)
class Draft:
    """What has been written so far: its thread adds, the page reads."""

    tokens: list[TokenChoice] = field(default_factory=list)


@dataclass(eq=False)
class Asked:
    """A question and the job that answers it."""

    question: Any
    job: Job[Any]
    draft: Draft


def asked(
    slot: str, question: Any, title: str, work: Callable[[Progress, Draft], Any], anew: bool = False
) -> Asked:
    """The session's job for this question, started if it is new; the slot's earlier one stops."""
    known: Asked | None = st.session_state.get(slot)
    if known is not None and known.question == question and not anew:
        return known
    if known is not None:
        known.job.cancel()
    draft = Draft()
    found = Asked(question, Job(title, lambda progress: work(progress, draft)), draft)
    st.session_state[slot] = found
    start([found.job])
    return found


def show_live(slot: str, show: Callable[[Asked], None], found: Asked) -> None:
    """Draw by `show`, again and again while the job is active."""

    def draw() -> None:
        was_active = found.job.active
        show(found)
        if st.session_state.get(f"{slot}-polling") and not was_active:
            st.session_state[f"{slot}-polling"] = False
            st.rerun()
        st.session_state[f"{slot}-polling"] = was_active

    st.fragment(draw, run_every=POLL_SECONDS if found.job.active else None)()


def show_progress(slot: str, found: Asked, unit: str) -> None:
    """A bar, and a button that stops the job."""
    shot = found.job.snapshot
    text = f"{shot.done:,} of {shot.planned:,} {unit}" if shot.planned else "Waiting"
    bar, stop = st.columns([4, 1], vertical_alignment="center")
    bar.progress(shot.fraction, text)
    if stop.button("Stop", key=f"{slot}-stop", icon=":material/stop:", width="stretch"):
        found.job.cancel()


def show_end(found: Asked) -> None:
    """Why there is no result, where there is none."""
    if found.job.state == "failed":
        st.error(found.job.error)
    elif found.job.state == "cancelled":
        st.caption("Stopped.")
