"""A job under way, as every page shows it."""

from typing import Any

import streamlit as st

from dlexplain.results.words import duration
from dlexplain.services.jobs import Job


def show_progress(job: Job[Any], key: str, what: str = "evaluations", stop: str = "Cancel") -> None:
    """How far it is, about how long it will take, and a button that stops it.

    key   of the button, unique on the page;  what  progress counts;  stop  what the button says
    """
    shot = job.snapshot
    left = shot.seconds_left
    if job.state == "waiting":
        text = "Waiting"
    elif not shot.planned:
        text = "Starting"
    else:
        text = f"{shot.done:,} of {shot.planned:,} {what}"
    text += f", about {duration(max(1, left))} left" if left is not None else ""
    bar, button = st.columns([3, 1], vertical_alignment="center")
    bar.progress(shot.fraction, text)
    if button.button(stop, key=f"cancel-{key}", type="tertiary", width="stretch"):
        job.cancel()
