"""Examples with the maps of both models, and of the control, on one scale."""

from collections.abc import Sequence

import streamlit as st

from dlexplain.figures.model_comparison import (
    compared_series,
    compared_texts,
    compared_tiles,
)
from dlexplain.language import tr
from dlexplain.results import ModelComparison
from dlexplain.results.model_comparison import CHANGES, ComparedExample, ShownExample
from dlexplain.ui.charts import chart
from dlexplain.ui.markdown import literal

SCALE = (
    "All maps of a row are on one scale: each value over the mean size of its own map, since the "
    "scores of two models have no common unit."
)
COLOURS = "Red speaks for the class, blue against it."


def show_examples(found: ModelComparison, some: Sequence[ComparedExample], key: str) -> None:
    """A row each."""
    kept = {one.place: one for one in found.shown}
    for one in some:
        with st.container(border=True):
            st.markdown(tr(_title(found, one)))
            _maps(found, one, kept[one.place], f"{key}-{one.place}")
    st.caption(f"{SCALE} {COLOURS}" if found.signed else tr(SCALE))


def _title(found: ModelComparison, one: ComparedExample) -> str:
    drift = "–" if one.drift is None else f"{one.drift:.2f}"
    told = f"drift **{drift}**"
    if one.control_drift is not None:
        told += f", the control's {one.control_drift:.2f}"
    name = "" if found.modality == "text" else f"{literal(one.name)}: "
    why = f"why *{literal(one.target)}*" + (", which is right" if one.label else "")
    change = CHANGES.get(one.change, "")
    return f"{name}{why}; {told}" + (f". {change}" if change else "")


def _maps(found: ModelComparison, one: ComparedExample, shown: ShownExample, key: str) -> None:
    titles = [_says(found, one, place) for place in range(len(shown.maps))]
    if found.modality == "picture":
        plain = [tr(_says(found, one, place, mark="")) for place in range(len(shown.maps))]
        st.html(compared_tiles(found, shown, plain))
    elif found.modality == "text":
        for title, html in zip(titles, compared_texts(found, shown), strict=True):
            st.caption(tr(title))
            st.html(html)
    else:
        columns = st.columns(len(titles))
        figures = compared_series(found, shown)
        for place, (column, title) in enumerate(zip(columns, titles, strict=True)):
            column.caption(tr(title))
            chart(figures[place], f"{key}-{place}", column)


def _says(found: ModelComparison, one: ComparedExample, place: int, mark: str = "*") -> str:
    """ "cifar10-resnet says *cat*", or plain text without a mark"""
    random = f"{found.model}, drawn anew"
    name = (found.model, found.other, found.control or random)[place]
    said = one.said[place] if place < len(one.said) else ""
    if not mark:
        return f"{name} says {said}" if said else name
    return literal(name) + (f" says {mark}{literal(said)}{mark}" if said else "")
