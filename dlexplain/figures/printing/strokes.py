"""Lines and dots: what plotly's words for them are in matplotlib's."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BadInput
from dlexplain.figures.printing.given import Trace, listed

DASHES: dict[str, Any] = {
    "solid": "-", "dot": (0, (1.5, 1.5)), "dash": (0, (5, 3)), "longdash": (0, (9, 4)),
    "dashdot": (0, (5, 2, 1.5, 2)), "longdashdot": (0, (9, 3, 1.5, 3)),
}  # fmt: skip
SYMBOLS = {
    "circle": "o", "square": "s", "diamond": "D", "cross": "P", "x": "X", "triangle-up": "^",
    "triangle-down": "v", "triangle-left": "<", "triangle-right": ">", "star": "*",
    "pentagon": "p", "hexagon": "h", "line-ns": "|", "line-ew": "_", "x-thin": "x",
    "cross-thin": "+",
}  # fmt: skip
FEW = 20
"""Points up to which plotly marks each, where nothing is said."""


def stroke_of(trace: Trace) -> str:
    """ "lines", "lines+markers", "markers+text" ..."""
    mode = trace.get("mode")
    if mode is None:
        return "lines+markers" if len(listed(trace.get("y"))) < FEW else "lines"
    return str(mode)


def dash_of(line: dict[str, Any] | None) -> Any:
    return _known(DASHES, (line or {}).get("dash") or "solid", "dash of a line")


def symbol_of(name: Any) -> tuple[str, bool]:
    """matplotlib's marker, and whether it is open."""
    text = str(name or "circle")
    return str(_known(SYMBOLS, text.removesuffix("-open"), "symbol")), text.endswith("-open")


def _known(names: dict[str, Any], name: str, what: str) -> Any:
    if name not in names:
        raise BadInput(f'the {what} "{name}" is not drawn in print; known: {", ".join(names)}')
    return names[name]


def drawn_points(trace: Trace) -> tuple[list[Any], list[Any]]:
    """x and y; where one is left out, its places from 0."""
    x, y = listed(trace.get("x")), listed(trace.get("y"))
    return x or list(range(len(y))), y or list(range(len(x)))


def stepped(
    x: NDArray[np.float64], y: NDArray[np.float64], shape: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The corners of a line of steps: "hv" across, then up; "vh" likewise; "hvh" half way."""
    if shape in ("linear", "spline") or len(x) < 2:
        return x, y
    if shape == "hv":
        return np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]
    if shape == "vh":
        return np.repeat(x, 2)[:-1], np.repeat(y, 2)[1:]
    if shape == "hvh":
        middle = np.repeat((x[:-1] + x[1:]) / 2, 2)
        return np.concatenate([x[:1], middle, x[-1:]]), np.repeat(y, 2)
    raise BadInput(f'the shape "{shape}" of a line is not drawn in print; known: hv, vh, hvh')


def pieces(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """A line's parts between the points that are missing."""
    gaps = np.flatnonzero(~(np.isfinite(x) & np.isfinite(y)))
    parts = zip(np.split(x, gaps), np.split(y, gaps), strict=True)
    found = []
    for xs, ys in parts:
        keep = np.isfinite(xs) & np.isfinite(ys)
        if keep.any():
            found.append((xs[keep], ys[keep]))
    return found
