"""What a model is before it is loaded or trained, and the registers of both.

No torch here: pages list models and draw forms of their parameters without it. The modules stand
in networks/modules/, named by import strings.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from dlexplain.errors import ParamError
from dlexplain.integrity import PackageFiles
from dlexplain.params import choice
from dlexplain.registry import Registry, imported

if TYPE_CHECKING:
    from torch import nn


NO_FILES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class PicturePreprocessing:
    """From an RGB picture to the model's input: resize, centre crop, (pixel - mean) / scale.

    resize    short side in pixels
    crop      side of the square that the model sees
    resample  "bicubic" or "bilinear", antialiased where it shrinks
    fit       how a picture is usually made into the square: "crop", or "squash" of a model that was
              trained so
    known     whether it was said how pixels are normalised, rather than assumed
    """

    resize: int
    crop: int
    mean: float
    scale: float
    resample: str = "bicubic"
    fit: str = "crop"
    known: bool = True

    @property
    def value_range(self) -> tuple[float, float]:
        """The input values of a black and of a white pixel."""
        return (0.0 - self.mean) / self.scale, (255.0 - self.mean) / self.scale


USERS_OWN = "the user's own"
"""The licence of a model that a user has brought."""


@dataclass(frozen=True)
class ModelSpec:
    """A model that can be loaded by name.

    labels        name of the class list in dlexplain.data.class_list, or, where the model says
                  its classes itself, of the data set that they are from
    input_shape   (channels, height, width); one channel is grey, luminance as Pillow's "L"
    module        the network with its weights, as "package.module:function", or the function
    classes       the labels in the order of the outputs, or () where `labels` names a list
    notes         what its user should know
    weights       where they are in a pip package, or None
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
    module: "str | Callable[[], nn.Module]"
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    weights: PackageFiles | None = None

    @property
    def own(self) -> bool:
        """Whether a user has brought it."""
        return self.licence == USERS_OWN

    def network(self) -> "nn.Module":
        """With its weights, on the CPU; raises WeightsError where they are missing or damaged."""
        return imported(self.module)()  # type: ignore[no-any-return]


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


@dataclass(frozen=True)
class TextShape:
    """(batch, time) ids in, `classes` logits out.

    vocabulary  ids are 0 (behind the end) to vocabulary - 1
    longest     tokens of a text at most
    tokeniser   its name, for a pretrained model
    """

    vocabulary: int
    classes: int
    longest: int
    tokeniser: str = "word"


def vectors_param() -> str:
    """The field of a text classifier's Params that says where its word vectors come from."""
    found: str = choice(
        "learnt",
        "Word vectors",
        ("learnt", "minilm"),
        help="Learnt from the training part; or those of MiniLM, which stay and are mapped, for "
        "the task's tokeniser=minilm.",
    )
    return found


@dataclass(frozen=True)
class LanguageShape:
    """What a language model is built for: token ids in, logits over `vocabulary` tokens out."""

    vocabulary: int


@dataclass(frozen=True)
class PairShape:
    """What a translator is built for: sizes of the vocabularies; `joint` where it is one."""

    source: int
    target: int
    joint: bool


Inside = Literal["attention", "heads", "cells"]


@dataclass(frozen=True)
class Architecture:
    """A model that can be trained by name.

    tasks     names of the tasks that it suits
    module    (shape, params) -> the module, freshly initialised by torch's global generator, as
              "package.module:Class", or the class
    shows     what of its inside can be seen: "attention", the weights by which a text classifier
              reads; "heads", dot-product attention of each token; "cells", recurrent states and
              gates. tests/networks compare it with the module
    least     smallest side in pixels of a picture, or 0
    any_side  whether one network takes pictures of any side, so that it may begin with smaller ones
    weights   those that it begins with, where a pip package has them, or None
    file      of one that is not built from its parameters alone: the name of the file beside the
              weights that says how, which a run has of the model that it begins with
    What it builds may be one that SeesData or KeepsPart, see networks/modules/base.py.
    """

    name: str
    title: str
    tasks: tuple[str, ...]
    Params: type
    description: str
    paper: str
    module: "str | Callable[[Any, Any], nn.Module]"
    shows: tuple[Inside, ...] = ()
    least: int = 0
    any_side: bool = False
    weights: PackageFiles | None = None
    file: str = ""

    def build(self, shape: Any, params: Any, files: Mapping[str, str] = NO_FILES) -> "nn.Module":
        """A fresh network of this shape; raises BadInput where the two do not fit.

        files  texts that are kept beside the weights, by name
        """
        if not self.file:
            return imported(self.module)(shape, params)  # type: ignore[no-any-return]
        if self.file not in files:
            raise ParamError(
                f"{self.name} is built by the {self.file} of the model that a run begins with; "
                "name that model as its parent"
            )
        return imported(self.module)(shape, params, files[self.file])  # type: ignore[no-any-return]


ARCHITECTURES: Registry[Architecture] = Registry("model")
