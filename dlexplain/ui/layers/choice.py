"""Choosing a layer, a channel of it and a unit of that; no torch here."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from dlexplain.errors import Incompatible
from dlexplain.figures.layer_graph import shape_text
from dlexplain.language import tr
from dlexplain.results import Layer, Layers
from dlexplain.results.layers import layer_called
from dlexplain.ui.address import from_address, whole_number

LAYER, CHANNEL, ROW, COLUMN = "layers-layer", "layers-channel", "layers-row", "layers-column"
GIVEN = f"{LAYER}-given"
"""In the session: the layer that a view began with; what nobody has changed becomes the next
view's."""
Kept = dict[str, str | None]
"""What of a view is to be in the address."""


def choose_layer(
    found: Layers,
    opened: bool,
    names: Sequence[str] = (),
    first: Callable[[Sequence[Layer]], str] | None = None,
) -> Layer:
    """The picker.

    names  those that are offered, by default all
    first  says the one that is shown first, by default the first activation function's

    Raises Incompatible where there is none, as in an ONNX file.
    """
    state = st.session_state
    known = {layer.name: layer for layer in found.layers if not names or layer.name in names}
    if not known:
        raise Incompatible(f"{found.model} shows none of its layers")
    if opened and "layer" in st.query_params:
        state.pop(GIVEN, None)
    from_address("layer", partial(_known, known), opened, LAYER)
    if state.get(LAYER) not in known or state[LAYER] == state.get(GIVEN):
        state[LAYER] = state[GIVEN] = (first or first_active)(list(known.values()))
    chosen = st.selectbox(
        tr("Layer"),
        list(known),
        key=LAYER,
        persist_state="session",
        format_func=lambda name: tr(layer_title(known[name])),
        help=tr("In the order in which they run, with what they put out. Type to search."),
    )
    return known[chosen]


def layer_title(layer: Layer) -> str:
    """features.2, ReLU, 32 × 8 × 8"""
    return f"{layer.name}, {layer.kind}, {shape_text(layer.shape_out)}"


def first_active(layers: Sequence[Layer]) -> str:
    """The first activation function's, whose maps are the easiest to read."""
    return next((layer.name for layer in layers if _is_active(layer)), layers[0].name)


def middle_active(layers: Sequence[Layer]) -> str:
    """That of the activation function in the middle of those with feature maps: its channels
    answer to more than an edge or a colour, and its units see a part of the picture."""
    mapped = [layer for layer in layers if len(layer.shape_out) == 3 and layer.shape_out[1] > 1]
    active = [layer for layer in mapped if _is_active(layer)] or mapped or layers
    return active[len(active) // 2].name


def _is_active(layer: Layer) -> bool:
    return layer.kind.endswith(("LU", "LU6", "Tanh", "Sigmoid"))


def _known(known: dict[str, Layer], name: str) -> str:
    return layer_called(list(known), name)


def choose_channel(
    model: str, layer: Layer, opened: bool, first: Callable[[], int] | None = None
) -> int:
    """first  the channel that is shown first of each layer, the most active; by default 0"""
    about = f"{model}/{layer.name}"
    return choose_number(
        "Channel",
        "channel",
        CHANNEL,
        layer.shape_out[0],
        about,
        opened,
        first or (lambda: 0),
        ("At first the most active one. " if first else "") + "A layer of units has one a unit.",
    )


def choose_unit(
    model: str,
    layer: Layer,
    opened: bool,
    first: Callable[[], int],
    place: Callable[[int], tuple[int, int]],
    told: str = "At first where the channel is most active.",
) -> tuple[int, int, int]:
    """Channel, row and column, side by side; a layer without places has one row and column.

    first  the channel that is shown first of each layer;  place  the one of each channel, about
           which the fields' help says what is `told`
    """
    places = layer.shape_out[1:] if len(layer.shape_out) == 3 else (1, 1)
    left, middle, right = st.columns(3)
    with left:
        channel = choose_channel(model, layer, opened, first)
    about = f"{model}/{layer.name}/{channel}"
    with middle:
        row = choose_number(
            "Row", "row", ROW, places[0], about, opened, lambda: place(channel)[0], told
        )
    with right:
        column = choose_number(
            "Column", "column", COLUMN, places[1], about, opened, lambda: place(channel)[1], told
        )
    return channel, row, column


def choose_number(
    label: str,
    parameter: str,
    key: str,
    count: int,
    about: str,
    opened: bool,
    first: Callable[[], int],
    told: str,
) -> int:
    """A number from 0 to count - 1; of something new, `about` says of what, it is `first` again."""
    state = st.session_state
    if opened:
        state.pop(key, None)
    from_address(parameter, whole_number(parameter, 0, count - 1), opened, key)
    asked = opened and key in state
    if (state.get(f"{key}-of") != about and not asked) or state.get(key) not in range(count):
        state[key] = first()
    state[f"{key}-of"] = about
    if count == 1:
        return 0
    return int(
        st.number_input(
            tr(label),
            0,
            count - 1,
            key=key,
            persist_state="session",
            help=tr(f"{told} A whole number from 0 to {count - 1}."),
        )
    )
