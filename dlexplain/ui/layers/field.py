"""The receptive field of a unit, drawn on the picture."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dlexplain.figures.layers import plot_field
from dlexplain.language import tr
from dlexplain.results import Layer, ReceptiveField, Rectangle
from dlexplain.services.pictures.sources import Picture
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.layers import cache
from dlexplain.ui.layers.choice import Kept, choose_layer, choose_unit, middle_active


def show_field(name: str, picture: Picture, opened: bool) -> Kept:
    """The view; returns what of it is to be in the address."""
    layer = choose_layer(cache.layers(name), opened, first=middle_active)
    maps = cache.maps(name, picture, layer.name, "mean")
    unit = choose_unit(
        name,
        layer,
        opened,
        lambda: strongest(maps.values),
        lambda channel: _lively(maps.values[channel]),
        "At first in the middle, or where the channel is most active if it is not active there.",
    )
    found = cache.field(name, picture, layer.name, unit)
    left, right = st.columns([3, 2], gap="large")
    with left:
        chart(plot_field(found), "layers-field")
    with right:
        _told(found, float(maps.values[unit]))
    download("JSON", found.to_dict, f"{name}-{layer.name}-field.json", "layers-field-json")
    channel, row, column = unit
    kept = {"layer": layer.name, "channel": str(channel)}
    return {**kept, "row": str(row), "column": str(column)}


def strongest(values: NDArray[np.float32]) -> int:
    """The channel of (channels, rows, columns) that is most active in the middle, or of all where
    none is active there."""
    _, height, width = values.shape
    middle = values[:, height // 2, width // 2]
    found = middle if middle.max() > 0 else values.reshape(len(values), -1).max(1)
    return int(found.argmax())


def _lively(values: NDArray[np.float32]) -> tuple[int, int]:
    """The middle of (rows, columns) where that is active, else the place of the largest value."""
    row, column = (side // 2 for side in values.shape)
    if values[row, column] > 0:
        return row, column
    row, column = (int(i) for i in np.unravel_index(int(values.argmax()), values.shape))
    return row, column


def most_active(name: str, picture: Picture, layer: Layer, channel: int) -> tuple[int, int]:
    """The place of the channel's largest value."""
    values = cache.maps(name, picture, layer.name, "mean").values[channel]
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    return int(row), int(column)


def _told(found: ReceptiveField, value: float) -> None:
    box = found.analysed
    st.markdown(
        tr(
            f"The unit at row {found.row}, column {found.column} of channel {found.channel} is "
            f"**{value:.4g}**. It sees **{box.height} × {box.width}** pixels: {_rectangle(box)}."
        )
    )
    height, width = found.size
    if (height, width) != (box.height, box.width):
        st.markdown(tr(f"Without the picture's edge it would see {height} × {width}."))
    if found.step != (0, 0):
        down, across = found.step
        st.markdown(tr(f"Its neighbours' fields lie {down} pixels down and {across} across."))
    if found.agrees:
        st.markdown(
            tr(
                ":green[:material/check_circle:] Kernels, strides and paddings say so, and so "
                "does the "
                "gradient."
            )
        )
    else:
        st.warning(
            tr(
                f"The gradient says {_rectangle(found.by_gradient)}: the network does something "
                "between its layers that their settings do not tell."
            )
        )
    assert found.strengths is not None
    share = float((found.strengths > 0).mean())
    if share == 0:
        st.info(tr("On this picture no pixel has a gradient: the values on its way are cut to 0."))
    else:
        st.caption(
            tr(
                f"The colours are the gradient{_of(found)} on this picture: how strongly each "
                "pixel "
                f"counts here. Half of it lies on {half_of(found.strengths, box)}."
            )
        )


def _of(found: ReceptiveField) -> str:
    if found.measured == found.layer:
        return ""
    return f" of the value before the activation function, of {found.measured},"


def half_of(strengths: NDArray[np.float32], field: Rectangle) -> str:
    """How many pixels of the field, strongest first, have half of the sum of the strengths:
    "38 of the field's 1,024 pixels (3.7%)"."""
    ordered = np.sort(strengths.ravel().astype(np.float64))[::-1].cumsum()
    count = 1 + int(np.searchsorted(ordered, ordered[-1] / 2))
    pixels = field.height * field.width
    return f"{count:,} of the field's {pixels:,} pixels ({100 * count / pixels:.2g}%)"


def _rectangle(box: Rectangle) -> str:
    return f"rows {box.top:d} to {box.bottom:d}, columns {box.left:d} to {box.right:d}"
