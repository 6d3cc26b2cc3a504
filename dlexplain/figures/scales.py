"""Colours of maps: colour-blind safe, signed ones centred on zero.

Diverging: the blue-white-red of ColorBrewer's RdBu, which differs in blue against red and in
lightness; sequential: Viridis. Values beyond the 99.5th percentile take the end colour, so that
one hot pixel does not hide the rest.
"""

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from plotly.colors import get_colorscale, sample_colorscale

Sign = Literal["both", "positive", "negative"]
DIVERGING, SEQUENTIAL = "RdBu_r", "Viridis"
BLUE, INK, ORANGE = "#0072B2", "#7A8594", "#D55E00"
LINES = (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6BB1", INK)
"""Okabe and Ito's colours, which the colour-blind can tell apart; then two more."""
CLEAR = "rgba(0,0,0,0)"
CLIP_PERCENTILE = 99.5


def share_scale() -> list[list[object]]:
    """From 0, the page's own colour, to 1, blue: for light and dark pages."""
    return [[0.0, rgba(BLUE, 0.04)], [1.0, rgba(BLUE, 1)]]


def scale_name(signed: bool) -> str:
    """plotly's name of the scale."""
    return DIVERGING if signed else SEQUENTIAL


def value_range(heatmap: NDArray[np.float32], signed: bool) -> tuple[float, float]:
    """The values at the two ends of the colour scale."""
    if signed:
        top = float(np.percentile(np.abs(heatmap), CLIP_PERCENTILE)) or float(np.abs(heatmap).max())
        return (-top, top) if top > 0 else (-1.0, 1.0)
    low, top = float(heatmap.min()), float(np.percentile(heatmap, CLIP_PERCENTILE))
    top = top if top > low else float(heatmap.max())
    return (low, top) if top > low else (low, low + 1.0)


def rgba(colour: str, opacity: float) -> str:
    """ "#0072B2" and 0.5 -> "rgba(0,114,178,0.5)"."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def shown(heatmap: NDArray[np.float32], signed: bool, sign: Sign) -> NDArray[np.float32]:
    """The map with what is not wanted set to NaN; unsigned maps have one sign only."""
    if not signed or sign == "both":
        return heatmap
    keep = heatmap > 0 if sign == "positive" else heatmap < 0
    return np.where(keep, heatmap, np.nan).astype(np.float32)


@cache
def _palette(name: str) -> NDArray[np.float32]:
    """(256, 3), 0..255"""
    colours = sample_colorscale(get_colorscale(name), list(np.linspace(0, 1, 256)))
    rgb = [[float(part) for part in colour[4:-1].split(",")] for colour in colours]
    return np.array(rgb, dtype=np.float32)


def colour(heatmap: NDArray[np.float32], signed: bool) -> NDArray[np.float32]:
    """(height, width) -> (height, width, 3), 0..255; NaN is treated as the low end."""
    low, high = value_range(np.nan_to_num(heatmap), signed)
    place = np.clip((np.nan_to_num(heatmap, nan=low) - low) / (high - low), 0, 1)
    colours: NDArray[np.float32] = _palette(scale_name(signed))[(place * 255).round().astype(int)]
    return colours
