"""What a language model wrote, read and remembered, drawn."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dlexplain.figures.scales import BLUE, INK, LINES, ORANGE, SEQUENTIAL, STANDARD, new_figure
from dlexplain.figures.tested import BASE
from dlexplain.figures.token_names import names, names_axis
from dlexplain.language import tr
from dlexplain.results import (
    GradientReach,
    Influence,
    Inside,
    Reading,
    TokenChoice,
    UnitSearch,
    Writing,
    plot,
)

ROW = 14
FINE, TICKS = 3, 6
"""Powers of ten below which a logarithmic axis has ticks between them; powers that have a tick, at
most about."""
FAINTEST = 1e-12
"""Of the nearest token's gradient; below that a line would only press the others together."""


@plot.register
def plot_writing(written: Writing) -> go.Figure:
    """How unexpected each written token was."""
    return _surprise(written.tokens)


@plot.register
def plot_reading(read: Reading) -> go.Figure:
    """How unexpected each token was."""
    return _surprise(read.tokens)


def _surprise(tokens: Sequence[TokenChoice]) -> go.Figure:
    bits = -np.log2(np.maximum([token.probability for token in tokens], 1e-30))
    return new_figure(
        {
            "type": "bar",
            "x": list(range(len(tokens))),
            "y": bits,
            "customdata": names([token.label for token in tokens]),
            "marker": {"color": ORANGE},
            "hovertemplate": tr("%{customdata}: %{y:.1f} bits") + "<extra></extra>",
        },
        {
            **BASE,
            "height": 260,
            "bargap": 0.1,
            "xaxis": names_axis(names([token.label for token in tokens])),
            "yaxis": {"title": {"text": tr("surprise, bits")}, "rangemode": "tozero"},
        },
    )


@plot.register
def plot_influence(found: Influence) -> go.Figure:
    """What each earlier token added to log2 p, as surprise is in bits, too; red speaks for the
    token, blue against it. Of methods that say how strongly it reacts, that."""
    bits, unit = found.in_bits
    axis = tr("added to log₂ p, bits") if unit == "bits" else tr(unit)
    top = float(np.abs(bits).max()) or 1.0
    return new_figure(
        {
            "type": "bar",
            "x": list(range(len(found.values))),
            "y": bits,
            "customdata": names(found.earlier),
            "marker": {
                "color": bits,
                "colorscale": STANDARD.stops(),
                "cmin": -top,
                "cmax": top,
                "line": {"color": INK, "width": 0.5},
            },
            "hovertemplate": f"%{{customdata}}: %{{y:+.3f}} {tr(unit)}<extra></extra>",
        },
        {
            **BASE,
            "height": 260,
            "bargap": 0.1,
            "xaxis": names_axis(names(found.earlier)),
            "yaxis": {"title": {"text": axis}, "zeroline": True},
        },
    )


@plot.register
def plot_one_reach(found: GradientReach) -> go.Figure:
    """One model's."""
    return plot_reach([found])


def plot_reach(found: Sequence[GradientReach]) -> go.Figure:
    """The gradient by distance, of the nearest token's, one line a model, on a logarithmic
    scale."""
    traces: list[dict[str, Any]] = []
    for index, each in enumerate(found):
        shares = each.norms / (each.norms[0] or 1.0)
        traces.append(
            {
                "type": "scatter",
                "x": np.arange(1, len(shares) + 1),
                "y": np.where(shares >= FAINTEST, shares, np.nan),
                "mode": "lines+markers",
                "name": each.title,
                "line": {"color": LINES[index % len(LINES)], "width": 2},
                "marker": {"size": 4},
                "hovertemplate": tr("%{x} tokens back: %{y:.2%}")
                + "<extra>"
                + each.title
                + "</extra>",
            }
        )
    return new_figure(
        traces,
        {
            **BASE,
            "height": 380,
            "xaxis": {"title": {"text": tr("tokens back")}},
            "yaxis": {
                "title": {"text": tr("gradient, of the nearest token's")},
                "automargin": True,
                **_shares_axis(np.concatenate([trace["y"] for trace in traces])),
            },
            "legend": {"orientation": "h", "y": -0.2, "yanchor": "top"},
        },
    )


def _shares_axis(shares: NDArray[np.float64]) -> dict[str, Any]:
    """Logarithmic, with five ticks or more where there is room: 1, 2 and 5 of each power of ten, or
    the powers, or some of them."""
    known = shares[np.isfinite(shares)]
    low, high = (float(np.log10(value)) for value in (known.min(), known.max()))
    below, above = int(np.floor(low)), int(np.ceil(high))
    leads = (1, 2, 5) if high - low < FINE else (1,)
    step = max(1, round((above - below) / TICKS)) if len(leads) == 1 else 1
    ticks = [lead * 10.0**power for power in range(above, below - 1, -step) for lead in leads]
    return {
        "type": "log",
        "range": [low - 0.05 * (high - low) - 0.02, high + 0.05 * (high - low) + 0.02],
        "tickmode": "array",
        "tickvals": ticks,
        "ticktext": [f"{tick:.0%}" if tick >= 0.01 else f"{100 * tick:g}%" for tick in ticks],
    }


def plot_inside(
    inside: Inside, layer: int, name: str, units: Sequence[int], centred: bool
) -> go.Figure:
    """Units down, tokens across.

    centred  whether 0 is the middle: of states it is, of gates, 0 to 1, it is not
    """
    values = inside.layers[layer][name][:, list(units)].T  # (units, tokens)
    top = float(np.percentile(np.abs(values), 99.5)) or 1.0
    return new_figure(
        {
            "type": "heatmap",
            "z": values,
            "y": [tr(f"unit {unit}") for unit in units],
            "x": list(range(values.shape[1])),
            "customdata": np.tile(names(inside.tokens), (len(units), 1)),
            "colorscale": STANDARD.stops() if centred else SEQUENTIAL,
            "zmin": -top if centred else 0.0,
            "zmax": top if centred else 1.0,
            "colorbar": {"thickness": 10, "outlinewidth": 0},
            "hovertemplate": tr("%{y} after %{customdata}: %{z:.3f}") + "<extra></extra>",
        },
        {
            **BASE,
            "height": 110 + ROW * len(units),
            "xaxis": names_axis(names(inside.tokens)),
            "yaxis": {"autorange": "reversed", "type": "category", "automargin": True},
        },
    )


def plot_unit(values: NDArray[np.float32], search: UnitSearch, unit: int) -> go.Figure:
    """A unit (tokens,) and the property that it follows, each over its own scale."""
    places = list(range(len(values)))
    return new_figure(
        [
            {"type": "scatter", "x": places, "y": values, "mode": "lines",
             "name": tr(f"unit {unit}"), "line": {"color": BLUE, "width": 2}},
            {"type": "scatter", "x": places, "y": search.values, "mode": "lines",
             "name": tr(search.title), "yaxis": "y2", "line": {"color": ORANGE, "dash": "dot"}},
        ],
        {
            **BASE,
            "height": 260,
            "xaxis": {"title": {"text": tr("token")}},
            "yaxis": {"title": {"text": tr(f"unit {unit}")}, "automargin": True},
            "yaxis2": {"title": {"text": tr(search.title)}, "overlaying": "y", "side": "right",
                       "showgrid": False, "tickmode": "auto"},
            "legend": {"orientation": "h", "y": -0.3, "yanchor": "top"},
        },
    )  # fmt: skip
