"""How every page looks, beside what the theme says."""

from pathlib import Path

import streamlit as st

ICON = Path(__file__).parent / "icon.png"
"""A file of our own, since Streamlit's icons come from the internet."""
ACCENT = ("#0B6E75", "#4CC2C9")
"""Of the theme as letters and outlines, on light and on dark pages: at least 4.5:1 on each."""
QUIET = ("#4E5A65", "#AFBAC4")
"""Of captions."""
KEYWORDS, STRINGS, NUMBERS = (
    ("#0B5394", "#7FBCFF"),
    ("#0B6B2C", "#7FD99A"),
    ("#8A3B00", "#F2B27A"),
)
"""Of code."""

ROOMS = range(40, 1001, 20)
"""Pixels that a place can be kept free for what is drawn there later, see `room_for`."""


def _both(colours: tuple[str, str]) -> str:
    """Follows the theme that is chosen, not only the system's: Streamlit says which by CSS."""
    return f"light-dark({colours[0]},{colours[1]})"


def room_for(pixels: int) -> str:
    """A part of a container's key that makes it at least so high, to the nearest of ROOMS, before
    what it holds is there: then nothing below it jumps."""
    return f"room-{min(ROOMS, key=lambda each: abs(each - pixels))}-"


COLOURS = {
    "accent": ACCENT,
    "quiet": QUIET,
    "keywords": KEYWORDS,
    "strings": STRINGS,
    "numbers": NUMBERS,
}
STYLES = (Path(__file__).parent / "look.css").read_text("utf-8")
CSS = (
    "<style>:root {"
    + "".join(f"--dlx-{what}: {_both(pair)};" for what, pair in COLOURS.items())
    + f"}}\n{STYLES}"
    + "".join(f'[class*="{room_for(pixels)}"]{{min-height:{pixels}px}}' for pixels in ROOMS)
    + "</style>"
)
"""Less blank above a title, so that an answer is seen without scrolling; letters that can be read
and a focus that can be seen; words that are explained, see `glossary`."""


def name_page() -> None:
    """Before anything else on a page."""
    st.set_page_config(page_title="dlexplain", page_icon=str(ICON), layout="wide")


def dress() -> None:
    """For where another server than ours shows the page (ui/serving/dressed.py): there it comes
    with what is drawn first, as Markdown, which is there with the first element."""
    st.markdown(CSS, unsafe_allow_html=True)
