"""A picture model's layers: cost, feature maps, filters, receptive fields, what maximises them."""

import base64
import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dlexplain.figures.attribution import map_figure
from dlexplain.figures.latent_sheets import png, sheet
from dlexplain.figures.making import BASE
from dlexplain.figures.overlay import enlarged
from dlexplain.figures.scales import BLUE, INK, ORANGE, colour, new_figure
from dlexplain.language import tr
from dlexplain.results import (
    ActivationMaximisation,
    FeatureMaps,
    Filters,
    Layers,
    ReceptiveField,
    Rectangle,
    TopActivation,
    plot,
)

SHOWN = 16
"""Channels that are drawn where nothing else is said."""
TILE = 112
"""Side in pixels up to which a small map is enlarged, each of its values a square."""
FRAME = "#E69F00"


class Tile(NamedTuple):
    """A small picture: its data: address, what stands below it, what is said on hover."""

    source: str
    label: str
    told: str


def address(pixels: NDArray[np.uint8]) -> str:
    """A picture as a data: address; a small one with its pixels as squares."""
    buffer = io.BytesIO()
    Image.fromarray(enlarged(pixels, TILE)).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def is_signed(maps: FeatureMaps) -> bool:
    """Whether the layer puts out values below 0, so that 0 is the middle of the colours."""
    return bool(maps.values.min() < 0)


def channel_tiles(maps: FeatureMaps, count: int = SHOWN, together: bool = True) -> list[Tile]:
    """The most active channels.

    together  one scale of colours for all of them, so that they can be compared
    """
    chosen = maps.order[:count]
    found = _coloured(maps.values[chosen], is_signed(maps), together)
    means, largest = maps.means, maps.largest
    return [
        Tile(
            address(pixels),
            f"{channel}",
            tr(f"channel {channel}: mean {means[channel]:.3g}, largest {largest[channel]:.3g}"),
        )
        for channel, pixels in zip(chosen.tolist(), found, strict=True)
    ]


def maps_png(maps: FeatureMaps, count: int = SHOWN, together: bool = True) -> bytes:
    """The same channels as one PNG, eight in a row."""
    found = _coloured(maps.values[maps.order[:count]], is_signed(maps), together)
    return png(sheet(np.stack(found)))


def filter_tiles(filters: Filters) -> list[Tile]:
    """In colour where they read three channels; else red above 0 and blue below."""
    weights = filters.weights
    if weights.shape[1] == 3:
        top = np.abs(weights).max((1, 2, 3), keepdims=True)
        share = 0.5 + 0.5 * weights / np.where(top > 0, top, 1.0)
        pictures = list((255 * share).round().astype(np.uint8).transpose(0, 2, 3, 1))
    else:
        pictures = _coloured(weights[:, 0], signed=True, together=False)
    return [
        Tile(address(np.ascontiguousarray(pixels)), f"{index}", _filter_told(index, weights[index]))
        for index, pixels in enumerate(pictures)
    ]


def _filter_told(place: int, weights: NDArray[np.float32]) -> str:
    return tr(f"filter {place}: {weights.min():.3g} to {weights.max():.3g}")


def _coloured(maps: NDArray[np.float32], signed: bool, together: bool) -> list[NDArray[np.uint8]]:
    """(count, height, width) -> as many (height, width, 3)"""
    if together:
        count, height, width = maps.shape
        stack = colour(maps.reshape(count * height, width), signed).astype(np.uint8)
        return list(stack.reshape(count, height, width, 3))
    return [colour(each, signed).astype(np.uint8) for each in maps]


def top_activation_tile(found: TopActivation) -> Tile:
    """The picture with a frame around what the unit saw that was most excited."""
    label = tr(f"{found.activation:.3g}, mean {found.mean:.3g}")
    told = tr(f"{found.name}: largest value {found.activation:.3g}, mean {found.mean:.3g}")
    return Tile(address(framed(found.picture, found.field)), label, told)


def framed(picture: NDArray[np.uint8], field: Rectangle) -> NDArray[np.uint8]:
    """A picture with a rectangle around these pixels; a small one is enlarged."""
    large = enlarged(picture, 2 * TILE)
    factor = large.shape[0] // picture.shape[0]
    image = Image.fromarray(large)
    corners = (field.left, field.top, field.right + 1, field.bottom + 1)
    left, top, right, bottom = (factor * corner for corner in corners)
    draw = ImageDraw.Draw(image)
    draw.rectangle((left, top, right - 1, bottom - 1), outline="black", width=5)
    draw.rectangle((left, top, right - 1, bottom - 1), outline=FRAME, width=3)
    return np.asarray(image)


@plot.register
def plot_layers(found: Layers) -> go.Figure:
    """Multiply-adds and parameters of each layer that has any."""
    costly = [layer for layer in found.layers if layer.parameters or layer.multiply_adds]
    names = [layer.name for layer in costly]
    bars = (
        (tr("multiply-adds"), [layer.multiply_adds for layer in costly], BLUE, "y"),
        (tr("parameters"), [layer.parameters for layer in costly], ORANGE, "y2"),
    )
    traces = [
        {
            "type": "bar",
            "x": names,
            "y": values,
            "yaxis": axis,
            "name": name,
            "marker": {"color": shade},
            "hovertemplate": "%{x}: %{y:,}<extra>" + name + "</extra>",
        }
        for name, values, shade, axis in bars
    ]
    return new_figure(
        traces,
        {
            **BASE,
            "height": 360,
            "showlegend": False,
            "xaxis": {
                "type": "category",
                "anchor": "y2",
                "tickangle": -60,
                "showticklabels": len(names) < 24,
                "automargin": True,
            },
            "yaxis": {
                "title": {"text": tr("multiply-adds")},
                "domain": [0.55, 1.0],
                "automargin": True,
                "tickformat": "~s",
            },
            "yaxis2": {
                "title": {"text": tr("parameters")},
                "domain": [0.0, 0.45],
                "automargin": True,
                "tickformat": "~s",
            },
        },
    )


@plot.register
def plot_maps(maps: FeatureMaps, count: int = SHOWN) -> go.Figure:
    """The most active channels side by side; of a layer of units, a bar each."""
    if maps.values.shape[1:] == (1, 1):
        return plot_units(maps, count)
    found = _coloured(maps.values[maps.order[:count]], is_signed(maps), together=True)
    across = int(np.ceil(len(found) ** 0.5))
    blank = np.full_like(found[0], 128)
    found += [blank] * (-len(found) % across)
    rows = [np.concatenate(found[i : i + across], 1) for i in range(0, len(found), across)]
    hidden = {"visible": False}
    return new_figure(
        {"type": "image", "z": np.concatenate(rows), "hoverinfo": "skip"},
        {**BASE, "height": 420, "xaxis": hidden, "yaxis": hidden},
    )


def plot_units(maps: FeatureMaps, count: int, names: Sequence[str] = ()) -> go.Figure:
    """The most active units of a layer without places; `names` of all units, where they have."""
    chosen = maps.order[:count]
    values = maps.values[chosen, 0, 0]
    labels = [names[unit] if names else tr(f"unit {unit}") for unit in chosen.tolist()]
    return new_figure(
        {
            "type": "bar",
            "orientation": "h",
            "x": values,
            "y": labels,
            "marker": {"color": BLUE},
            "hovertemplate": "%{y}: %{x:.4g}<extra></extra>",
        },
        {
            **BASE,
            "height": 60 + 18 * len(chosen),
            "yaxis": {"type": "category", "autorange": "reversed", "automargin": True},
        },
    )


def plot_channel(maps: FeatureMaps, channel: int, strength: float = 0.8) -> go.Figure:
    """One channel over the picture, each of its values on the pixels at its place."""
    height, width = maps.picture.shape[:2]
    values = maps.values[channel]
    rows = np.arange(height) * values.shape[0] // height
    columns = np.arange(width) * values.shape[1] // width
    spread = values[rows[:, None], columns]
    return map_figure(maps.picture, spread, is_signed(maps), strength, unit="activation")


@plot.register
def plot_field(found: ReceptiveField, strength: float = 0.8) -> go.Figure:
    """How strongly the unit sees each pixel, and a frame around what it can see."""
    if found.picture is None or found.strengths is None:
        raise ValueError("a receptive field is drawn on a picture; give one to receptive_field")
    inside = np.where(found.strengths > 0, found.strengths, np.nan).astype(np.float32)
    figure = map_figure(found.picture, inside, False, strength, 420, "|d unit / d pixel|")
    box = found.analysed
    figure.add_shape(
        type="rect",
        x0=box.left - 0.5,
        x1=box.right + 0.5,
        y0=box.top - 0.5,
        y1=box.bottom + 0.5,
        line={"color": FRAME, "width": 3},
    )
    return figure


@plot.register
def plot_activation_maximisation(found: ActivationMaximisation) -> go.Figure:
    """The activation that was raised, step by step, and that of pictures of noise."""
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "y": found.curve,
            "mode": "lines",
            "name": tr("on the way"),
            "line": {"color": BLUE, "width": 2},
            "hovertemplate": tr("step %{x}: %{y:.4g}") + "<extra></extra>",
        }
    ]
    noise = float(found.noise.max())
    what = tr("mean") if found.unit == "channel" else tr("middle unit")
    title = tr(f"{what} of channel {found.channel}, {found.raised}")
    return new_figure(
        traces,
        {
            **BASE,
            "height": 260,
            "xaxis": {"title": {"text": tr("step")}},
            "yaxis": {"title": {"text": title}, "automargin": True},
            "shapes": [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": noise,
                        "y1": noise, "line": {"color": INK, "dash": "dot"}}]
            if found.raised == found.layer else [],
        },
    )  # fmt: skip
