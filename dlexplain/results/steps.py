"""One value of a network worked out in numbers: a convolution's, a cell's, an attention head's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ConvolutionStep:
    """Patch x kernel + bias = value, at one place of one channel.

    row, column  of the unit;  top, left  of the patch in the input; negative ones are padding
    stride       down and across
    patch, kernel  (input channels, height, width)
    inputs       which channels of the input these are
    value        the sum in float64
    model_value  the network's own, float32
    """

    layer: str
    channel: int
    row: int
    column: int
    top: int
    left: int
    stride: tuple[int, int]
    patch: Doubles
    kernel: Doubles
    inputs: tuple[int, ...]
    bias: float
    value: float
    model_value: float

    @property
    def sums(self) -> Doubles:
        """(input channels,) what each adds."""
        return np.asarray((self.patch * self.kernel).sum((1, 2)))


@dataclass(frozen=True, eq=False)
class StageStep:
    """One value of a layer that follows a convolution.

    kind         "norm", "activation", "maximum" or "mean"
    formula      in words or symbols
    window       (height, width) of the values before it that it looks at
    row, column  its place;  top, left  of the window
    value, model_value  as of a convolution
    """

    layer: str
    kind: str
    formula: str
    window: Doubles
    top: int
    left: int
    row: int
    column: int
    value: float
    model_value: float


@dataclass(frozen=True, eq=False)
class StepThrough:
    """A convolution's value and what becomes of it; `ended` says why it ends there."""

    model: str
    convolution: ConvolutionStep
    stages: tuple[StageStep, ...]
    ended: str

    @property
    def difference(self) -> float:
        """The largest between a value worked out and the network's own."""
        steps: tuple[ConvolutionStep | StageStep, ...] = (self.convolution, *self.stages)
        return max(abs(step.value - step.model_value) for step in steps)

    def to_dict(self) -> dict[str, Any]:
        """The form that a download has."""
        return {
            "model": self.model,
            "convolution": _plain(self.convolution),
            "stages": [_plain(stage) for stage in self.stages],
            "ended": self.ended,
        }


@dataclass(frozen=True, eq=False)
class GateStep:
    """act(sum of inputs + sum of the past + bias) of one unit.

    activation  "sigmoid", "tanh" or "relu"
    from_input  (inputs,) products of weights and the layer's input
    from_past   (units,) products of weights and the hidden state before; of a GRU's candidate
                already times the reset gate
    bias        of both
    """

    name: str
    activation: str
    from_input: Doubles
    from_past: Doubles
    bias: float
    total: float
    value: float


@dataclass(frozen=True, eq=False)
class CellStep:
    """One step of one unit of a recurrent layer.

    tokens         of the text;  place  of the one that is read
    gates          in the order in which they are computed; of Elman's network one, the new state
    before, after  "hidden", and "cell" of an LSTM, of this unit
    model_after    "hidden" as the network's own layer has it
    """

    model: str
    cell: str
    layer: int
    unit: int
    tokens: tuple[str, ...]
    place: int
    gates: tuple[GateStep, ...]
    before: Mapping[str, float]
    after: Mapping[str, float]
    model_after: float

    def to_dict(self) -> dict[str, Any]:
        """The form that a download has."""
        return {**_plain(self), "gates": [_plain(gate) for gate in self.gates]}


@dataclass(frozen=True, eq=False)
class HeadStep:
    """Where one token looks by one head: softmax(q . k / sqrt(d) + bias), then the sum of values.

    tokens  that can be looked at;  place  of the one that looks
    query   (d,);  keys, values  (tokens, d)
    bias    (tokens,) what the model adds for distance; 0 of most; -infinity is not looked at
    weights, model_weights   (tokens,) worked out, and the network's own
    """

    model: str
    layer: int
    head: int
    tokens: tuple[str, ...]
    place: int
    query: Doubles
    keys: Doubles
    values: Doubles
    bias: Doubles
    weights: Doubles
    model_weights: Doubles

    @property
    def products(self) -> Doubles:
        """(tokens,) q . k"""
        return np.asarray(self.keys @ self.query)

    @property
    def scores(self) -> Doubles:
        """(tokens,) q . k / sqrt(d) + bias"""
        return np.asarray(self.products / np.sqrt(len(self.query)) + self.bias)

    @property
    def seen(self) -> Doubles:
        """(d,) the weighted sum of the values."""
        return np.asarray(self.weights @ self.values)

    def to_dict(self) -> dict[str, Any]:
        """The form that a download has."""
        kept = _plain(self)
        kept["bias"] = [None if b == -np.inf else b for b in self.bias.tolist()]
        return kept


def _plain(step: object) -> dict[str, Any]:
    """Arrays as lists, mappings as dictionaries."""
    found: dict[str, Any] = {}
    for key, value in vars(step).items():
        if isinstance(value, np.ndarray):
            value = value.tolist()
        elif isinstance(value, Mapping):
            value = dict(value)
        found[key] = value
    return found
