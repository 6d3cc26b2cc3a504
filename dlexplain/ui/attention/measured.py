"""Whether attention agrees, on this text, with methods that ask the model's score."""

import numpy as np
import pandas as pd
import streamlit as st

from dlexplain.results import Agreement, AttentionMaps, TextAttribution
from dlexplain.services.jobs import Job, start
from dlexplain.services.texts.attention import Window, agreement, compared
from dlexplain.services.texts.attention_facts import Head
from dlexplain.services.texts.models import TextModel
from dlexplain.ui.progress import show_progress

POLL_SECONDS, MEASURED = 0.5, "attention-measured"
Measured = Job[tuple[TextAttribution, ...]]


def show_measured(model: TextModel, window: Window, maps: AttentionMaps, chosen: Head) -> None:
    """The sentence, and the table when it is there; maps  with their marks"""
    st.subheader("Is attention an explanation here?")
    st.markdown(
        "Attention is not by itself an explanation: it says where a head looks, not whether what "
        "it found there moved the score "
        "([Jain and Wallace 2019](https://arxiv.org/abs/1902.10186)). Below, for this very text: "
        "does the attention that the classes are told rank the tokens as methods do that ask the "
        "score itself?"
    )
    job = _job(model, window)
    polls = job.active
    live = st.fragment(_show, run_every=POLL_SECONDS if polls else None)
    live(model, maps, chosen, job, polls)


def _job(model: TextModel, window: Window) -> Measured:
    """This text's, started if it is new; that of an earlier text is cancelled."""
    key = (model.name, model.twin.fingerprint, window.reading.text, window.number)
    known: tuple[object, Measured] | None = st.session_state.get(MEASURED)
    if known is not None and known[0] == key:
        return known[1]
    if known is not None:
        known[1].cancel()
    job: Measured = Job("The measure", lambda progress: compared(model, window.reading, progress))
    st.session_state[MEASURED] = (key, job)
    start([job])
    return job


def _show(model: TextModel, maps: AttentionMaps, chosen: Head, job: Measured, polls: bool) -> None:
    active = job.active
    if polls and not active:
        st.rerun()  # once more, without looking every half second
    if job.result is not None:
        _table(agreement(model, maps, job.result, chosen))
    elif active:
        show_progress(job, "measured")
    else:
        if job.state == "failed":
            st.error(job.error)
        else:
            st.caption("Cancelled.")
        if st.button("Measure again", icon=":material/refresh:", type="tertiary"):
            del st.session_state[MEASURED]
            st.rerun()


def _table(found: Agreement) -> None:
    if found.tokens < 3:
        st.caption(f"The text has {found.tokens} tokens; at least 3 can be ranked.")
        return
    told = [[_signed(value) for value in row] for row in found.values]
    rows = [name if place < len(found.rows) - 1 else f"{name}, to compare"
            for place, name in enumerate(found.rows)]  # fmt: skip
    st.table(pd.DataFrame(told, index=rows, columns=list(found.methods)))
    st.caption(
        f"Spearman's rank correlation of {found.tokens} tokens with the size of their attribution "
        f"to the most probable class; 1: the same order, 0: none. Up to ±{found.chance:.2f} is "
        f"what chance gives. {_verdict(found)}"
    )


def _verdict(found: Agreement) -> str:
    """One sentence about all rows but the last, which is no attention."""
    above = np.argwhere(found.values[:-1] > found.chance)
    if not len(above):
        return "On this text no attention agrees with either beyond chance."
    said = "; ".join(f"{found.rows[row].lower()} with {found.methods[m]}" for row, m in above)
    return f"Beyond chance agree: {said}. The others do not."


def _signed(value: float) -> str:
    if np.isnan(value):
        return "–"
    return f"{value:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0.00"
