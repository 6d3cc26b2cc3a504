"""Robust accuracy over budgets, and what corruptions do over their severities."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from dlexplain.figures.scales import INK, LINES, new_figure, rgba
from dlexplain.figures.share_axis import share_axis
from dlexplain.figures.tested import BASE
from dlexplain.language import tr
from dlexplain.results import Robustness, plot
from dlexplain.results.attacks import NORM_TITLES
from dlexplain.results.robustness import ANY, Estimate

MEASURES = {
    "accuracy": "accuracy",
    "ece": "expected calibration error",
    "map_correlation": "rank correlation of the maps",
}
"""What is drawn over severity."""
FAMILY_COLOURS = dict(zip(("noise", "blur", "weather", "digital"), LINES, strict=False))
HEIGHT = 380
WIDE = 7.0
"""The line of all attacks together, in pixels."""


@plot.register
def plot_robustness(found: Robustness, second: Robustness | None = None) -> go.Figure:
    """One line an attack, from the accuracy without one on, with 95% intervals; what is left
    whichever of them is made is wide and grey. second  another model's, dashed"""
    colours = _colours([curve.name for each in (found, second) if each for curve in each.attacks])
    traces: list[dict[str, Any]] = []
    for each, dash in ((found, "solid"), (second, "dash")):
        for curve in each.attacks if each is not None else ():
            assert each is not None
            x = [0.0, *(_place(each, budget) for budget in each.budgets)]
            title = tr(curve.title) if second is None else f"{tr(curve.title)}, {each.model}"
            width = WIDE if curve.name == ANY else 2.0
            accuracy = (each.clean, *curve.accuracy)
            traces.append(_line(x, accuracy, title, colours[curve.name], dash, width))
    scaled = f"{NORM_TITLES.get(found.norm, found.norm)}, of 255"
    title = tr(f"budget in {scaled if found.norm == 'linf' else NORM_TITLES.get(found.norm, '')}")
    # All together lie beneath the others: where one attack fools all that any does, both are seen.
    traces.sort(key=lambda trace: trace["line"]["color"] != INK)
    return new_figure(traces, _layout(title, share_axis(tr("robust accuracy"))))


def plot_corruptions(
    found: Robustness, measure: str = "accuracy", second: Robustness | None = None
) -> go.Figure:
    """Over severity, one faint line a corruption in the colour of its family, and the mean with its
    95% interval. measure  of MEASURES;  second  another model's mean, dashed"""
    traces: list[dict[str, Any]] = []
    at_zero = {level.severity: getattr(level, measure) for level in found.severities}.get(0)
    shown: set[str] = set()
    for name in dict.fromkeys(one.name for one in found.corruptions):
        cells = [one for one in found.corruptions if one.name == name]
        family, title = cells[0].family, cells[0].title
        values = [_value(at_zero), *(_value(getattr(one, measure)) for one in cells)]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": [0, *(one.severity for one in cells)],
                "y": values,
                "name": tr(family),
                "legendgroup": family,
                "showlegend": family not in shown,
                "line": {"color": rgba(FAMILY_COLOURS.get(family, INK), 0.55), "width": 1.2},
                "hovertemplate": tr(f"{title}, severity %{{x}}: %{{y:.3f}}") + "<extra></extra>",
            }
        )
        shown.add(family)
    for each, dash in ((found, "solid"), (second, "dash")):
        if each is not None and each.severities:
            levels = [getattr(level, measure) for level in each.severities]
            x = [float(level.severity) for level in each.severities]
            title = tr("mean") if second is None else tr(f"mean, {each.model}")
            traces.append(_line(x, levels, title, INK, dash, 3.0))
    axis = {"title": {"text": tr(MEASURES[measure])}, "tickformat": ".2f", "fixedrange": True,
            "automargin": True}  # fmt: skip
    if measure == "accuracy":
        axis = share_axis(tr(MEASURES[measure]))
    return new_figure(traces, _layout(tr("severity, 0 as it is"), axis))


def _colours(names: Sequence[str]) -> dict[str, str]:
    known = [name for name in dict.fromkeys(names) if name != ANY]
    found = {name: LINES[place % len(LINES)] for place, name in enumerate(known)}
    return {**found, ANY: INK}


def _place(found: Robustness, budget: float) -> float:
    return 255 * budget if found.norm == "linf" else budget


def _value(found: Estimate | float | None) -> float | None:
    return found.value if isinstance(found, Estimate) else found


def _line(
    x: Sequence[float], y: Sequence[Estimate], name: str, colour: str, dash: str, width: float = 2.0
) -> dict[str, Any]:
    values = [one.value for one in y]
    ends = [(one.low, one.high, one.value) for one in y]
    up = [0.0 if h is None or v is None else h - v for _, h, v in ends]
    down = [0.0 if low is None or v is None else v - low for low, _, v in ends]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": list(x),
        "y": values,
        "name": name,
        "line": {"color": colour, "dash": dash, "width": width},
        "marker": {"size": 6, "color": colour},
        "error_y": {
            "type": "data", "symmetric": False, "array": up, "arrayminus": down,
            "color": rgba(colour, 0.5), "thickness": 1, "width": 3,
        },
        "customdata": [str(one.n) for one in y],
        "hovertemplate": f"{name}: " + tr("%{y:.3f} at %{x:.3g}, n = %{customdata}")
        + "<extra></extra>",
    }  # fmt: skip


def _layout(x: str, y: dict[str, Any]) -> dict[str, Any]:
    return {
        **BASE,
        "height": HEIGHT,
        "xaxis": {"title": {"text": x}, "fixedrange": True, "automargin": True, "zeroline": False},
        "yaxis": y,
        "legend": {"orientation": "h", "y": -0.25, "traceorder": "normal"},
    }
