"""Tables of trust, drawn: critical differences, methods x metrics, cost against faithfulness."""

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dlexplain.figures.scales import BLUE, INK, ORANGE, new_figure, rgba
from dlexplain.figures.tested import BASE
from dlexplain.results import TrustCell, TrustMethod, TrustMetric, TrustTable, plot
from dlexplain.results.trust_words import number

ROW, AROUND = 26, 90
"""Pixels of a method, and of what is around them."""
BAR = 0.28
"""Ranks between two bars of groups."""
CELL_COLOURS = [[0.0, rgba(ORANGE, 0.45)], [0.5, rgba(INK, 0.06)], [1.0, rgba(BLUE, 0.55)]]
"""From the worst of a column to its best, on light and dark pages alike."""


def _title(table: TrustTable, method: TrustMethod) -> str:
    """With a mark where it is not to be believed."""
    return f"{method.title} ✗" if table.fails(method.name) else method.title


def _colour(table: TrustTable, method: TrustMethod) -> str:
    if table.fails(method.name):
        return ORANGE
    return BLUE if method.name == table.recommended else INK


@plot.register
def plot_ranks(table: TrustTable) -> go.Figure:
    """Mean ranks, the best above; a bar joins methods that are not told apart, and the one on top
    is as long as the critical difference (Demsar 2006, turned so that long names have room)."""
    shown = [m for m in table.ranked if m.rank is not None]
    names, count = [_title(table, m) for m in shown], len(shown)
    right = max((m.rank or 0.0 for m in shown), default=1.0)
    shapes = [
        _line(right + BAR * (index + 2), first, right + BAR * (index + 2), last, INK, 5)
        for index, (first, last) in enumerate(table.groups)
    ]
    notes = []
    if table.ranking is not None:
        reach = table.ranking.critical_difference
        shapes += [_line(1, -0.9, 1 + reach, -0.9, INK, 3)]
        notes = [
            {"x": 1, "y": -0.9, "text": f"critical difference {reach:.2f}", "showarrow": False,
             "xanchor": "left", "yanchor": "bottom"}
        ]  # fmt: skip
    last = max(right + BAR * (len(table.groups) + 2), 1 + (reach if notes else 0))
    return new_figure(
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": [m.rank for m in shown],
            "y": list(range(count)),
            "text": [f"{m.rank:.1f}" for m in shown],
            "textposition": "middle right",
            "marker": {"size": 11, "color": [_colour(table, m) for m in shown]},
            "customdata": names,
            "hovertemplate": "%{customdata}: mean rank %{x:.2f}<extra></extra>",
        },
        {
            **BASE,
            "height": ROW * (count + 1) + AROUND,
            "shapes": shapes,
            "annotations": notes,
            "xaxis": {
                "title": {"text": f"mean rank of {len(table.methods)}, 1 is best"},
                "range": [0.7, last + 0.2],
                "zeroline": False,
                "fixedrange": True,
                "automargin": True,
            },
            "yaxis": {
                "tickvals": list(range(count)),
                "ticktext": names,
                "range": [count - 0.4, -2.0],
                "showgrid": False,
                "zeroline": False,
                "fixedrange": True,
                "automargin": True,
            },
        },
    )


def _line(x0: float, y0: float, x1: float, y1: float, colour: str, width: int) -> dict[str, Any]:
    ends = {"x0": x0, "y0": y0, "x1": x1, "y1": y1}
    return {"type": "line", **ends, "line": {"color": colour, "width": width}}


def plot_cells(table: TrustTable) -> go.Figure:
    """Methods down, metrics across, the mean in each cell. A column's colours go from its worst to
    its best method, whichever end is the better one; those of a metric without a better end stay
    plain."""
    shown = table.ranked
    cells = [[table.cell(m.name, metric.name) for metric in table.metrics] for m in shown]
    means = np.array([[_value(cell) for cell in row] for row in cells], dtype=float)
    shades = np.stack(
        [_shades(means[:, i], metric) for i, metric in enumerate(table.metrics)], axis=1
    )
    return new_figure(
        {
            "type": "heatmap",
            "x": [metric.title for metric in table.metrics],
            "y": [_title(table, m) for m in shown],
            "z": shades,
            "zmin": 0,
            "zmax": 1,
            "colorscale": CELL_COLOURS,
            "showscale": False,
            "text": [[number(cell.mean) for cell in row] for row in cells],
            "texttemplate": "%{text}",
            "customdata": [[_told(cell, metric) for cell, metric in zip(row, table.metrics,
                            strict=True)] for row in cells],
            "hovertemplate": "%{y}, %{x}<br>%{customdata}<extra></extra>",
            "hoverongaps": False,
            "xgap": 2,
            "ygap": 2,
        },
        {
            **BASE,
            "height": ROW * len(shown) + 150,
            "xaxis": {
                "type": "category",
                "side": "top",
                "tickangle": -50,
                "fixedrange": True,
                "automargin": True,
            },
            "yaxis": {
                "type": "category",
                "autorange": "reversed",
                "fixedrange": True,
                "automargin": True,
            },
        },
    )  # fmt: skip


def _value(cell: TrustCell) -> float:
    return math.nan if cell.mean is None else cell.mean


def _shades(means: Any, metric: TrustMetric) -> Any:
    """(methods,) -> 0 for the worst of the column, 1 for the best, 0.5 where there is no better."""
    known = means[~np.isnan(means)]
    spread = float(np.ptp(known)) if len(known) else 0.0
    if metric.higher_is_better is None or spread == 0:
        return np.where(np.isnan(means), np.nan, 0.5)
    shares = (means - known.min()) / spread
    return shares if metric.higher_is_better else 1 - shares


def _told(cell: TrustCell, metric: TrustMetric) -> str:
    """With its interval, for the pointer."""
    if cell.mean is None:
        return cell.why
    within = ""
    if cell.low is not None:
        within = f" [{number(cell.low)} to {number(cell.high)}]"
    better = {True: "more is better", False: "less is better", None: "neither end is better"}
    unit = f" {metric.unit}" if metric.unit else ""
    return f"{number(cell.mean)}{unit}{within}, n = {cell.n}, {better[metric.higher_is_better]}"


def plot_cost(table: TrustTable) -> go.Figure:
    """Seconds of a map across, on a log axis, mean rank up, the best above. Bars: between which the
    middle half of the maps lies, and the rank's 95% interval."""
    shown = [m for m in table.ranked if m.rank is not None and m.seconds > 0]
    x, y = [m.seconds for m in shown], [m.rank or 0.0 for m in shown]
    faint = rgba(INK, 0.6)
    return new_figure(
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": x,
            "y": y,
            "text": [_title(table, m) for m in shown],
            "textposition": ["top left" if _is_late(m, shown) else "top right" for m in shown],
            "textfont": {"size": 11},
            "cliponaxis": False,
            "marker": {"size": 10, "color": [_colour(table, m) for m in shown]},
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
            "customdata": [[f"{m.evaluations:,.0f}"] for m in shown],
            "hovertemplate": "%{text}: mean rank %{y:.2f}, %{x:.3g} s and %{customdata[0]} "
            "evaluations a map<extra></extra>",
        },
        {
            **BASE,
            "height": 420,
            "xaxis": {
                "type": "log",
                "title": {"text": "seconds a map"},
                "dtick": 1,
                "fixedrange": True,
                "automargin": True,
            },
            "yaxis": {
                "title": {"text": "mean rank, 1 is best"},
                "autorange": "reversed",
                "zeroline": False,
                "fixedrange": True,
                "automargin": True,
            },
        },
    )


def _is_late(method: TrustMethod, shown: list[TrustMethod]) -> bool:
    """Whether it lies in the right half of the log axis, where a name has room on its left."""
    ends = [math.log(m.seconds) for m in shown]
    return math.log(method.seconds) > (min(ends) + max(ends)) / 2
