"""Parallel coordinates: an upright axis for each dimension, a line for each row."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from dlexplain.figures.printing.colours import each
from dlexplain.figures.printing.given import Trace, floats, listed
from dlexplain.figures.printing.numbers import formatted, in_full
from dlexplain.figures.printing.texts import INK, POINT, families, plain
from dlexplain.figures.printing.ticks import nice_ticks

TICKS = 6


def draw_parallel(on: Axes, trace: Trace, cycle: str) -> None:
    """On axes of its own, which go from 0 to 1 upwards and have a place for each dimension."""
    dimensions = [one for one in trace.get("dimensions") or () if one.get("visible", True)]
    shares = []
    for place, one in enumerate(dimensions):
        values = floats(listed(one.get("values")))
        low, high = _ends(one, values)
        shares.append((values - low) / ((high - low) or 1.0) + (0.5 if low == high else 0.0))
        _axis(on, place, one, low, high, trace)
    on.set_axis_off()
    on.set_xlim(0, max(1, len(dimensions) - 1))
    on.set_ylim(0, 1)
    if not shares:
        return
    line = trace.get("line") or {}
    rows = np.stack(shares, axis=1)
    colours = each(line.get("color"), len(rows), cycle, line)
    places = np.arange(len(dimensions))
    whole = np.array([bool(np.isfinite(row).all()) for row in rows])
    lines = LineCollection(
        [np.column_stack([places, row]) for row in rows[whole]],
        colors=[colour for colour, seen in zip(colours, whole, strict=True) if seen],
        linewidths=1.5 * POINT,
        gid=f"trace-{trace['index']}",
        clip_on=False,
    )
    on.add_collection(lines)


def _ends(one: dict[str, Any], values: Any) -> tuple[float, float]:
    asked = listed(one.get("range"))
    if asked:
        return float(asked[0]), float(asked[1])
    known = values[np.isfinite(values)]
    return (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)


def _axis(on: Axes, place: int, one: dict[str, Any], low: float, high: float, trace: Trace) -> None:
    on.plot([place, place], [0, 1], color=INK, linewidth=1 * POINT, clip_on=False, zorder=3)
    label = plain(one.get("label"))
    angle = -float(trace.get("labelangle") or 0)
    on.annotate(
        label, (place, 1), (0, 12 * POINT), textcoords="offset points", rotation=angle,
        rotation_mode="anchor", ha="left" if angle else "center", va="bottom",
        fontfamily=families(label), annotation_clip=False,
    )  # fmt: skip
    if one.get("tickvals") is not None:
        ticks = [float(tick) for tick in listed(one["tickvals"])]
        words = [plain(word) for word in listed(one.get("ticktext"))] or [in_full(t) for t in ticks]
    else:
        ticks = nice_ticks(low, high, TICKS)
        pattern = str(one.get("tickformat") or "")
        words = [formatted(tick, pattern) if pattern else in_full(tick) for tick in ticks]
    for tick, word in zip(ticks, words, strict=False):
        share = (tick - low) / ((high - low) or 1.0) + (0.5 if low == high else 0.0)
        if -1e-9 <= share <= 1 + 1e-9:
            on.annotate(
                word, (place, share), (-4 * POINT, 0), textcoords="offset points", ha="right",
                va="center", fontsize=10 * POINT, fontfamily=families(word),
                annotation_clip=False, bbox={"fc": (1, 1, 1, 0.6), "ec": "none", "pad": 0.5},
                zorder=4,
            )  # fmt: skip
