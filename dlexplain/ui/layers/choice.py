"""Choosing a layer, a channel of it and a unit of that; no torch here."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from dlexplain.errors import BadInput
from dlexplain.figures.layer_graph import shape_text
from dlexplain.results import Layer, Layers
from dlexplain.ui.writing.choice import from_query

LAYER, CHANNEL, ROW, COLUMN = "layers-layer", "layers-channel", "layers-row", "layers-column"
Kept = dict[str, str | None]
"""What of a view is to be in the address."""


def choose_layer(
    found: Layers, opened: bool, names: Sequence[str] = (), first: str | None = None
) -> Layer:
    """The picker; names  those that are offered, by default all;  first  the one shown first."""
    known = {layer.name: layer for layer in found.layers if not names or layer.name in names}
    from_query("layer", LAYER, partial(_known, known), opened)
    if st.session_state.get(LAYER) not in known:
        st.session_state[LAYER] = first or _first_active(list(known.values()))
    chosen = st.selectbox(
        "Layer", list(known), key=LAYER, persist_state="session",
        format_func=lambda name: layer_title(known[name]),
        help="In the order in which they run, with what they put out. Type to search.",
    )  # fmt: skip
    return known[chosen]


def layer_title(layer: Layer) -> str:
    """features.2, ReLU, 32 × 8 × 8"""
    return f"{layer.name}, {layer.kind}, {shape_text(layer.shape_out)}"


def _first_active(layers: Sequence[Layer]) -> str:
    """The first activation function's, whose maps are the easiest to read."""
    for layer in layers:
        if layer.kind.endswith(("LU", "LU6", "Tanh", "Sigmoid")):
            return layer.name
    return layers[0].name


def _known(known: dict[str, Layer], name: str) -> str:
    if name not in known:
        few = ", ".join(list(known)[:8])
        raise BadInput(f'no layer "{name}" can be chosen; known: {few} and so on')
    return name


def choose_channel(
    model: str, layer: Layer, opened: bool, first: Callable[[], int] = lambda: 0
) -> int:
    """first  the channel that is shown first of each layer"""
    about = f"{model}/{layer.name}"
    return choose_number(
        "Channel", "channel", CHANNEL, layer.shape_out[0], about, opened, first,
        "At first the most active one. A layer of units has one a unit.",
    )  # fmt: skip


def choose_unit(
    model: str,
    layer: Layer,
    opened: bool,
    first: Callable[[], int],
    place: Callable[[int], tuple[int, int]],
) -> tuple[int, int, int]:
    """Channel, row and column, side by side; a layer without places has one row and column.

    first  the channel that is shown first of each layer;  place  the one of each channel
    """
    places = layer.shape_out[1:] if len(layer.shape_out) == 3 else (1, 1)
    left, middle, right = st.columns(3)
    with left:
        channel = choose_channel(model, layer, opened, first)
    about, told = f"{model}/{layer.name}/{channel}", "At first where the channel is most active."
    with middle:
        row = choose_number("Row", "row", ROW, places[0], about, opened,
                            lambda: place(channel)[0], told)  # fmt: skip
    with right:
        column = choose_number("Column", "column", COLUMN, places[1], about, opened,
                               lambda: place(channel)[1], told)  # fmt: skip
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
    from_query(parameter, key, partial(_whole, parameter, count), opened)
    asked = opened and key in state
    if (state.get(f"{key}-of") != about and not asked) or state.get(key) not in range(count):
        state[key] = first()
    state[f"{key}-of"] = about
    if count == 1:
        return 0
    return int(
        st.number_input(
            label, 0, count - 1, key=key, persist_state="session",
            help=f"{told} A whole number from 0 to {count - 1}.",
        )
    )  # fmt: skip


def _whole(parameter: str, count: int, text: str) -> int:
    if not text.isdecimal() or int(text) >= count:
        raise BadInput(f'{parameter} is "{text}"; it takes a whole number from 0 to {count - 1}')
    return int(text)
