"""A plotly figure on a page: without a bar of tools, still when the page is scrolled, and told in a
sentence to those who do not see it."""

from typing import Any

import streamlit as st
from plotly.graph_objects import Figure
from streamlit.delta_generator import DeltaGenerator

from dlexplain.figures.told import figure_told
from dlexplain.ui.live import drawn_before

CONFIG = {"displayModeBar": False, "scrollZoom": False}


def chart(
    figure: Figure,
    key: str,
    place: DeltaGenerator | None = None,
    told: str = "",
    **more: Any,
) -> Any:
    """Draw it; what Streamlit gives back, where `more` asks for selections.

    key  unique on the page;  place  a column or container, by default here
    told  the answer that it shows, for people who do not see it; its values follow by themselves
    """
    where: Any = place or st
    # One that only shows may be drawn again in a run, see `drawn_before`; the key of one that is
    # selected in tells what was selected.
    own = key if more else f"{key}-{drawn_before()}"
    return where.plotly_chart(figure, config=CONFIG, key=own, alt=alt(figure, told), **more)


def alt(figure: Figure, told: str = "") -> str:
    """The accessible name of a figure: the answer, then what is drawn."""
    return f"{told} {figure_told(figure)}".strip()
