"""The heads of one network beside each other: what each says of a picture, and where it looks."""

from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from dlexplain.figures.heads import plot_head_maps
from dlexplain.figures.overlay import page_image
from dlexplain.language import tr
from dlexplain.results import HeadMaps
from dlexplain.services.jobs import Progress
from dlexplain.services.pictures.heads import head_maps
from dlexplain.services.pictures.sources import Picture
from dlexplain.trained.entry import ModelEntry
from dlexplain.ui.charts import chart
from dlexplain.ui.jobs import Asked, asked, known, result_of, show_live
from dlexplain.ui.markdown import literal
from dlexplain.ui.methods import Ask, Request

SLOT = "head-maps"
COLUMNS = 4


def show_heads(entry: ModelEntry, picture: Picture, request: Request) -> None:
    """By one of the methods that are asked; nothing is computed before the button is pressed."""
    st.subheader(tr("How the heads' maps differ"))
    st.caption(
        tr(
            "One network answers all labels. If two heads look at the same places, they share what "
            "they found there; if not, each has its own reasons."
        )
    )
    by_title = {ask.title: ask for ask in request.asks}
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    state = st.session_state
    state["heads-method"] = (
        state["heads-method"] if state.get("heads-method") in by_title else next(iter(by_title))
    )
    title = left.selectbox(tr("By"), list(by_title), key="heads-method", persist_state="session")
    ask = by_title[title]
    question = (sorted(entry.heads), picture.key, ask)
    found: Asked[HeadMaps] | None = known(SLOT, question)
    if right.button(tr("Explain all heads"), icon=":material/call_split:"):
        found = asked(SLOT, question, ask.title, partial(_work, entry, picture, ask), anew=True)
    if found is not None:
        show_live(_show, found)


def _work(entry: ModelEntry, picture: Picture, ask: Ask, progress: Progress) -> HeadMaps:
    params: dict[str, Any] = dict(ask.params)
    return head_maps(entry.name, picture, ask.method, progress, **params)


def _show(found: Asked[HeadMaps]) -> None:
    answer = result_of(found)
    if answer is None:
        return
    maps = list(answer.maps.items())
    for first in range(0, len(maps), COLUMNS):
        columns = st.columns(COLUMNS)
        for column, (head, one) in zip(columns, maps[first : first + COLUMNS], strict=False):
            image, _ = page_image(one.picture, one.heatmap, one.signed)
            column.markdown(f"**{literal(head)}**  \n:small[{literal(tr(one.class_question))}]")
            column.image(image, width="stretch", alt=f"{head}: {tr(one.class_question)}")
    left, right = st.columns([3, 2], vertical_alignment="center")
    with left:
        chart(plot_head_maps(answer), "head-maps")
    with right:
        st.caption(tr(_told(answer)))


def _told(found: HeadMaps) -> str:
    """The two heads that are the most alike, and those that are the least."""
    names, values = found.heads, found.spearman
    pairs = [(float(values[i, j]), i, j) for i in range(len(names)) for j in range(i)]
    pairs = [pair for pair in pairs if np.isfinite(pair[0])]
    text = (
        "Spearman's rank correlation of each two maps: 1 is the same order of all places, 0 none "
        "in common, −1 the reverse. It is of this picture only."
    )
    if not pairs:
        return text
    told = [
        f"{literal(names[j])} and {literal(names[i])} ({f'{value:.2f}'.replace('-', '−')})"
        for value, i, j in (max(pairs), min(pairs))
    ]
    if len(pairs) == 1:
        return text
    return f"Most alike here: {told[0]}; least: {told[1]}. {text}"
