"""Several runs beside each other: parameters against a metric."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dlexplain.figures.scales import CLEAR, INK, LINES, SEQUENTIAL

SHORT = 18


def plot_parallel(
    columns: Mapping[str, Sequence[str]], metric: str, values: Sequence[float]
) -> go.Figure:
    """Parallel coordinates: one line a run through its parameters to its metric, which colours it.

    columns  parameter -> its value in each run, as text; numbers are drawn to scale, other texts
             in the order in which they come
    """
    dimensions = [_dimension(name, texts) for name, texts in columns.items()]
    found = np.asarray(values, float)
    dimensions.append({"label": metric, "values": found})
    return go.Figure(
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
    if numbers is not None:
        return {"label": label, "values": numbers}
    kinds = list(dict.fromkeys(texts))
    return {
        "label": label,
        "values": [kinds.index(text) for text in texts],
        "tickvals": list(range(len(kinds))),
        "ticktext": [_short(text) or "none" for text in kinds],
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
    return go.Figure(
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


def _numbers(texts: Sequence[str]) -> list[float] | None:
    try:
        return [float(text) for text in texts]
    except ValueError:
        return None


def _short(text: str) -> str:
    return text if len(text) <= SHORT else "…" + text[-SHORT + 1 :]
