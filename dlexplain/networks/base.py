"""What a model is before it is loaded or trained, and the registers of both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from torch import Tensor, nn

from dlexplain.registry import Registry


@dataclass(frozen=True)
class PicturePreprocessing:
    """From an RGB picture to the model's input: resize, centre crop, (pixel - mean) / scale.

    resize  short side in pixels, bicubic
    crop    side of the square that the model sees
    """

    resize: int
    crop: int
    mean: float
    scale: float

    @property
    def value_range(self) -> tuple[float, float]:
        """The input values of a black and of a white pixel."""
        return (0.0 - self.mean) / self.scale, (255.0 - self.mean) / self.scale


@dataclass(frozen=True)
class ModelSpec:
    """A model that can be loaded by name.

    labels        name of the class list in dlexplain.data.class_list, or, where the model says
                  its classes itself, of the data set that they are from
    input_shape   (channels, height, width); one channel is grey, luminance as Pillow's "L"
    weights       finds the weight file, raising WeightsError with what to do
    read_weights  reads it into the state dict of `build()`, never unpickling code
    classes       the labels in the order of the outputs, or () where `labels` names a list
    """

    name: str
    title: str
    task: str
    modality: str
    input_shape: tuple[int, int, int]
    labels: str
    preprocessing: PicturePreprocessing
    paper: str
    licence: str
    build: Callable[[], nn.Module]
    weights: Callable[[], Path]
    read_weights: Callable[[Path], dict[str, Tensor]]
    classes: tuple[str, ...] = ()


MODELS: Registry[ModelSpec] = Registry("model")


@dataclass(frozen=True)
class PictureShape:
    """What a picture classifier is built for: (channels, side, side) in, `classes` logits out."""

    channels: int
    side: int
    classes: int


@dataclass(frozen=True)
class SeriesShape:
    """What a forecaster is built for: (window, series) in, (horizon, targets, quantiles) out."""

    series: int
    window: int
    horizon: int
    targets: int
    quantiles: int


@runtime_checkable
class SeesData(Protocol):
    """A module that is shown some training inputs, as it will see them, before it is trained."""

    def see_data(self, inputs: Tensor) -> None: ...


@runtime_checkable
class KeepsPart(Protocol):
    """A module of which only a part is kept: what differs from weights that a package carries."""

    def own_state(self) -> dict[str, Tensor]: ...

    def load_own_state(self, state: Mapping[str, Tensor]) -> None:
        """Strictly; raises RuntimeError where names or shapes are others."""


def kept_state(network: nn.Module) -> dict[str, Tensor]:
    """What of a network is written to disk, by name, on the CPU; a shared weight once."""
    state = network.own_state() if isinstance(network, KeepsPart) else network.state_dict()
    again = shared_weights(network)
    return {k: t.detach().cpu().contiguous() for k, t in state.items() if k not in again}


def shared_weights(network: nn.Module) -> dict[str, str]:
    """Further names of weights that a network uses twice: {such a name: the first one}."""
    first: dict[int, str] = {}
    named = network.named_parameters(remove_duplicate=False)
    pairs = ((name, first.setdefault(id(weight), name)) for name, weight in named)
    return {name: earlier for name, earlier in pairs if name != earlier}


@dataclass(frozen=True)
class Architecture:
    """A model that can be trained by name.

    tasks     names of the tasks that it suits
    build     (shape, params) -> the module, freshly initialised by torch's global generator
    least     smallest side in pixels of a picture, or 0
    any_side  whether one network takes pictures of any side, so that it may begin with smaller ones
    What it builds may be one that SeesData or KeepsPart.
    """

    name: str
    title: str
    tasks: tuple[str, ...]
    Params: type
    description: str
    paper: str
    build: Callable[[Any, Any], nn.Module]
    least: int = 0
    any_side: bool = False


ARCHITECTURES: Registry[Architecture] = Registry("model")
