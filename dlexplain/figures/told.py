"""A figure in one sentence, for whoever cannot see it: what it draws, between which values.

Made from the figure's own numbers by rules, so that no chart is without a name; what the numbers
mean is told by the page, which puts its answer before this.
"""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dlexplain.language import SOURCE, language, tr
from dlexplain.language.catalogue import WIDE

MOST = 4
"""Lines or groups that are told by name."""
KINDS = {
    "bar": "bars",
    "histogram": "bars",
    "heatmap": "heat map",
    "contour": "heat map",
    "image": "picture",
    "parcoords": "lines across several axes",
}


def figure_told(figure: go.Figure) -> str:
    """Such as "Bars: probability; highest espresso, 0.94; lowest cup, 0.01."."""
    groups: dict[str, list[Any]] = {}
    for trace in figure.data:
        groups.setdefault(_kind(trace), []).append(trace)
    parts = [_told(kind, traces, figure) for kind, traces in groups.items()]
    if not parts:
        return tr("An empty chart.")
    told = _sign("; ").join(part for part in parts if part)
    title, stop = _plain(figure.layout.title.text), _sign(".")
    return f"{title}{_sign(': ')}{told}{stop}" if title else f"{told[:1].upper()}{told[1:]}{stop}"


def _sign(latin: str) -> str:
    """Between two parts that are in the reader's language."""
    return latin if language() == SOURCE else WIDE[latin.strip()]


def _kind(trace: Any) -> str:
    if trace.type in ("scatter", "scattergl"):
        mode = str(trace.mode or "lines")
        return "lines" if "lines" in mode else "points" if "markers" in mode else "words"
    return KINDS.get(str(trace.type), str(trace.type))


def _told(kind: str, traces: Sequence[Any], figure: go.Figure) -> str:
    if kind in ("heat map", "picture") or kind == KINDS["parcoords"]:
        shades = [_shades(kind, trace) for trace in traces[:MOST]]
        return _sign("; ").join(filter(None, shades)) or tr(kind)
    if kind == "words":
        return ""
    axes = _axes(traces[0], figure)
    traces = [one for one in traces if getattr(one, "fill", None) != "toself"]  # bands of others
    shown = [one for one in (_range(trace, kind, figure) for trace in traces) if one]
    more = tr(f", and {len(shown) - MOST} more") if len(shown) > MOST else ""
    values = _sign("; ").join(shown[:MOST]) + more
    return _head(kind, axes) + (f"{_sign(': ')}{values}" if values else "")


def _head(kind: str, axes: str) -> str:
    if not axes:
        return tr(kind)
    match kind:
        case "bars":
            return tr(f"bars of {axes}")
        case "points":
            return tr(f"points of {axes}")
        case "lines":
            return tr(f"lines of {axes}")
    return tr(f"{kind} of {axes}")


def _shades(kind: str, trace: Any) -> str:
    z = getattr(trace, "z", None)
    values = _numbers(z)
    if trace.type == "image" or not len(values):
        return ""
    shape = np.asarray(z).shape
    low, high = _number(values.min()), _number(values.max())
    if kind == "heat map" and len(shape) == 2:
        return tr(f"heat map of {shape[0]} × {shape[1]}, values from {low} to {high}")
    return f"{tr(kind)}{tr(f', values from {low} to {high}')}"


def _axes(trace: Any, figure: go.Figure) -> str:
    """ "accuracy against epoch", as far as the axes have names."""
    x = _plain(getattr(figure.layout, _axis("x", trace)).title.text)
    y = _plain(getattr(figure.layout, _axis("y", trace)).title.text)
    if _lies(trace, figure):
        x, y = y, x
    return tr(f"{y} against {x}") if x and y else y or x


def _axis(letter: str, trace: Any) -> str:
    named = str(getattr(trace, f"{letter}axis", None) or letter)
    return f"{letter}axis{named[1:]}"


def _lies(trace: Any, figure: go.Figure) -> bool:
    """Whether values go to the right: of lying bars, and of points where only that axis is told."""
    if trace.type == "bar":
        return bool(trace.orientation == "h")
    titles = (getattr(figure.layout, _axis(one, trace)).title.text for one in "xy")
    x, y = map(_plain, titles)
    return _kind(trace) == "points" and bool(x) and not y


def _range(trace: Any, kind: str, figure: go.Figure) -> str:
    """The name of a line with its two ends, or the highest and the lowest of some bars."""
    across, up = ("y", "x") if _lies(trace, figure) else ("x", "y")
    raw = getattr(trace, up, None)
    values = _numbers(raw)
    if not len(values):
        return ""
    name = _plain(trace.name)
    head = f"{name} " if name else ""
    if len(values) == 1:
        return f"{head}{_number(values[0])}"
    if kind == "lines":
        return tr(f"{head}from {_number(values[0])} to {_number(values[-1])}")
    names = _names(
        getattr(trace, across, None), trace, getattr(figure.layout, _axis(across, trace))
    )
    ticks = getattr(figure.layout, _axis(across, trace)).ticktext is not None
    if (kind == "bars" or (kind == "points" and ticks)) and len(names) == len(
        np.atleast_1d(np.asarray(raw))
    ):
        numbers = _as_floats(raw)
        high, low = int(np.nanargmax(numbers)), int(np.nanargmin(numbers))
        return tr(
            f"{head}highest {names[high]}, {_number(numbers[high])}; "
            f"lowest {names[low]}, {_number(numbers[low])}"
        )
    count = f"{len(values):,d} " if kind == "points" else ""
    return tr(f"{head}{count}from {_number(values.min())} to {_number(values.max())}")


def _names(raw: Any, trace: Any, axis: Any) -> list[str]:
    """What stands at each place of an axis: its ticks' texts where it has some."""
    if raw is None:
        return []
    ticks = dict(zip(map(str, _some(axis.tickvals)), map(str, _some(axis.ticktext)), strict=False))
    names = [_plain(ticks.get(str(one), _called(one))) for one in raw]
    return names if all(names) else []


def _called(place: Any) -> str:
    """A place without a name of its own, such as the middle of a bin."""
    part = isinstance(place, float) and not place.is_integer()
    return _number(place) if part else str(place)


def _some(values: Any) -> Iterable[Any]:
    return () if values is None else values


def _as_floats(values: Any) -> NDArray[np.float64]:
    try:
        return np.asarray(values, np.float64).ravel()
    except (TypeError, ValueError):  # dates, categories
        return np.zeros(0)


def _numbers(values: Any) -> NDArray[np.float64]:
    """Those that are finite; none where they are no numbers."""
    found = _as_floats(() if values is None else values)
    return found[np.isfinite(found)]


def _number(value: float) -> str:
    if value and (abs(value) >= 1e6 or abs(value) < 1e-3):
        return f"{value:.2g}".replace("-", "−")
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    told = f"{value:,.{min(digits, 5)}f}"
    told = told.rstrip("0").rstrip(".") if "." in told else told
    return told.replace("-", "−")


def _plain(text: Any) -> str:
    """Without plotly's tags and line breaks."""
    return " ".join(re.sub(r"<[^>]*>", " ", str(text or "")).split())
