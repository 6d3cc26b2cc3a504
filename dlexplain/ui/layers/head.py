"""One attention head in numbers: where a token looks, and what it fetches from there."""

import numpy as np
import streamlit as st

from dlexplain.language import in_words, tr
from dlexplain.results import HeadStep
from dlexplain.ui.cards import download
from dlexplain.ui.layers.choice import Kept, choose_number
from dlexplain.ui.layers.numbers import number
from dlexplain.ui.layers.words import choose_token, choose_words
from dlexplain.ui.models import choose_model
from dlexplain.ui.writing.choice import shared

READER, TEXT, TOKEN, LEVEL, HEAD, PART = (
    "layers-head-model",
    "layers-head-text",
    "layers-head-token",
    "layers-head-layer",
    "layers-head-head",
    "layers-head-part",
)
FORMULA = r"a=\mathrm{softmax}\!\left(\frac{q\cdot k}{\sqrt{d}}\right),\quad y=\sum_t a_t\,v_t"


def show_head(opened: bool) -> Kept:
    """The view; returns what of it is to be in the address."""
    entry = choose_model(
        ["classify-text", "language-model"], READER, opened, parameter="reader", shows="heads"
    )
    if entry is None:
        return {}
    name = entry.name
    text = choose_words(TEXT, entry.data, opened)
    from dlexplain.ui.layers import cache

    layers, heads = cache.heads(name)
    first = cache.head(name, text, 0, 0, 0)
    last = len(first.tokens) - 1
    place = choose_token(first.tokens, TOKEN, f"{name}/{text}", opened, lambda: min(3, last))
    left, right = st.columns(2)
    with left:
        layer = choose_number(
            "Layer", "layer", LEVEL, layers, name, opened, lambda: 0, "From the words up."
        )
    with right:
        head = choose_number("Head", "head", HEAD, heads, name, opened, lambda: 0, "Of the layer.")
    found = cache.head(name, text, layer, head, place)
    part = _show(found, opened)
    download("JSON", found.to_dict, f"{name}-head.json", "layers-head-json")
    kept = {"reader": name, "text": shared(text), "token": str(place)}
    return {**kept, "layer": str(layer), "head": str(head), "part": str(part)}


def _show(found: HeadStep, opened: bool) -> int:
    st.markdown(tr(f"${FORMULA}$ with d = {len(found.query)}"))
    part = choose_number(
        "Number of the value",
        "part",
        PART,
        len(found.query),
        found.model,
        opened,
        lambda: int(np.abs(found.seen).argmax()),
        "At first the largest of what is fetched.",
    )
    adds = found.weights * found.values[:, part]
    biased = bool(np.any(found.bias != 0))
    rows = [
        {
            "Token": token,
            "q · k": float(found.products[index]),
            "q · k / √d": float(found.products[index] / len(found.query) ** 0.5),
            **({"distance": float(found.bias[index])} if biased else {}),
            "Weight a": float(found.weights[index]),
            f"v[{part}]": float(found.values[index, part]),
            "a × v": float(adds[index]),
        }
        for index, token in enumerate(found.tokens)
        if np.isfinite(found.bias[index])
    ]
    plain = st.column_config.NumberColumn(format="%.4f")
    columns = {key: plain for key in rows[0] if key not in ("Token", "Weight a")}
    columns["Weight a"] = st.column_config.ProgressColumn(
        format="%.3f", min_value=0.0, max_value=1.0
    )
    st.dataframe(
        in_words(rows),
        hide_index=True,
        height="content",
        column_config=in_words(columns),
        key="layers-head-table",
    )
    hidden = len(found.tokens) - len(rows)
    st.markdown(
        tr(
            f"The sum of a × v is **{number(float(found.seen[part]))}**, number {part} of what "
            f"**{_quoted(found.tokens[found.place])}** fetches."
        )
    )
    off = float(np.abs(found.weights - found.model_weights).max())
    told = "Distance is what this model takes off for tokens further back. " if biased else ""
    told += f"{hidden} tokens that are still to come are not looked at. " if hidden else ""
    st.caption(tr(f"{told}The network's own weights differ by {off:.1e} at most."))
    return part


def _quoted(token: str) -> str:
    from dlexplain.figures.token_names import shown
    from dlexplain.ui.markdown import literal

    return literal(shown(token))
