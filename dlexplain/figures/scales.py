"""Colours of maps: colour-blind safe, signed ones centred on zero, opacity as the value's size.

Signed: red for, blue against, the ends of ColorBrewer's RdBu; unsigned: Viridis. A value of zero is
clear, so the photo keeps its colours where nothing speaks. Values beyond the 99th percentile take
the end colour, so that one hot pixel does not hide the rest; `Scale.words` says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import get_colorscale, sample_colorscale

from dlexplain.language import tr
from dlexplain.results.words import capital

Sign = Literal["both", "positive", "negative"]
DIVERGING, SEQUENTIAL = "RdBu_r", "Viridis"
"""plotly's names of the opaque scales, for bars and tables."""
FOR, AGAINST = "#B2182B", "#2166AC"
BLUE, INK, ORANGE = "#0072B2", "#7A8594", "#D55E00"
LINES = (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6BB1", INK)
"""Okabe and Ito's colours, which the colour-blind can tell apart; then two more."""
CLEAR = "rgba(0,0,0,0)"


@dataclass(frozen=True)
class Palette:
    """The colours of maps, which a visitor may choose; the colour-blind can tell each pair apart.

    more, less   of signed maps: speaks for, and against
    warm, cool   the words for them
    sequential   plotly's scale of maps without a sign, whose light grows evenly
    """

    name: str
    title: str
    more: str
    less: str
    warm: str
    cool: str
    sequential: str

    @property
    def told(self) -> str:
        return tr(f"{capital(self.warm)} speaks for the class, {self.cool} against it.")

    def stops(self, count: int = 9) -> list[tuple[float, str]]:
        """From `less`, over clear at 0, to `more`: for cells on a light or a dark ground."""
        places = np.linspace(-1, 1, count)
        return [
            ((float(at) + 1) / 2, rgba(self.more if at > 0 else self.less, round(abs(at), 3)))
            for at in places
        ]


STANDARD = Palette("red-blue", "Red, blue", FOR, AGAINST, "red", "blue", SEQUENTIAL)
PALETTES = {
    one.name: one
    for one in (
        STANDARD,
        Palette("orange-purple", "Orange, purple", "#B35806", "#542788", "orange", "purple",
                "Cividis"),
        Palette("orange-blue", "Orange, blue", ORANGE, BLUE, "orange", "blue", "Magma"),
    )
}  # fmt: skip
"""ColorBrewer's RdBu and PuOr, and Okabe and Ito's; with Viridis, Cividis and Magma."""
CLIP_PERCENTILE = 99


def share_scale() -> list[list[object]]:
    """From 0, the page's own colour, to 1, blue: for light and dark pages."""
    return [[0.0, rgba(BLUE, 0.04)], [1.0, rgba(BLUE, 1)]]


@dataclass(frozen=True)
class Scale:
    """What the ends of a map's colours stand for.

    low, high  values of the two end colours; low is -high for a signed map
    lowest, largest  of the map itself, as |value| where signed
    """

    signed: bool
    low: float
    high: float
    lowest: float
    largest: float
    palette: Palette = STANDARD

    @classmethod
    def of(cls, heatmap: NDArray[np.float32], signed: bool, palette: Palette = STANDARD) -> "Scale":
        """For a map (height, width); NaN does not count."""
        values = np.abs(heatmap) if signed else heatmap
        values = values[np.isfinite(values)] if values.size else values
        if not values.size or (signed and values.max() == 0):
            return cls(signed, -1.0 if signed else 0.0, 1.0, 0.0, 0.0, palette)
        lowest, largest = float(values.min()), float(values.max())
        low = 0.0 if signed else lowest
        top = float(np.percentile(values, CLIP_PERCENTILE))
        top = top if top > low else largest
        top = top if top > low else low + 1.0
        return cls(signed, -top if signed else low, top, lowest, largest, palette)

    @property
    def clipped(self) -> bool:
        """Whether there are values beyond the end colour."""
        return self.largest > self.high

    @property
    def words(self) -> str:
        """Such as "Colours end at the 99th percentile; largest: 0.31."."""
        if not self.clipped:
            return ""
        return tr(
            f"Colours end at the {CLIP_PERCENTILE}th percentile; largest: {self.largest:.3g}."
        )

    def opacity(self, heatmap: NDArray[np.float32]) -> NDArray[np.float32]:
        """(height, width) -> 0..1: how far a value is from nothing, on this scale; NaN gives 0."""
        size = np.abs(heatmap) / self.high if self.signed else self._place(heatmap)
        opacity: NDArray[np.float32] = np.clip(np.nan_to_num(size), 0, 1).astype(np.float32)
        return opacity

    def colour(self, heatmap: NDArray[np.float32]) -> NDArray[np.float32]:
        """(height, width) -> (height, width, 3), 0..255"""
        if self.signed:
            more, less = _bytes(self.palette.more), _bytes(self.palette.less)
            return np.where((heatmap > 0)[..., None], more, less)
        return _sampled(self.palette.sequential, self._place(heatmap))

    def _place(self, heatmap: NDArray[np.float32]) -> NDArray[np.float32]:
        return (heatmap - self.low) / (self.high - self.low)

    def stops(self, strength: float = 1.0, count: int = 9) -> list[tuple[float, str]]:
        """The scale as (place 0..1, "rgba(...)"), for plotly and CSS."""
        places = np.linspace(0, 1, count)
        values = (self.low + places * (self.high - self.low)).astype(np.float32)[None]
        shares, colours = strength * self.opacity(values)[0], self.colour(values)[0]
        return [
            (float(place), f"rgba({r:.0f},{g:.0f},{b:.0f},{share:.3f})")
            for place, (r, g, b), share in zip(places, colours, shares, strict=True)
        ]


def value_range(heatmap: NDArray[np.float32], signed: bool) -> tuple[float, float]:
    """The values at the two ends of the colour scale."""
    scale = Scale.of(heatmap, signed)
    return scale.low, scale.high


def _bytes(colour: str) -> NDArray[np.float32]:
    return np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)], np.float32)


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


def _sampled(name: str, place: NDArray[np.float32]) -> NDArray[np.float32]:
    """(height, width), 0..1 -> (height, width, 3), 0..255"""
    index = (np.clip(np.nan_to_num(place), 0, 1) * 255).round().astype(int)
    colours: NDArray[np.float32] = _palette(name)[index]
    return colours


def colour(heatmap: NDArray[np.float32], signed: bool) -> NDArray[np.float32]:
    """(height, width) -> (height, width, 3), 0..255, opaque; NaN is treated as the low end."""
    scale = Scale.of(heatmap, signed)
    place = (heatmap - scale.low) / (scale.high - scale.low)
    return _sampled(DIVERGING if signed else SEQUENTIAL, place)


NUMBERS: dict[str, Any] = {
    "exponentformat": "power",
    "minexponent": 5,
    "separatethousands": True,
}
"""Of an axis or a colour bar: in full from 0.00001 to 99,999, in powers of ten beyond."""


def new_figure(
    traces: Sequence[Any] | Mapping[str, Any], layout: Mapping[str, Any] | None = None
) -> go.Figure:
    """As go.Figure, its numbers in full."""
    return in_full(go.Figure(traces, layout))


def in_full(drawn: go.Figure) -> go.Figure:
    """The same figure with the numbers of its axes and colour bars in full."""
    drawn.update_xaxes(NUMBERS)
    drawn.update_yaxes(NUMBERS)
    drawn.update_traces(colorbar=NUMBERS, selector={"type": "heatmap"})
    drawn.update_traces(line_colorbar=NUMBERS, selector={"type": "parcoords"})
    return drawn
