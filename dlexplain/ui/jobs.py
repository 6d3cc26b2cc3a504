"""What a session has under way: one job a question, and one question at a time in each slot."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dlexplain.services.jobs import Job, Progress
from dlexplain.ui.live import live
from dlexplain.ui.markdown import literal
from dlexplain.ui.session import start


@dataclass(eq=False)
class Asked:
    """A question and the job that answers it.

    so_far  what the job adds to while it goes on and the page shows meanwhile, if anything
    """

    question: Any
    job: Job[Any]
    so_far: Any = None


def asked(
    slot: str,
    question: Any,
    title: str,
    work: Callable[[Progress], Any],
    anew: bool = False,
    so_far: Any = None,
) -> Asked:
    """The session's job for this question, started if it is new; the slot's earlier one stops."""
    known: Asked | None = st.session_state.get(slot)
    if known is not None and known.question == question and not anew:
        return known
    if known is not None:
        known.job.cancel()
    found = Asked(question, Job(title, work), so_far)
    st.session_state[slot] = found
    start([found.job])
    return found


def show_live(show: Callable[[Asked], None], found: Asked) -> None:
    """Draw by `show` now, and once more when the job has ended."""
    live(lambda: show(found), version=lambda: found.job.active, active=lambda: found.job.active)


def show_end(found: Asked) -> None:
    """Why there is no result, where there is none."""
    if found.job.state == "failed":
        st.error(literal(found.job.error))
    elif found.job.state == "cancelled":
        st.caption("Stopped.")
