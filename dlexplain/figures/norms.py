"""Norms by layer over epochs as a heatmap."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dlexplain.figures.scales import CLEAR, SEQUENTIAL, new_figure
from dlexplain.language import tr

SHORT = 26
ROW, MOST = 22, 900


def plot_norms(
    layers: tuple[str, ...], epochs: NDArray[np.int64], values: NDArray[np.float64]
) -> go.Figure:
    """A row a layer, the first on top, a column an epoch; the colour is the norm's logarithm.

    values  (layers, epochs); what is not above 0 is left clear
    """
    known = np.where(values > 0, values, np.nan)
    trace: dict[str, Any] = {
        "type": "heatmap",
        "x": list(map(int, epochs)),
        "y": list(range(len(layers))),
        "z": np.log10(known),
        "customdata": np.stack([values, np.array([layers] * len(epochs)).T.astype(object)], -1),
        "hovertemplate": "%{customdata[1]}<br>"
        + tr("epoch %{x}: %{customdata[0]:.3g}")
        + "<extra></extra>",
        "colorscale": SEQUENTIAL,
        "colorbar": {"thickness": 10, "outlinewidth": 0, **_ticks(known)},
    }
    return new_figure(
        trace,
        {
            "height": min(MOST, 110 + ROW * len(layers)),
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "xaxis": {
                "title": {"text": tr("epoch")},
                "showgrid": False,
                "dtick": _step(len(epochs)),
            },
            "yaxis": {
                "tickvals": list(range(len(layers))),
                "ticktext": [n if len(n) <= SHORT else f"…{n[1 - SHORT :]}" for n in layers],
                "autorange": "reversed",
                "automargin": True,
                "showgrid": False,
            },
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
        },
    )


def _step(epochs: int) -> int:
    return max(1, epochs // 10)


def _ticks(values: NDArray[np.float64]) -> dict[str, Any]:
    """At both ends and between, told as the norms themselves."""
    if not np.isfinite(values).any():
        return {}
    low, high = np.log10(np.nanmin(values)), np.log10(np.nanmax(values))
    places = np.linspace(low, high, 5) if high > low else np.array([low])
    texts = [f"{10**place:.2g}" for place in places]
    return {"tickvals": list(places), "ticktext": texts}
