"""Whether attention agrees, on this text, with methods that ask the model's score."""

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from dlexplain.language import in_words, sentences, tr
from dlexplain.results import Agreement, AttentionMaps, TextAttribution
from dlexplain.services.texts.attention import Window, agreement, compared
from dlexplain.services.texts.attention_facts import Head
from dlexplain.services.texts.models import TextModel
from dlexplain.ui.jobs import Asked, asked, result_of, show_live
from dlexplain.ui.markdown import literal
from dlexplain.ui.words import tokens_told

MEASURED = "attention-measured"
READS = {
    "first": "what its last layer holds at the first token",
    "last": "what its last layer holds at the last token",
    "mean": "the mean of what its last layer holds at all tokens",
}
POOLED = "the sum of all tokens, each weighed by its attention"
"""By PreparedText.reads, in words; and where attention itself makes the sum."""


def show_measured(model: TextModel, window: Window, maps: AttentionMaps, chosen: Head) -> None:
    """The sentence, and the table when it is there; maps  with their marks"""
    where = POOLED if maps.pooled else READS[str(model.prepared.reads)]
    st.subheader(tr("Is attention an explanation here?"))
    st.markdown(
        tr(
            "Attention is not by itself an explanation: it says where a head looks, not whether "
            "what "
            "it found there moved the score "
            "([Jain and Wallace 2019](https://arxiv.org/abs/1902.10186)). This model decides on "
            "the "
            f"class from {where}. Below, for this very text: does the attention there rank the "
            "tokens "
            "as methods do that ask the score itself?"
        )
    )
    question = (model.name, model.prepared.fingerprint, window.reading.text, window.number)
    found = asked(
        MEASURED,
        question,
        "The measure",
        lambda progress: compared(model, window.reading, progress),
    )
    show_live(partial(_show, model, maps, chosen), found)


def _show(
    model: TextModel, maps: AttentionMaps, chosen: Head, found: Asked[tuple[TextAttribution, ...]]
) -> None:
    measured = result_of(found)
    if measured is not None:
        _table(agreement(model, maps, measured, chosen), None if maps.pooled else chosen)


def _table(found: Agreement, chosen: Head | None) -> None:
    """chosen  whose row is the first; None where that is of no single head"""
    if found.tokens < 3:
        st.caption(tr(f"The text has {tokens_told(found.tokens)}; at least 3 can be ranked."))
        return
    told = [[_signed(value) for value in row] for row in found.values]
    told[-1][0] = "–"  # the first method with itself
    rows = [
        literal(tr(name if index < len(found.rows) - 1 else f"{name}, to compare"))
        for index, name in enumerate(found.rows)
    ]
    st.table(in_words(pd.DataFrame(told, index=rows, columns=list(found.methods))))
    what = (
        f"Spearman's rank correlation of {found.tokens:d} tokens with the size of their "
        "attribution to the most probable class; 1: the same order, 0: none."
    )
    whose = f"{found.rows[0]} is the head chosen in the view **One head**."
    parts = ["" if chosen is None else whose, what, *_verdict(found)]
    st.caption(sentences(parts))


def _verdict(found: Agreement) -> list[str]:
    """Sentences about all rows but the last, which is no attention."""
    if found.chance >= 1:
        return [f"With {found.tokens:d} tokens it says nothing: chance gives any order."]
    chance = f"Up to ±{found.chance:.2f} is what chance gives."
    above = np.argwhere(found.values[:-1] > found.chance)
    if not len(above):
        return [chance, "On this text no attention agrees with either beyond chance."]
    said = "; ".join(
        f"{found.rows[row].lower()} together with {found.methods[m]}" for row, m in above
    )
    return [chance, f"Beyond chance agree: {said}.", "The others do not."]


def _signed(value: float) -> str:
    if np.isnan(value):
        return "–"
    return f"{value:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0.00"
