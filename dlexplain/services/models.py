"""Loading a model by name, once a process."""

import threading
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import dlexplain.models  # noqa: F401, registers the architectures
from dlexplain.data.imagenet import find_class, imagenet_classes
from dlexplain.data.pictures import Picture, model_view
from dlexplain.errors import WeightsError
from dlexplain.explain.batching import ChunkBook
from dlexplain.explain.prepare import PreparedModel, prepare
from dlexplain.memory import keep_memory
from dlexplain.models.base import MODELS, ModelSpec
from dlexplain.models.device import choose_device, describe_device
from dlexplain.results import ClassName
from dlexplain.runs.paths import chunk_file
from dlexplain.settings import settings

DEFAULT_MODEL = "efficientnet-lite0"
_loading = threading.Lock()


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model ready to classify and to be explained; `load_model` makes it."""

    spec: ModelSpec
    prepared: PreparedModel
    classes: tuple[ClassName, ...]

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def device(self) -> str:
        """The device in words."""
        return describe_device(self.prepared.device)

    def view(self, picture: Picture) -> NDArray[np.uint8]:
        """What the model sees of a picture: (crop, crop, 3) uint8."""
        how = self.spec.preprocessing
        return model_view(picture, how.resize, how.crop)

    def to_input(self, view: NDArray[np.uint8]) -> Tensor:
        """(height, width, 3) uint8 -> (1, 3, height, width) float32 in the model's range."""
        how = self.spec.preprocessing
        scaled = (view.astype(np.float32) - how.mean) / how.scale
        return torch.from_numpy(np.ascontiguousarray(scaled.transpose(2, 0, 1)))[None]

    def find_class(self, wanted: int | str) -> ClassName:
        """The class with this index, WordNet id or name; raises TargetError."""
        return find_class(wanted)


def load_model(name: str = DEFAULT_MODEL) -> LoadedModel:
    """Load a registered model with its pretrained weights; the same one at every call.

    Raises UnknownName or WeightsError.
    """
    spec = MODELS[name]
    with _loading:  # two sessions at once wait for one loading
        return _load(spec.name)


@cache
def _load(name: str) -> LoadedModel:
    spec = MODELS[name]
    if settings().keep_memory:
        keep_memory()
    model = spec.build()
    try:
        model.load_state_dict(spec.read_weights(spec.weights()), strict=True)
    except (OSError, RuntimeError, EOFError) as error:
        raise WeightsError(f"the weights of {name} cannot be read: {error}") from error
    device = choose_device(settings().device)
    prepared = prepare(model, spec.input_shape, spec.preprocessing.value_range, device)
    classes = tuple(c.name for c in imagenet_classes())
    return LoadedModel(spec, prepared, classes)


@cache
def chunk_book() -> ChunkBook:
    """The process's measured chunk sizes, kept in the home folder."""
    return ChunkBook(chunk_file(settings().home))


def model_names() -> tuple[str, ...]:
    """The names that `load_model` knows."""
    return tuple(MODELS)


def model_specs() -> tuple[ModelSpec, ...]:
    """Facts about every registered model, without loading any."""
    return tuple(MODELS.values())
