"""Several runs beside each other: parameters against a metric."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dlexplain.figures.scales import CLEAR, INK, LINES, SEQUENTIAL, new_figure
from dlexplain.language import tr

SHORT = 18
WIDE = 10.0
"""From which ratio of the largest to the smallest a parameter has a log axis."""
FEW = 8
"""Values up to which each has its tick."""


def plot_parallel(
    columns: Mapping[str, Sequence[str]], metric: str, values: Sequence[float]
) -> go.Figure:
    """Parallel coordinates: one line a run through its parameters to its metric, which colours it.

    columns  parameter -> its value in each run, as text; numbers are drawn to scale, on a log axis
             where `spread_widely`, other texts in the order in which they come
    """
    dimensions = [_dimension(name, texts) for name, texts in columns.items()]
    found = np.asarray(values, float)
    dimensions.append({"label": metric, "values": found})
    return new_figure(
        {
            "type": "parcoords",
            "dimensions": dimensions,
            "line": {
                "color": found,
                "colorscale": SEQUENTIAL,
                "showscale": True,
                "colorbar": {"thickness": 10, "outlinewidth": 0, "title": {"text": metric}},
            },
            "labelangle": -20,
            "labelside": "top",
        },
        {
            "height": 420,
            "margin": {"l": 60, "r": 40, "t": 90, "b": 30},
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            "font": {"color": INK},
        },
    )


def _dimension(name: str, texts: Sequence[str]) -> dict[str, Any]:
    label = name.rpartition(".")[2]
    numbers = _numbers(texts)
    if numbers is not None and spread_widely(texts):
        ticks = _log_ticks(numbers)
        return {
            "label": tr(f"{label} (log)"),
            "values": [math.log10(number) for number in numbers],
            "tickvals": [math.log10(tick) for tick in ticks],
            "ticktext": [f"{tick:g}" for tick in ticks],
        }
    if numbers is not None:
        return {"label": label, "values": numbers, "tickformat": ",~r"}
    kinds = list(dict.fromkeys(texts))
    return {
        "label": label,
        "values": [kinds.index(text) for text in texts],
        "tickvals": list(range(len(kinds))),
        "ticktext": [_short(text) or tr("none") for text in kinds],
    }


def plot_scatter(
    parameter: str,
    texts: Sequence[str],
    metric: str,
    values: Sequence[float],
    names: Sequence[str],
    log_x: bool = False,
) -> go.Figure:
    """A point a run: its parameter across, its metric up."""
    numbers = _numbers(texts)
    return new_figure(
        {
            "type": "scatter",
            "mode": "markers",
            "x": list(texts) if numbers is None else numbers,
            "y": list(values),
            "text": list(names),
            "marker": {"size": 11, "color": LINES[0], "line": {"width": 1, "color": "white"}},
            "hovertemplate": "%{text}<br>%{x}: %{y:.5g}<extra></extra>",
        },
        {
            "height": 360,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "xaxis": {
                "title": {"text": parameter},
                "type": "category" if numbers is None else "log" if log_x else "linear",
                "automargin": True,
            },
            "yaxis": {"title": {"text": metric}, "automargin": True},
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
        },
    )


def spread_widely(texts: Sequence[str]) -> bool:
    """Whether they are numbers that a log axis shows better: all above 0, WIDE times apart, as
    learning rates are that are tried."""
    numbers = _numbers(texts)
    return numbers is not None and min(numbers) > 0 and max(numbers) >= WIDE * min(numbers)


def _log_ticks(numbers: Sequence[float]) -> list[float]:
    """The values themselves where they are few, else the powers of ten among them."""
    values = sorted(set(numbers))
    if len(values) <= FEW:
        return values
    low, high = math.floor(math.log10(values[0])), math.ceil(math.log10(values[-1]))
    return [10.0**power for power in range(low, high + 1) if values[0] <= 10.0**power <= values[-1]]


def _numbers(texts: Sequence[str]) -> list[float] | None:
    """None where one is no finite number, or there is none."""
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        return None
    return numbers if numbers and all(map(math.isfinite, numbers)) else None


def _short(text: str) -> str:
    return text if len(text) <= SHORT else "…" + text[-SHORT + 1 :]
