"""What a map costs against how faithful it is, of a table of trust."""

import math

import plotly.graph_objects as go

from dlexplain.figures.scales import INK, new_figure, rgba
from dlexplain.figures.tested import BASE
from dlexplain.figures.trust import colour_of, titled
from dlexplain.language import tr
from dlexplain.results import TrustTable

PLOT, LETTER, LINE = (380, 320), 6.5, 15
"""Pixels, about: of the plot, of a letter of its names, and of a line of them."""
PLACES = ("top right", "top left", "bottom right", "bottom left")
"""Where a point may have its name, the usual one first."""
Box = tuple[float, float, float, float]


def plot_cost(table: TrustTable) -> go.Figure:
    """Seconds of a map across, on a log axis, mean rank up, the best above. Bars: between which the
    middle half of the maps lies, and the rank's 95% interval."""
    shown = [m for m in table.ranked if m.rank is not None and m.seconds > 0]
    x, y = [m.seconds for m in shown], [m.rank or 0.0 for m in shown]
    names, faint = [titled(table, m) for m in shown], rgba(INK, 0.6)
    places, ticks = _free_places(names, x, y), _ticks(x)
    return new_figure(
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": x,
            "y": y,
            "text": [name if place else "" for name, place in zip(names, places, strict=True)],
            "textposition": [place or "top right" for place in places],
            "textfont": {"size": 11},
            "cliponaxis": False,
            "marker": {"size": 10, "color": [colour_of(table, m) for m in shown]},
            "error_x": {
                "type": "data",
                "symmetric": False,
                "array": [m.seconds_high - m.seconds for m in shown],
                "arrayminus": [m.seconds - m.seconds_low for m in shown],
                "color": faint,
                "thickness": 1,
            },
            "error_y": {
                "type": "data",
                "symmetric": False,
                "array": [(m.rank_high or 0) - (m.rank or 0) for m in shown],
                "arrayminus": [(m.rank or 0) - (m.rank_low or 0) for m in shown],
                "color": faint,
                "thickness": 1,
            },
            "customdata": [[n, f"{m.evaluations:,.0f}"] for n, m in zip(names, shown, strict=True)],
            "hovertemplate": tr(
                "%{customdata[0]}: mean rank %{y:.2f}, %{x:.3g} s and "
                "%{customdata[1]} evaluations a map"
            )
            + "<extra></extra>",
        },
        {
            **BASE,
            "height": 420,
            "xaxis": {
                "type": "log",
                "title": {"text": tr("time of a map")},
                "tickvals": ticks,
                "ticktext": [f"{t:g} s" if t >= 1 else f"{1000 * t:g} ms" for t in ticks],
                "fixedrange": True,
                "automargin": True,
            },
            "yaxis": {
                "title": {"text": tr("mean rank, 1 is best")},
                "autorange": "reversed",
                "zeroline": False,
                "fixedrange": True,
                "automargin": True,
            },
        },
    )


def _ticks(seconds: list[float]) -> list[float]:
    """1 and 3 of each power of ten that the times reach."""
    if not seconds:
        return []
    first, last = (math.floor(math.log10(end)) for end in (min(seconds), max(seconds)))
    return [round(m * 10.0**k, 9) for k in range(first, last + 2) for m in (1, 3)]


def _free_places(names: list[str], x: list[float], y: list[float]) -> list[str]:
    """Where each point has its name, so that none is written over another; "" where there is no
    room, and the pointer tells. The first named are the best."""
    across, down = _pixels([math.log(one) for one in x], PLOT[0]), _pixels(y, PLOT[1])
    taken: list[Box] = [
        (left - 5, top - 5, left + 5, top + 5) for left, top in zip(across, down, strict=True)
    ]
    found = []
    for name, left, top in zip(names, across, down, strict=True):
        boxes = {place: _box(place, left, top, LETTER * len(name)) for place in PLACES}
        # Towards the middle first: a phone's plot is narrower than the one that is reckoned with.
        order = sorted(PLACES, key=lambda p: ("left" in p) != (left > PLOT[0] / 2))
        inside = (p for p in order if boxes[p][0] > -40 and boxes[p][2] < PLOT[0] + 20)
        place = next((p for p in inside if not any(_meet(boxes[p], t) for t in taken)), "")
        found.append(place)
        taken += [boxes[place]] if place else []
    return found


def _pixels(values: list[float], size: int) -> list[float]:
    low, spread = min(values, default=0.0), (max(values, default=0.0) - min(values, default=0.0))
    return [size * (0.1 + 0.8 * ((v - low) / spread if spread else 0.5)) for v in values]


def _box(place: str, x: float, y: float, width: float) -> Box:
    """Left, top, right, bottom of a name beside its point."""
    left = x + 6 if "right" in place else x - 6 - width
    top = y - 6 - LINE if "top" in place else y + 6
    return left, top, left + width, top + LINE


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
