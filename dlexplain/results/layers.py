"""The layers of a picture model, and what their channels show."""

import difflib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import ParamError
from dlexplain.params import Value
from dlexplain.results.explanations import plot

Floats = NDArray[np.float32]
CLOSEST = 5
"""Names that an error suggests."""
CLEARLY = 0.25
"""Of the largest activation of noise: how far above it a made picture is clearly above."""


def layer_called(names: Sequence[str], name: str) -> str:
    """The one of `names`, in the order in which they run, that `name` means.

    A block's name, such as "blocks.0", means its last layer. Raises ParamError, which says which
    names are closest.
    """
    if name in names:
        return name
    inside = [known for known in names if name and known.startswith(f"{name}.")]
    if inside:
        return inside[-1]
    blocks = {known[:place] for known in names for place in _dots(known)}
    close = difflib.get_close_matches(name, [*names, *sorted(blocks)], CLOSEST, 0.5)
    if close:
        raise ParamError(f'there is no layer "{name}"; the closest: {", ".join(close)}')
    more = " and so on" if len(names) > CLOSEST else ""
    raise ParamError(f'there is no layer "{name}"; known: {", ".join(names[:CLOSEST])}{more}')


def _dots(name: str) -> list[int]:
    return [index for index, letter in enumerate(name) if letter == "."]


@dataclass(frozen=True)
class Layer:
    """A layer as a model runs it.

    name            its module's name in the network
    kind            its module's class, such as Conv2d
    settings        what it is set to, in words, such as "3 x 3, stride 2"
    shape_in, shape_out   channels, height and width; or units
    multiply_adds   of convolutions and linear layers; 0 of others
    sources         names of the layers whose output it takes; "picture" is the model's input
    adds            whether it is a block that puts out a sum of several layers
    """

    name: str
    kind: str
    settings: str
    shape_in: tuple[int, ...]
    shape_out: tuple[int, ...]
    parameters: int
    multiply_adds: int
    sources: tuple[str, ...]
    adds: bool = False


@dataclass(frozen=True)
class Layers:
    """All layers of a model in the order in which they run; costs are of one picture."""

    model: str
    input_shape: tuple[int, ...]
    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiply_adds(self) -> int:
        return sum(layer.multiply_adds for layer in self.layers)

    @property
    def told(self) -> str:
        """In a sentence: how large it is, and which layer does most of the work."""
        told = f"{self.model} has {len(self.layers):,} layers and {self.parameters:,} parameters"
        most = max(self.layers, key=lambda layer: layer.multiply_adds, default=None)
        if most is None or not most.multiply_adds:
            return f"{told}."
        share = most.multiply_adds / self.multiply_adds
        return (
            f"{told}; most of the work is done by {most.name}, {share:.0%} of the "
            f"{self.multiply_adds:,} multiply-adds that a picture takes."
        )

    def to_dict(self) -> dict[str, Any]:
        """The form that `layers --json` prints."""
        return {
            "model": self.model,
            "input_shape": list(self.input_shape),
            "parameters": self.parameters,
            "multiply_adds": self.multiply_adds,
            "layers": [
                vars(layer)
                | {
                    "shape_in": list(layer.shape_in),
                    "shape_out": list(layer.shape_out),
                    "sources": list(layer.sources),
                }
                for layer in self.layers
            ],
        }

    def plot(self) -> Any:
        """Multiply-adds and parameters, a bar a layer."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class FeatureMaps:
    """What a layer puts out on a picture.

    values   (channels, height, width); a layer of units has height and width 1
    order    channels, the most active first
    ranked_by  "mean" or "largest": of what
    picture  (height, width, 3) uint8, what the model saw
    """

    model: str
    layer: str
    kind: str
    values: Floats
    order: NDArray[np.int64]
    ranked_by: str
    picture: NDArray[np.uint8]

    @property
    def means(self) -> Floats:
        """(channels,)"""
        return np.asarray(self.values.mean((1, 2)), np.float32)

    @property
    def largest(self) -> Floats:
        """(channels,)"""
        return np.asarray(self.values.max((1, 2)), np.float32)

    def to_npz(self) -> bytes:
        """A NumPy archive: `maps` as in `values`, `order`, `picture`."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            maps=self.values,
            order=self.order,
            picture=self.picture,
            layer=np.array(self.layer),
            model=np.array(self.model),
        )
        return buffer.getvalue()

    def plot(self) -> Any:
        """The most active channels as tiles."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class Filters:
    """Weights of the first convolution, (filters, channels, height, width)."""

    model: str
    layer: str
    weights: Floats


@dataclass(frozen=True)
class Rectangle:
    """The first and the last row and column, in pixels of what the model sees."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top + 1

    @property
    def width(self) -> int:
        return self.right - self.left + 1

    def joined(self, other: "Rectangle | None") -> "Rectangle":
        """The smallest rectangle around both."""
        if other is None:
            return self
        return Rectangle(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )


@dataclass(frozen=True, eq=False)
class ReceptiveField:
    """Which pixels a unit sees.

    row, column   the unit's place
    analysed      by kernels, strides and paddings of the layers before
    by_gradient   the pixels that have a gradient where nothing cancels; the same where the analysis
                  is right
    size          (height, width) on a picture without an end
    step          pixels between the fields of neighbouring units, down and across; (0, 0) where
                  there are none
    strengths     (height, width) |d unit / d pixel| on the picture, summed over colours; None
                  without a picture
    picture       (height, width, 3) uint8, what the model saw, or None
    measured      the layer whose gradient that is: the one before an activation function, which has
                  none where it is flat
    """

    model: str
    layer: str
    channel: int
    row: int
    column: int
    analysed: Rectangle
    by_gradient: Rectangle
    size: tuple[int, int]
    step: tuple[int, int]
    strengths: Floats | None
    picture: NDArray[np.uint8] | None
    measured: str

    @property
    def agrees(self) -> bool:
        return self.analysed == self.by_gradient

    def to_dict(self) -> dict[str, Any]:
        """The form that `receptive-field --json` prints: everything but the arrays."""
        return {
            "model": self.model,
            "layer": self.layer,
            "channel": self.channel,
            "row": self.row,
            "column": self.column,
            "analysed": vars(self.analysed),
            "by_gradient": vars(self.by_gradient),
            "size": list(self.size),
            "step": list(self.step),
        }

    def plot(self) -> Any:
        """The field's frame and the strengths over the picture."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class TopActivation:
    """A picture that excites a channel.

    name        the picture's
    activation  the channel's largest value on it
    mean        the layer's channel on it, mean over its places, as ActivationMaximisation has it
    field       what the unit sees that has this value
    picture     (height, width, 3) uint8, what the model saw
    """

    name: str
    activation: float
    mean: float
    field: Rectangle
    picture: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class TopActivations:
    """The pictures of a set that most excite a channel, the best first.

    measured     the layer whose values were looked at: the one before an activation function
    set          what was searched, for people
    activations  (pictures,) of all, in the set's order
    """

    model: str
    layer: str
    channel: int
    measured: str
    set: str
    best: tuple[TopActivation, ...]
    activations: Floats
    seconds: float


@dataclass(frozen=True, eq=False)
class ActivationMaximisation:
    """The picture that a channel likes best, as gradient ascent made it.

    picture     (height, width, 3) uint8
    unit        "channel" or "middle unit": what was raised
    raised      the layer whose values were raised: the one before an activation function, where
                the gradient does not vanish
    activation  of `layer` on the picture: its channel's mean over all places, or its unit
    noise       (pictures,) the same on pictures of random pixels
    curve       (steps,) of `raised`, on the shifted pictures
    """

    model: str
    layer: str
    channel: int
    unit: str
    raised: str
    picture: NDArray[np.uint8]
    activation: float
    noise: Floats
    curve: Floats
    params: dict[str, Value]
    seconds: float

    @property
    def is_clear(self) -> bool:
        """Whether the activation is clearly above that of every picture of random pixels: by a
        quarter of the largest of these."""
        most = float(self.noise.max())
        return self.activation > most + CLEARLY * abs(most)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the picture."""
        kept = {k: v for k, v in vars(self).items() if k not in ("picture", "noise", "curve")}
        return {**kept, "noise": self.noise.tolist(), "curve": self.curve.tolist()}

    def plot(self) -> Any:
        """The curve."""
        return plot(self)
