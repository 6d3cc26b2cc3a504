"""Tables of trust, drawn: critical differences, and methods x metrics."""

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dlexplain.figures.scales import BLUE, INK, ORANGE, new_figure
from dlexplain.figures.tested import BASE
from dlexplain.language import tr
from dlexplain.results import TrustCell, TrustMethod, TrustMetric, TrustTable, plot
from dlexplain.results.trust_words import number

ROW, AROUND = 26, 90
"""Pixels of a method, and of what is around them."""
BAR = 0.045
"""Of the axis, between two bars of groups."""
CELL_COLOURS = [[0.0, "#F2A97E"], [0.5, "#EEF1F4"], [1.0, "#7FB8DE"]]
CELL_INK = "#16202A"
"""From the worst of a column to its best, and what is written on them: on light and dark pages."""


def titled(table: TrustTable, method: TrustMethod) -> str:
    """Its title, with a mark where it is not to be believed."""
    return f"{method.title} ✗" if table.fails(method.name) else method.title


def colour_of(table: TrustTable, method: TrustMethod) -> str:
    """Blue of the one that is recommended, orange of those that are not to be believed."""
    if table.fails(method.name):
        return ORANGE
    return BLUE if method.name == table.recommended else INK


@plot.register
def plot_ranks(table: TrustTable) -> go.Figure:
    """Mean ranks, the best above; a bar joins methods that are not told apart, and the one on top
    is as long as the critical difference (Demsar 2006, turned so that long names have room)."""
    shown = [m for m in table.ranked if m.rank is not None]
    names, count = [titled(table, m) for m in shown], len(shown)
    right = max((m.rank or 0.0 for m in shown), default=1.0)
    apart = BAR * max(right, 2.0)
    places = [right + apart * (index + 3) for index in range(len(table.groups))]
    shapes = [
        _line(x, first - 0.2, x, last + 0.2, INK, 4)
        for x, (first, last) in zip(places, table.groups, strict=True)
    ]
    notes = []
    if table.ranking is not None:
        reach = table.ranking.critical_difference
        shapes += [_line(1, -0.9, 1 + reach, -0.9, INK, 3)]
        notes = [
            {"x": 1, "y": -0.9, "text": tr(f"critical difference {reach:.2f}"), "showarrow": False,
             "xanchor": "left", "yanchor": "bottom"}
        ]  # fmt: skip
    last = max([right + 2 * apart, *places, 1 + (reach if notes else 0)])
    return new_figure(
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": [m.rank for m in shown],
            "y": list(range(count)),
            "text": [f"{m.rank:.1f}" for m in shown],
            "textposition": "middle right",
            "marker": {"size": 11, "color": [colour_of(table, m) for m in shown]},
            "customdata": names,
            "hovertemplate": tr("%{customdata}: mean rank %{x:.2f}") + "<extra></extra>",
        },
        {
            **BASE,
            "height": ROW * (count + 1) + AROUND,
            "shapes": shapes,
            "annotations": notes,
            "xaxis": {
                "title": {"text": tr(f"mean rank of {len(table.methods)}, 1 is best")},
                "range": [1 - apart, last + apart],
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
            "x": [tr(metric.title) for metric in table.metrics],
            "y": [titled(table, m) for m in shown],
            "z": shades,
            "zmin": 0,
            "zmax": 1,
            "colorscale": CELL_COLOURS,
            "showscale": False,
            "text": [[number(cell.mean) for cell in row] for row in cells],
            "texttemplate": "%{text}",
            "textfont": {"color": CELL_INK},
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
                "showgrid": False,
                "fixedrange": True,
                "automargin": True,
            },
            "yaxis": {
                "type": "category",
                "autorange": "reversed",
                "showgrid": False,
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
        return tr(cell.why)
    within = ""
    if cell.low is not None:
        within = f" [{number(cell.low)} {tr('to')} {number(cell.high)}]"
    better = {
        True: tr("more is better"),
        False: tr("less is better"),
        None: tr("neither end is better"),
    }
    unit = f" {tr(metric.unit)}" if metric.unit else ""
    return f"{number(cell.mean)}{unit}{within}, n = {cell.n}, {better[metric.higher_is_better]}"
