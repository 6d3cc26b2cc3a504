"""A job under way, as every page shows it."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from dlexplain.language import tr
from dlexplain.results.words import duration
from dlexplain.services.jobs import Job
from dlexplain.ui.live import PROGRESS_SECONDS, live


def show_progress(
    job: Job[Any],
    key: str,
    what: str = "evaluations",
    stop: str = "Cancel",
    starting: str = "Starting",
    more: Callable[[], object] = lambda: None,
) -> None:
    """How far it is, about how long it will take, and a button that stops it.

    key       of the button, unique on the page
    what      progress counts;  stop  what the button says;  starting  what is done before counting
    more      draws what stands beside that button
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width="stretch"):
            live(
                lambda: st.progress(job.snapshot.fraction, tr(progress_text(job, what, starting))),
                version=lambda: (job.state, job.place, job.snapshot.done, job.snapshot.planned),
                active=lambda: job.active,
                every=PROGRESS_SECONDS,
                single=True,
            )
        if st.button(tr(stop), key=f"cancel-{key}", type="tertiary"):
            job.cancel()
        more()


def progress_text(job: Job[Any], what: str, starting: str) -> str:
    """Such as "14 of 25 evaluations, about 3 s left"."""
    shot = job.snapshot
    if job.state == "waiting":
        place = job.place
        return f"Waiting its turn: number {place} in line" if place else "Waiting its turn"
    text = f"{shot.done:,} of {shot.planned:,} {what}" if shot.planned else starting
    left = shot.seconds_left
    return text if left is None else f"{text}, about {duration(max(1, left))} left"
