"""A plotly figure on a page: without a bar of tools, and still when the page is scrolled."""

from typing import Any

import streamlit as st
from plotly.graph_objects import Figure
from streamlit.delta_generator import DeltaGenerator

from dlexplain.ui.live import drawn_before

CONFIG = {"displayModeBar": False, "scrollZoom": False}


def chart(figure: Figure, key: str, place: DeltaGenerator | None = None, **more: Any) -> Any:
    """Draw it; what Streamlit gives back, where `more` asks for selections.

    key  unique on the page;  place  a column or container, by default here
    """
    where: Any = place or st
    # One that only shows may be drawn again in a run, see `drawn_before`; the key of one that is
    # selected in tells what was selected.
    own = key if more else f"{key}-{drawn_before()}"
    return where.plotly_chart(figure, config=CONFIG, key=own, **more)
