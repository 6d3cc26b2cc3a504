"""A plotly figure on a page: without a bar of tools, still when the page is scrolled, and told in a
sentence to those who do not see it; with a small menu in its corner that prints it."""

import re
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st
from plotly.graph_objects import Figure
from streamlit.delta_generator import DeltaGenerator

from dlexplain.figures.static import Kind, printed
from dlexplain.figures.told import figure_told
from dlexplain.language import sentences, tr
from dlexplain.ui.downloads import download
from dlexplain.ui.live import LATER_SECONDS, drawn_before, followed, live
from dlexplain.ui.look import room_for

CONFIG = {"displayModeBar": False, "scrollZoom": False}
PRINTS: tuple[tuple[str, Kind, str], ...] = (
    ("SVG", "svg", "Lines and letters as outlines, on a clear ground: for slides and pages."),
    ("PDF", "pdf", "Lines and letters as such, on a clear ground: for articles."),
    ("PNG, 300 dpi", "png", "Pixels on a clear ground, 180 mm wide."),
)
PRINTABLE = "printable"
ROOM = 450
"""Pixels of a figure that does not say its height, as Plotly has it."""
LETTERS = "Letters that no font of this machine has are boxes; SVG leaves them to your own fonts."


def chart(
    figure: Figure,
    key: str,
    place: DeltaGenerator | None = None,
    told: str = "",
    config: dict[str, Any] = CONFIG,
    **more: Any,
) -> Any:
    """Draw it; what Streamlit gives back, where `more` asks for selections.

    key  unique on the page;  place  a column or container, by default here
    told  the answer that it shows, for people who do not see it; its values follow by themselves
    """
    where: Any = place or st

    def draw(own: str) -> Any:
        found = st.plotly_chart(figure, config=config, key=own, alt=alt(figure, told), **more)
        offer_prints(partial(printed, figure), key, own)
        return found

    # One that only shows may be drawn again in a run, see `drawn_before`; the key of one that is
    # selected in tells what was selected.
    own = key if more else f"{key}-{drawn_before()}"
    with where.container(key=f"{PRINTABLE}-{room_for(figure.layout.height or ROOM)}{own}"):
        if more or not followed() or _plotly_may_come():
            return draw(own)
        live(
            lambda: draw(f"{key}-{drawn_before()}") if _plotly_may_come() else None,
            version=_plotly_may_come,
            active=lambda: not _plotly_may_come(),
        )
    return None


def _plotly_may_come() -> bool:
    """Whether the answer in words and pictures had its time to be painted.

    A browser that has never been here reads Plotly's 5 MB before the first chart and paints
    nothing meanwhile; so a visit's first charts are sent after all else.
    """
    first = st.session_state.setdefault("first-chart", time.monotonic())
    return bool(time.monotonic() - first >= LATER_SECONDS)


def alt(figure: Figure, told: str = "") -> str:
    """The accessible name of a figure: the answer, then what is drawn."""
    return sentences((told, figure_told(figure)))


def offer_prints(make: Callable[[Kind], bytes], name: str, key: str) -> None:
    """The menu, in the corner of a container whose key begins with PRINTABLE.

    make  gives a file when its button is pressed;  name  of the file;  key  unique on the page
    """
    stem = re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-") or "figure"
    label = "Figure as a file"  # for screen readers; `look` shows the icon alone
    with st.popover(tr(label), icon=":material/more_vert:", type="tertiary", help=tr(label)):
        for title, kind, told in PRINTS:
            help = told if kind == "svg" else f"{told} {LETTERS}"
            download(title, partial(make, kind), f"{stem}.{kind}", f"print-{kind}-{key}", help)
