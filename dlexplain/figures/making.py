"""Models that make pictures: grids, KL by dimension, places in latent space, classes made."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dlexplain.figures.scales import BLUE, CLEAR, INK, LINES, new_figure
from dlexplain.language import tr
from dlexplain.results import GeneratedPictures, Reconstructions, plot

BASE: dict[str, Any] = {
    "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
    "paper_bgcolor": CLEAR,
    "plot_bgcolor": CLEAR,
}
GREY = 128
MOST_CLASSES = 20
"""Named in the legend of a latent plane."""
SYMBOLS = ("circle", "diamond", "x")
"""Beside eight colours, so that more classes can be told apart."""


def grid(rows: list[NDArray[np.uint8]], gap: int = 1) -> NDArray[np.uint8]:
    """Rows of pictures (count, height, width, 1 or 3) as one (height, width, 3), grey between."""
    lines = []
    for row in rows:
        space = ((0, 0), (gap, 0), (gap, 0), (0, 0))
        padded = np.pad(row.repeat(3 // row.shape[-1], -1), space, constant_values=GREY)
        lines.append(np.concatenate(list(padded), axis=1))
    sheet = np.concatenate(lines)
    return np.pad(sheet, ((0, gap), (0, gap), (0, 0)), constant_values=GREY)


def pairs(found: Reconstructions, count: int = 16, in_a_row: int = 8) -> NDArray[np.uint8]:
    """Originals; below them what was shown, where noise was added; below these the copies."""
    kinds = [found.originals, *([found.inputs] if len(found.inputs) else []), found.copies]
    shown = min(count, len(found.originals))
    row = min(in_a_row, shown)
    rows = [kind[first : first + row] for first in range(0, shown - row + 1, row) for kind in kinds]
    return grid(rows)


@plot.register
def plot_reconstructions(found: Reconstructions) -> go.Figure:
    """KL by dimension of a variational one; else pictures above their copies."""
    return plot_kl(found) if len(found.kl) else _image(pairs(found))


def _image(pixels: NDArray[np.uint8]) -> go.Figure:
    hidden = {"visible": False}
    return new_figure(
        {"type": "image", "z": pixels, "hoverinfo": "skip"},
        {**BASE, "height": 360, "xaxis": hidden, "yaxis": hidden},
    )


def plot_kl(found: Reconstructions) -> go.Figure:
    """Nats that each latent dimension carries, the most first; one of 0 is not used."""
    order = np.argsort(-found.kl)
    return new_figure(
        {
            "type": "bar",
            "x": [str(place) for place in order],
            "y": found.kl[order],
            "marker": {"color": BLUE},
            "hovertemplate": tr("dimension %{x}: %{y:.3f} nats") + "<extra></extra>",
        },
        {
            **BASE,
            "height": 300,
            "xaxis": {
                "title": {"text": tr("latent dimension, most used first")},
                "type": "category",
            },
            "yaxis": {"title": {"text": tr("KL to the prior, nats")}, "rangemode": "tozero"},
        },
    )


def plot_latent(found: Reconstructions) -> go.Figure:
    """Where test pictures lie in the two dimensions that carry most, coloured by class."""
    across, up = np.argsort(-found.kl)[:2]
    traces = []
    for index, label in enumerate(np.unique(found.labels)):
        there = found.labels == label
        name = found.classes[label] if label < len(found.classes) else str(label)
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": found.means[there, across],
                "y": found.means[there, up],
                "name": name,
                "marker": {
                    "size": 5,
                    "color": LINES[index % len(LINES)],
                    "symbol": SYMBOLS[index // len(LINES) % len(SYMBOLS)],
                },
                "hovertemplate": "%{x:.2f}, %{y:.2f}<extra>" + name + "</extra>",
                "showlegend": index < MOST_CLASSES,
            }
        )
    return new_figure(
        traces,
        {
            **BASE,
            "height": 380,
            "xaxis": {"title": {"text": tr(f"mean of latent dimension {across}")}},
            "yaxis": {"title": {"text": tr(f"mean of latent dimension {up}")}},
        },
    )


@plot.register
def plot_classes(found: GeneratedPictures) -> go.Figure:
    """Samples that the judge surely takes for each class; the line is an even share of all."""
    even = found.judged / max(1, len(found.counts))
    return new_figure(
        {
            "type": "bar",
            "x": list(found.classes),
            "y": found.counts,
            "marker": {"color": BLUE},
            "hovertemplate": tr("%{x}: %{y:,} samples") + "<extra></extra>",
        },
        {
            **BASE,
            "height": 300,
            "xaxis": {"title": {"text": tr("class, as the judge sees it")}, "type": "category",
                      "automargin": True},
            "yaxis": {"title": {"text": tr(f"of {found.judged:,} samples")}, "rangemode": "tozero"},
            "shapes": [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": even, "y1": even,
                        "line": {"color": INK, "dash": "dot"}}],
        },
    )  # fmt: skip
