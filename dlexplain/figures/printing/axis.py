"""One axis of plotly's: what kind it is, where values stand on it, where it begins and ends."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.figures.printing.given import Trace, listed
from dlexplain.figures.printing.strokes import drawn_points, stroke_of

_DATE = re.compile(r"\d{4}-\d\d?(-\d\d?([ T]\d\d?(:\d\d){0,2}(\.\d+)?Z?)?)?")
EPOCH, DAY = np.datetime64("1970-01-01T00:00:00", "us"), np.timedelta64(1, "D")
PADDED, DOTTED = 0.05, 0.045
"""Of the axis, left free beyond lines, and beyond dots, which have a size."""
GRIDDED = {"heatmap", "contour", "image"}
MARKED = {"bar", "histogram", "heatmap", "image"}


@dataclass
class Axis:
    """kind        "linear", "log", "date" or "category"
    categories  of a category axis, in order
    low, high   its ends, in the units of `place`; low is right or above where it is reversed
    """

    name: str
    given: dict[str, Any]
    kind: str = "linear"
    categories: list[str] = field(default_factory=list)
    low: float = 0.0
    high: float = 1.0

    @property
    def letter(self) -> str:
        return self.name[0]

    def place(self, values: Any) -> NDArray[np.float64]:
        """Where values stand: categories by their place, dates by days, others as they are."""
        if self.kind == "category":
            known = {name: float(at) for at, name in enumerate(self.categories)}
            found = [known.get(_key(one), _number(one)) for one in listed(values)]
            return np.array(found, dtype=float)
        if self.kind == "date":
            return np.array([_day(one) for one in listed(values)], dtype=float)
        return np.array([_number(one) for one in listed(values)], dtype=float)

    def at(self, value: Any, as_power: bool = False) -> float:
        """Where one value stands; as_power  whether a log axis has it as its logarithm"""
        found = float(self.place([value])[0])
        return 10.0**found if as_power and self.kind == "log" else found


def _key(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) and value == int(value) else str(value)


def _number(value: Any) -> float:
    if value is None or value == "":
        return float("nan")
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _day(value: Any) -> float:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return float("nan")
    if isinstance(value, int | float):
        return value / 86_400_000  # milliseconds, as plotly counts
    if isinstance(value, str):
        value = np.datetime64(_padded(value), "us")
    elif isinstance(value, date | datetime):
        value = np.datetime64(value, "us")
    return float((value - EPOCH) / DAY)


def when(place: float) -> datetime:
    """The moment at a place on an axis of dates."""
    found: datetime = (EPOCH + np.timedelta64(round(place * 86_400_000_000), "us")).item()
    return found


def _padded(text: str) -> str:
    """ "2020-1" -> "2020-01", as NumPy wants it"""
    days, _, hours = text.replace("T", " ").rstrip("Z").partition(" ")
    parts = [part.zfill(2) for part in days.split("-")]
    return "-".join(parts) + (f"T{hours.zfill(5)}" if hours else "")


def kind_of(given: dict[str, Any], rows: Sequence[Any]) -> str:
    """As the axis says, else by the values that stand on it."""
    if given.get("type") not in (None, "-"):
        return str(given["type"])
    values = [one for row in rows for one in listed(row)[:50] if one is not None]
    if not values:
        return "linear"
    if all(isinstance(one, np.datetime64 | date | datetime) for one in values):
        return "date"
    if any(isinstance(one, str) for one in values):
        texts = [str(one) for one in values]
        if all(_DATE.fullmatch(one) for one in texts):
            return "date"
        return "linear" if not any(np.isnan(_number(one)) for one in texts) else "category"
    return "linear"


def categories_of(given: dict[str, Any], rows: Sequence[Any]) -> list[str]:
    """In the order that the axis says, then as they come."""
    found = [_key(one) for one in listed(given.get("categoryarray"))]
    for row in rows:
        found += [_key(one) for one in listed(row) if one is not None]
    return list(dict.fromkeys(found))


def reach(axis: Axis, traces: Sequence[Trace], spans: Sequence[tuple[float, float, bool]]) -> None:
    """Set its ends: as given, else around the traces.

    spans  of each trace on this axis: from, to, and whether it is a bar that stands on 0
    """
    given = axis.given
    low, high = _around(axis, traces, spans)
    asked = listed(given.get("range"))
    if asked:
        ends = [_end(axis, one) for one in asked]
        axis.low = low if np.isnan(ends[0]) else ends[0]
        axis.high = high if np.isnan(ends[1]) else ends[1]
        return
    reverse = given.get("autorange") == "reversed"
    if axis.letter == "y" and any(one["type"] == "image" for one in traces):
        reverse = "autorange" not in given or reverse
    axis.low, axis.high = (high, low) if reverse else (low, high)


def _end(axis: Axis, value: Any) -> float:
    return float("nan") if value is None else axis.at(value, as_power=True)


def _around(
    axis: Axis, traces: Sequence[Trace], spans: Sequence[tuple[float, float, bool]]
) -> tuple[float, float]:
    known = [span for span in spans if np.isfinite(span[0]) and np.isfinite(span[1])]
    exact = bool(traces) and all(one["type"] in GRIDDED for one in traces)
    if axis.kind == "category" and (
        any(one["type"] in MARKED for one in traces) or _dotted(traces) or not known
    ):
        return -0.5, max(len(axis.categories), 1) - 0.5
    if not known:
        return (1.0, 10.0) if axis.kind == "log" else (0.0, 1.0)
    low, high = min(span[0] for span in known), max(span[1] for span in known)
    if exact:
        return low, high
    if axis.kind == "log":
        low, high = np.log10(low), np.log10(high)
        pad = PADDED * (high - low) or 0.5
        return float(10 ** (low - pad)), float(10 ** (high + pad))
    zero = any(span[2] for span in known) or axis.given.get("rangemode") == "tozero"
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        return low - 1, high + 1
    share = DOTTED if _dotted(traces) else PADDED if axis.letter == "y" or zero else 0.0
    pad = share * (high - low)
    return low - pad * (not zero or low < 0), high + pad * (not zero or high > 0)


def _dotted(traces: Sequence[Trace]) -> bool:
    """Whether one has dots, which would be cut at the axis' end."""
    return any(one["type"] == "scatter" and "markers" in stroke_of(one) for one in traces)


def span_of(axis: Axis, trace: Trace) -> list[tuple[float, float, bool]]:
    """What a scatter's line and dots cover of an axis, with its intervals."""
    x, y = drawn_points(trace)
    values = axis.place(x if axis.letter == "x" else y)
    error = trace.get(f"error_{axis.letter}") or {}
    up, down = (listed(error.get(one)) for one in ("array", "arrayminus"))
    ends = [values]
    if up:
        rise = np.nan_to_num(np.array(up, dtype=float))
        ends += [values + rise, values - (np.array(down, dtype=float) if down else rise)]
    known = np.concatenate(ends)
    known = known[np.isfinite(known)]
    if axis.kind == "log":
        known = known[known > 0]
    if not known.size:
        return []
    zero = axis.letter == "y" and trace.get("fill") == "tozeroy"
    return [(float(known.min()), float(known.max()), zero)]
