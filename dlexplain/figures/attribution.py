"""An attribution as an interactive figure: the picture, the map over it, values on hover."""

import base64
import io
from functools import lru_cache

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image

from dlexplain.figures.overlay import enlarged, outlined
from dlexplain.figures.scales import STANDARD, Palette, Scale, Sign, new_figure, shown
from dlexplain.language import tr
from dlexplain.results import Attribution, plot

SIDE = 320
CLEAR = "rgba(0,0,0,0)"


@plot.register
def plot_attribution(
    attribution: Attribution,
    strength: float = 0.8,
    sign: Sign = "both",
    side: int = SIDE,
    palette: Palette = STANDARD,
) -> go.Figure:
    """The map over the picture, each value under the pointer.

    strength  opacity of the end colours, 0..1; a value of zero is clear;  side  height in pixels
    """
    heatmap = shown(attribution.heatmap, attribution.signed, sign)
    picture = attribution.picture
    if picture is not None and attribution.mask is not None:
        picture = outlined(enlarged(picture), attribution.mask)
    return map_figure(
        picture, heatmap, attribution.signed, strength, side, attribution.unit, palette
    )


def map_figure(
    picture: NDArray[np.uint8] | None,
    heatmap: NDArray[np.float32] | None,
    signed: bool,
    strength: float = 0.8,
    side: int = SIDE,
    unit: str = "",
    palette: Palette = STANDARD,
) -> go.Figure:
    """(height, width, 3) and (height, width) -> a figure; NaN in the map shows the picture.

    Without a map yet, the picture alone, at the same scale.
    """
    if heatmap is None:
        assert picture is not None
        heatmap = np.full(picture.shape[:2], np.nan, dtype=np.float32)
    height, width = heatmap.shape
    scale = Scale.of(heatmap, signed, palette)
    low, high = scale.low, scale.high
    axis = {"visible": False, "constrain": "domain", "fixedrange": True}
    # In one go: each update_... of a finished figure costs plotly milliseconds.
    return new_figure(
        {
            "type": "heatmap",
            "z": heatmap.astype(np.float32),
            "zmin": low,
            "zmax": high,
            "colorscale": scale.stops(strength),
            "hoverongaps": False,
            "hovertemplate": "x %{x}, y %{y}<br>%{z:.3g}<extra></extra>",
            "colorbar": {
                "orientation": "h",
                "thickness": 8,
                "len": 1.0,
                "y": -0.01,
                "yanchor": "top",
                "nticks": 5,
                "tickformat": "~g" if max(abs(low), abs(high)) < 1e4 else ".2~s",
                "outlinewidth": 0,
                "title": {
                    "text": tr(unit) if unit else " ",
                    "side": "bottom",
                    "font": {"size": 11},
                },
                "tickfont": {"size": 11},
            },
        },
        {
            "xaxis": {**axis, "range": [-0.5, width - 0.5]},
            "yaxis": {**axis, "range": [height - 0.5, -0.5], "scaleanchor": "x"},
            "images": [] if picture is None else [_background(picture, height, width)],
            "height": side + 50,
            "margin": {"l": 0, "r": 0, "t": 0, "b": 50},
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            "dragmode": False,
        },
    )


def _background(picture: NDArray[np.uint8], height: int, width: int) -> dict[str, object]:
    return {
        "source": _png(picture.tobytes(), picture.shape),
        "xref": "x",
        "yref": "y",
        "x": -0.5,
        "y": -0.5,
        "sizex": width,
        "sizey": height,
        "sizing": "stretch",
        "layer": "below",
    }


@lru_cache(maxsize=16)  # several maps of one picture are drawn at once, and again at every change
def _png(pixels: bytes, shape: tuple[int, ...]) -> str:
    # A browser would blur a small picture when it enlarges it.
    picture = Image.fromarray(enlarged(np.frombuffer(pixels, np.uint8).reshape(shape)))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
