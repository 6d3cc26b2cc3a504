"""A matrix of attention with a token in focus: as a map, as links, and as coloured text."""

import html

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dlexplain.figures.attention import plot_links, plot_matrix, plot_row, unique_names
from dlexplain.language import shown_by, tr
from dlexplain.results import TokenWeights
from dlexplain.results.words import made_visible
from dlexplain.ui.address import from_address, whole_number
from dlexplain.ui.attention.choice import FOCUS, MOST
from dlexplain.ui.charts import chart
from dlexplain.ui.markdown import literal

PILLS = 40
"""Tokens up to which each has a button."""


def show_weights(found: TokenWeights, places: list[int], key: str, arrived: bool) -> None:
    """Map and links, and where the token in focus looks.

    places  of the tokens shown, among all that the model reads;  key  unique on the page
    """
    if found.pooled:
        st.caption(tr("One learnt query reads the whole text."))
        show_row(
            "How much of each token is in what decides on the class", found.tokens, found.weights[0]
        )
        chart(plot_row(found.tokens, found.weights[0]), f"row-{key}")
        return
    focus = _choose_focus(found.queries, places, arrived)
    if focus is not None:
        name = f"“{_visible(found.queries[focus])}”"
        show_row(f"Where {name} looks", found.tokens, found.weights[focus], focus)
        show_row(f"Who looks at {name}", found.queries, found.weights[:, focus], focus)
    matrix, links = st.columns(2, gap="large")
    chart(plot_matrix(found, focus), f"matrix-{key}", matrix)
    chart(plot_links(found, focus), f"links-{key}", links)


def _choose_focus(tokens: tuple[str, ...], places: list[int], arrived: bool) -> int | None:
    """A token's number among those shown; None for all of them.

    The session and the address keep its place, so that it stays when marks are hidden.
    """
    from_address(FOCUS, lambda text: whole_number(FOCUS, 1, MOST)(text) - 1, arrived)
    if st.session_state.get(FOCUS) not in (None, *places):
        st.session_state[FOCUS] = None
    names = dict(zip(places, unique_names(tokens), strict=True))
    if len(tokens) <= PILLS:
        place = st.pills(
            tr("Token in focus"),
            places,
            format_func=lambda place: literal(names[place]),
            key=FOCUS,
            persist_state="session",
            help=tr("Only its links are drawn; click again to let it go."),
        )
    else:
        place = st.selectbox(
            tr("Token in focus"),
            places,
            format_func=shown_by(names.__getitem__),
            key=FOCUS,
            index=None,
            persist_state="session",
            placeholder=tr("None: the strongest links of all are drawn"),
        )
    return None if place is None else places.index(place)


def show_row(
    title: str, tokens: tuple[str, ...], weights: NDArray[np.float32], focus: int | None = None
) -> None:
    """The text, each token the darker the more weight it has."""
    top = float(weights.max()) or 1.0
    spans = [
        _span(token, float(weight), float(weight) / top, index == focus)
        for index, (token, weight) in enumerate(zip(tokens, weights, strict=True))
    ]
    heading = f"<div style='font-size:0.875rem;opacity:0.7'>{html.escape(title)}</div>"
    st.html(
        heading + "<div style='line-height:2;overflow-wrap:anywhere'>" + " ".join(spans) + "</div>"
    )


def _visible(token: str) -> str:
    return made_visible(token.strip(" ")).replace("\n", "↵").replace("\t", "␉") or "␣"


def _span(token: str, weight: float, share: float, focused: bool) -> str:
    name = html.escape(_visible(token))
    style = f"background:rgba(213,94,0,{0.75 * share:.3f});border-radius:3px;padding:2px 4px"
    style += ";outline:2px solid #0072B2" if focused else ""
    return f'<bdi><span title="{name}: {weight:.1%}" style="{style}">{name}</span></bdi>'
