"""Axes of shares, with a label at both ends: plotly leaves the last one out where it is at the edge
of the axis, or falls between two of its own."""

import math
from collections.abc import Iterable
from typing import Any

STEPS = (0.01, 0.02, 0.05, 0.1, 0.25)
"""Between two labels."""
MOST_LABELS = 6
WHOLE = (0.0, 0.25, 0.5, 0.75, 1.0)
EDGE = 0.03
"""Of the axis, left free at its ends, so that points and labels there are whole."""


def share_axis(title: str = "", values: Iterable[float | None] = ()) -> dict[str, Any]:
    """The axis from 0% to 100%, or around the values, the ends of their intervals among them.

    values  parts of one; None and NaN do not count
    """
    ticks = _around([v for v in values if v is not None and math.isfinite(v)])
    low, high = ticks[0], ticks[-1]
    edge = EDGE * (high - low)
    return {
        **({"title": {"text": title}} if title else {}),
        "tickvals": ticks,
        "ticktext": [f"{tick:.0%}" for tick in ticks],
        "tickformat": ".0%",
        "range": [low - (edge if low > 0 else 0.0), high + edge],
        "fixedrange": True,
        "automargin": True,
        "zeroline": False,
    }


def _around(values: list[float]) -> list[float]:
    """Round shares from below the least to above the largest."""
    if not values:
        return list(WHOLE)
    least, most = max(0.0, min(values)), min(1.0, max(values))
    for step in STEPS:
        first, last = math.floor(least / step + 1e-9), math.ceil(most / step - 1e-9)
        last = max(last, first + 1)
        if last - first < MOST_LABELS:
            first -= first * step >= 1  # all are 100%
            return [
                round(place * step, 4) for place in range(first, min(last, round(1 / step)) + 1)
            ]
    return list(WHOLE)
