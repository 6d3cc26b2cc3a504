"""Numbers that a picture becomes: copies beside originals, errors, what a dimension does."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dlexplain.figures.latent_sheets import HIDDEN
from dlexplain.figures.scales import BLUE, INK, ORANGE, STANDARD, new_figure
from dlexplain.figures.tested import BASE
from dlexplain.language import tr
from dlexplain.results import DimensionEffects, EncodedPictures, Reconstruction, plot

BINS = 40
WORST = 0.995
"""Part of the errors that a histogram shows."""


@plot.register
def plot_reconstruction(found: Reconstruction) -> go.Figure:
    """What was seen, the copy, and where they differ: red where the copy is brighter."""
    figure = new_figure([_picture(found.seen.pixels, "x"), _picture(found.copy, "x2")])
    figure.add_trace({**_difference(found), "xaxis": "x3", "yaxis": "y3"})
    axes = {}
    for place in (1, 2, 3):
        end = "" if place == 1 else str(place)
        axes[f"xaxis{end}"] = {**HIDDEN, "domain": [(place - 1) / 3 + 0.01, place / 3 - 0.01]}
        axes[f"yaxis{end}"] = {
            **HIDDEN,
            "autorange": "reversed",
            "scaleanchor": f"x{end}",
            "anchor": f"x{end}",
        }
    return figure.update_layout({**BASE, **axes, "height": 300})


def _picture(pixels: NDArray[np.uint8], axis: str) -> dict[str, Any]:
    whole = np.broadcast_to(pixels, (*pixels.shape[:2], 3))
    return {
        "type": "image",
        "z": whole,
        "hoverinfo": "skip",
        "xaxis": axis,
        "yaxis": axis.replace("x", "y"),
    }


def _difference(found: Reconstruction) -> dict[str, Any]:
    top = float(np.abs(found.difference).max()) or 1.0
    return {
        "type": "heatmap",
        "z": found.difference,
        "zmin": -top,
        "zmax": top,
        "colorscale": STANDARD.stops(),
        "showscale": False,
        "hovertemplate": "x %{x}, y %{y}: %{z:+.2f}<extra></extra>",
    }


def plot_difference(found: Reconstruction, height: int = 260) -> go.Figure:
    """Copy less original, pixels 0 to 1; red where the copy is brighter."""
    axis = {**HIDDEN, "constrain": "domain"}
    return new_figure(
        {**_difference(found), "showscale": True,
         "colorbar": {"orientation": "h", "thickness": 8, "y": -0.01, "yanchor": "top",
                      "outlinewidth": 0, "nticks": 5}},
        {
            **BASE,
            "margin": {"l": 0, "r": 0, "t": 0, "b": 30},
            "height": height + 30,
            "xaxis": axis,
            "yaxis": {**axis, "autorange": "reversed", "scaleanchor": "x"},
        },
    )  # fmt: skip


def plot_errors(encoded: EncodedPictures, error: float) -> go.Figure:
    """Errors of test and training pictures, as shares, and where this one is."""
    end = max(float(np.quantile(encoded.errors, WORST)), error) * 1.02
    edges = {"start": 0.0, "end": end, "size": end / BINS}
    traces = [
        {
            "type": "histogram",
            "x": encoded.errors[part],
            "histnorm": "probability",
            "xbins": edges,
            "autobinx": False,
            "name": name,
            "opacity": 0.6,
            "marker": {"color": colour},
            "hovertemplate": "%{x}: %{y:.1%}<extra>" + name + "</extra>",
        }
        for name, part, colour in (
            (tr("training pictures"), ~encoded.tested, INK),
            (tr("test pictures"), encoded.tested, BLUE),
        )
    ]
    return new_figure(
        traces,
        {
            **BASE,
            "height": 240,
            "barmode": "overlay",
            "bargap": 0.02,
            "xaxis": {"title": {"text": tr("mean squared error")}, "range": [0, end]},
            "yaxis": {"title": {"text": tr("share")}, "tickformat": ".0%"},
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
            "shapes": [{"type": "line", "x0": error, "x1": error, "yref": "paper", "y0": 0,
                        "y1": 1, "line": {"color": ORANGE, "width": 3}}],
            "annotations": [{"x": error, "y": 1, "yref": "paper", "text": " " + tr("this picture"),
                             "showarrow": False, "font": {"color": ORANGE},
                             "xanchor": "left" if error < end / 2 else "right"}],
        },
    )  # fmt: skip


def plot_use(encoded: EncodedPictures, picture: NDArray[np.float32]) -> go.Figure:
    """What each dimension carries, the most first.

    picture  (latent,) KL of one picture, drawn beside the mean; or () for none
    """
    order = list(encoded.most_used)
    unit = tr("KL to the prior, nats") if len(encoded.kl) else tr("variance")
    names = [str(place) for place in order]
    traces: list[dict[str, Any]] = [
        {
            "type": "bar",
            "x": names,
            "y": encoded.use[order],
            "name": tr("mean of the data set"),
            "marker": {"color": BLUE},
            "hovertemplate": tr("dimension %{x}: %{y:.3f}") + "<extra></extra>",
        }
    ]
    if len(picture):
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": names,
                "y": picture[order],
                "name": tr("this picture"),
                "marker": {"color": ORANGE, "size": 9, "symbol": "diamond"},
                "hovertemplate": tr("dimension %{x}: %{y:.3f}")
                + "<extra>"
                + tr("this picture")
                + "</extra>",
            }
        )
    return new_figure(
        traces,
        {
            **BASE,
            "height": 280,
            "xaxis": {
                "title": {"text": tr("latent dimension, most used first")},
                "type": "category",
            },
            "yaxis": {"title": {"text": unit}, "rangemode": "tozero"},
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        },
    )


def plot_effects(effects: DimensionEffects, order: Sequence[int], columns: int = 4) -> go.Figure:
    """A map a dimension, all on one scale: red where a larger number makes brighter."""
    _, height, width = effects.maps.shape
    rows, gap = -(-len(order) // columns), max(2, height // 4)
    deep, wide = height + gap, width + 2
    whole = np.full((rows * deep, columns * wide), np.nan, np.float32)
    notes = []
    for index, dimension in enumerate(order):
        top, left = index // columns * deep + gap, index % columns * wide
        whole[top : top + height, left : left + width] = effects.maps[dimension]
        notes.append(
            {
                "x": left + width / 2,
                "y": top - 0.5,
                "text": str(dimension),
                "showarrow": False,
                "yanchor": "bottom",
                "font": {"size": 12},
            }
        )
    end = float(np.percentile(np.abs(effects.maps[list(order)]), 99.5)) or 1.0
    axis = {**HIDDEN, "constrain": "domain"}
    return new_figure(
        {
            "type": "heatmap",
            "z": whole,
            "zmin": -end,
            "zmax": end,
            "colorscale": STANDARD.stops(),
            "hoverongaps": False,
            "hovertemplate": "%{z:+.3f}<extra></extra>",
            "colorbar": {
                "orientation": "h",
                "thickness": 8,
                "y": -0.01,
                "yanchor": "top",
                "outlinewidth": 0,
                "nticks": 5,
            },
        },
        {
            **BASE,
            "margin": {"l": 0, "r": 0, "t": 0, "b": 30},
            "height": 30 + 110 * rows,
            "xaxis": axis,
            "yaxis": {**axis, "autorange": "reversed", "scaleanchor": "x"},
            "annotations": notes,
        },
    )
