"""Where an axis has ticks, and what is written at them."""

import math
from datetime import datetime
from typing import Any

from matplotlib.ticker import MaxNLocator

from dlexplain.figures.printing.axis import Axis, when
from dlexplain.figures.printing.given import listed
from dlexplain.figures.printing.numbers import date_pattern, dated, formatted, in_full
from dlexplain.figures.printing.texts import plain

ROOM = {"x": 75.0, "y": 42.0}
"""Pixels for a tick, along each kind of axis."""
LINE = 13.0
"""Pixels of a line of text."""
MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200)
DAYS = (1, 2, 7, 14)
HOURS = (1, 3, 6, 12)


def ticks_of(axis: Axis, pixels: float, turned: bool = False) -> list[tuple[float, str]]:
    """Places and texts, for an axis of so many pixels; turned  whether texts stand upright"""
    given = axis.given
    if given.get("showticklabels") is False and axis.kind == "category":
        return []
    if given.get("tickvals") is not None:
        found = _said(axis)
    elif axis.kind == "category":
        found = _categories(axis, pixels, turned)
    elif axis.kind == "date":
        found = _dates(axis, pixels)
    elif axis.kind == "log":
        found = _powers(axis)
    else:
        found = _numbers(axis, pixels)
    low, high = sorted((axis.low, axis.high))
    slack = 1e-6 * (high - low)
    return [(at, text) for at, text in found if low - slack <= at <= high + slack]


def _said(axis: Axis) -> list[tuple[float, str]]:
    places = axis.place(axis.given["tickvals"]).tolist()
    words = listed(axis.given.get("ticktext"))
    if words:
        return [(at, plain(word)) for at, word in zip(places, words, strict=False)]
    if axis.kind == "category":
        return [(at, plain(word)) for at, word in
                zip(places, listed(axis.given["tickvals"]), strict=False)]  # fmt: skip
    return [(at, number(axis, at, 0.0)) for at in places]


def _categories(axis: Axis, pixels: float, turned: bool) -> list[tuple[float, str]]:
    """All where there is room; else each second, third ..."""
    count = len(axis.categories)
    each = LINE if axis.letter == "y" or turned else 2 * LINE
    most = int(axis.given.get("nticks") or max(1, pixels // each))
    step = max(1, -(-count // most)) if count > most else 1
    return [(float(at), plain(axis.categories[at])) for at in range(0, count, step)]


def _numbers(axis: Axis, pixels: float) -> list[tuple[float, str]]:
    low, high = sorted((axis.low, axis.high))
    if axis.given.get("dtick"):
        step = float(axis.given["dtick"])
        start = float(axis.given.get("tick0") or 0)
        first = math.ceil((low - start) / step - 1e-9)
        last = math.floor((high - start) / step + 1e-9)
        places = [start + step * at for at in range(first, last + 1)]
    else:
        most = int(axis.given.get("nticks") or max(3, min(12, pixels // ROOM[axis.letter])))
        places = nice_ticks(low, high, most, str(axis.given.get("tickformat") or "")[-1:] == "d")
        step = places[1] - places[0] if len(places) > 1 else 0.0
    return [(at, number(axis, at, step)) for at in places]


def nice_ticks(low: float, high: float, most: int, whole: bool = False) -> list[float]:
    """Round numbers from low to high, at most so many; whole  whether only whole ones"""
    locator = MaxNLocator(nbins=max(1, most), steps=[1, 2, 5, 10], integer=whole)
    found = locator.tick_values(low, high)
    slack = 1e-9 * (high - low)
    return [float(at) for at in found if low - slack <= at <= high + slack]


def number(axis: Axis, value: float, step: float) -> str:
    """As the axis wants it, with what stands before and after."""
    given = axis.given
    pattern = str(given.get("tickformat") or "")
    text = formatted(value, pattern) if pattern else in_full(value, step)
    return f"{given.get('tickprefix') or ''}{text}{given.get('ticksuffix') or ''}"


def _powers(axis: Axis) -> list[tuple[float, str]]:
    low, high = sorted((axis.low, axis.high))
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    spread = math.log10(high / low)
    heads = (1,) if spread > 2.5 else (1, 2, 5) if spread > 0.7 else tuple(range(1, 10))
    every = max(1, math.ceil((last - first) / 8)) if spread > 8 else 1
    places = [head * 10.0**power for power in range(first, last + 1, every) for head in heads]
    inside = [at for at in places if low <= at <= high]
    if len(inside) < 2:
        inside = nice_ticks(low, high, 5)
    return [(at, number(axis, at, 0.0)) for at in inside if at > 0]


def _dates(axis: Axis, pixels: float) -> list[tuple[float, str]]:
    low, high = sorted((axis.low, axis.high))
    most = max(2, pixels / ROOM["x"])
    days = high - low
    months = next((step for step in MONTHS if days / 30.44 / step <= most), MONTHS[-1])
    if days / 30.44 >= most / 2:
        return _written(axis, _months(low, high, months), float(months))
    step = next((s for s in (*(h / 24 for h in HOURS), *DAYS) if days / s <= most), 14.0)
    first = math.ceil(low / step - 1e-9)
    places = [step * at for at in range(first, math.floor(high / step + 1e-9) + 1)]
    return _written(axis, places, step / 30)


def _months(low: float, high: float, step: int) -> list[float]:
    """The first of each month, or of each so many years."""
    start = when(low)
    count = (start.year * 12 + start.month - 1) // step * step
    axis = Axis("x", {}, "date")
    found: list[float] = []
    while True:
        place = axis.at(datetime(count // 12, count % 12 + 1, 1))
        if place > high:
            return found
        if place >= low:
            found.append(place)
        count += step


def _written(axis: Axis, places: list[float], months: float) -> list[tuple[float, str]]:
    pattern = date_pattern(axis.given, months)
    words = [(at, dated(when(at), pattern)) for at in places]
    # A quarter is not named at each of its months.
    return [one for at, one in enumerate(words) if not at or one[1] != words[at - 1][1]]


def as_marks(given: dict[str, Any], low: float, high: float, pixels: float) -> list[
    tuple[float, str]
]:  # fmt: skip
    """Of a bar of colours, which is an axis of its own."""
    axis = Axis("x" if given.get("orientation") == "h" else "y", given, "linear", [], low, high)
    return ticks_of(axis, pixels)
