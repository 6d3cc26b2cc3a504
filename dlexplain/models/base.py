"""What a model is before it is loaded, and the register of them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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

    labels        name of the class list in dlexplain.data
    input_shape   (channels, height, width)
    weights       finds the weight file, raising WeightsError with what to do
    read_weights  reads it into the state dict of `build()`, never unpickling code
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


MODELS: Registry[ModelSpec] = Registry("model")
