"""Every figure of ours as a file for print: SVG, PDF, or PNG of 300 dpi, on a transparent ground.

plotly itself writes such files through a browser (kaleido), which a server or a notebook may not
have. Here matplotlib draws the same traces, axes and words: docs/decisions/0041.
"""

import io
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Literal, get_args

import plotly.graph_objects as go

from dlexplain.errors import BadInput

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Kind = Literal["svg", "pdf", "png"]
DPI = 300
WIDTH_MM = 180.0
"""Of both columns of a journal's page."""
NARROWEST_MM, WIDEST_MM = 30.0, 1000.0
_turn = threading.Lock()
"""matplotlib's settings are those of the whole process."""


class PrintWarning(UserWarning):
    """Something of a figure cannot be printed as it is on this machine."""


def printed(
    figure: go.Figure | Mapping[str, Any],
    kind: Kind,
    width_mm: float = WIDTH_MM,
    title: str = "",
) -> bytes:
    """The figure's file, `width_mm` wide and as high as the figure says.

    figure  plotly's, or its JSON as a dict; a pixel of it is 1/96 inch in print
    kind    "svg": letters as outlines, so that it looks alike everywhere, the texts in its
            description; "pdf": letters of embedded fonts, which can be searched; "png": 300 dpi
    title   of the document, in its metadata

    Warns (PrintWarning) of letters that no font of this machine has; in SVG the reader's fonts
    draw them. Raises BadInput where a trace is of a kind that is not drawn here.
    """
    if kind not in get_args(Kind):
        raise BadInput(f'a figure is printed as svg, pdf or png, not as "{kind}"')
    if not NARROWEST_MM <= width_mm <= WIDEST_MM:
        raise BadInput(
            f"the width in print is {width_mm:g} mm; it takes {NARROWEST_MM:g} to {WIDEST_MM:g}"
        )
    with printing(kind, title) as finish:
        from dlexplain.figures.printing.sheet import drawn

        buffer = io.BytesIO()
        finish(drawn(figure, width_mm), buffer)
    return buffer.getvalue()


@contextmanager
def printing(kind: Kind, title: str) -> Iterator[Callable[["Figure", IO[bytes]], None]]:
    """While a sheet is drawn with matplotlib; gives what writes it, with our fonts and settings.

    Warns (PrintWarning) of letters that no font of this machine has.
    """
    from dlexplain.figures.printing.saving import saved
    from dlexplain.figures.printing.texts import letters, settings, without_font

    missing = ""

    def finish(sheet: "Figure", into: IO[bytes]) -> None:
        nonlocal missing
        missing = without_font(letters(sheet))
        saved(sheet, into, kind, title, as_text=bool(missing))

    with _turn, warnings.catch_warnings(), settings(kind):
        # It is told below, once, and by name.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        yield finish
    if missing:
        warnings.warn(f"no font on this machine has {missing}", PrintWarning, stacklevel=4)


def unprintable(figure: go.Figure | Mapping[str, Any]) -> str:
    """The letters in it that no font of this machine has, which PDF and PNG show as boxes."""
    from dlexplain.figures.printing.sheet import drawn
    from dlexplain.figures.printing.texts import letters, settings, without_font

    with _turn, warnings.catch_warnings(), settings("png"):
        warnings.filterwarnings("ignore", "Glyph .* missing")
        return without_font(letters(drawn(figure, WIDTH_MM)))
