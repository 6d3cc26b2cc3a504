"""Picture classifiers, ready for use."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

import dlexplain.data.imagenet
import dlexplain.networks  # noqa: F401, these two register class lists and models
from dlexplain.data.class_list import CLASS_LISTS, ClassList, plain_classes
from dlexplain.data.pictures import Picture
from dlexplain.data.views import Part, model_view, seen_part
from dlexplain.explainers.prepare import PreparedModel, prepare
from dlexplain.networks.base import ModelSpec
from dlexplain.networks.modules.device import choose_device, describe_device
from dlexplain.results import ClassName
from dlexplain.services.explaining import ResultCache
from dlexplain.services.pictures.cards import TASK, picture_spec
from dlexplain.settings import settings
from dlexplain.trained.entry import ModelEntry

ENLARGED = 1.5
"""From which on a picture has clearly fewer pixels than the model takes."""
_views: ResultCache[NDArray[np.uint8]] = ResultCache(most=32)  # 2 MB each, of a detector


@dataclass(frozen=True, eq=False)
class PictureModel:
    """A model that sees a square of a picture: what it sees, and its classes."""

    spec: ModelSpec
    prepared: PreparedModel
    class_list: ClassList

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def device(self) -> str:
        """The device in words."""
        return describe_device(self.prepared.device)

    @property
    def classes(self) -> tuple[ClassName, ...]:
        """In the order of the outputs."""
        return self.class_list.names

    @property
    def class_titles(self) -> tuple[str, ...]:
        """A unique text for each class, such as "tabby (281, n02123045)"; position = index."""
        return self.class_list.titles

    def class_definition(self, index: int) -> str:
        """What the class is, in a sentence; "" where its list does not say."""
        return self.class_list.definition(index)

    def find_class(self, wanted: int | str) -> ClassName:
        """The class with this index or name; raises TargetError, which says what is accepted."""
        return self.class_list.find(wanted)

    def view(self, picture: Picture) -> NDArray[np.uint8]:
        """What the model sees of a picture: (crop, crop, 3) uint8, grey for a model of grey;
        read-only, since who asks again gets the same."""
        how, grey = self.spec.preprocessing, self.spec.input_shape[0] == 1
        asked = (how.resize, how.crop, round(how.mean), how.resample)
        key = f"{picture.key} {asked} {grey}"
        view = _views.get(key)
        if view is None:  # resizing 64 megapixels takes half a second, and a page asks six times
            view = model_view(picture, *asked)
            view = np.repeat(_grey(view), 3, axis=2) if grey else view
            view.setflags(write=False)
            _views.put(key, view)
        return view

    def seen_part(self, picture: Picture) -> Part:
        """The part of the picture that is in the view, in the picture's pixels."""
        how, (height, width) = self.spec.preprocessing, picture.pixels.shape[:2]
        return seen_part((width, height), picture.fit, how.resize, how.crop)

    def changes(self, picture: Picture) -> tuple[str, ...]:
        """What the view changes of what there is to see, beside the square: size and colours."""
        left, top, right, bottom = self.seen_part(picture)
        crop = self.spec.preprocessing.crop
        short, long = sorted((right - left, bottom - top))
        times = crop / (long if picture.fit.how == "pad" else short)
        found = []
        if times >= ENLARGED:
            height, width = picture.pixels.shape[:2]
            found.append(f"enlarged {times:.2g} times from {width} × {height} pixels")
        grey = self.spec.input_shape[0] == 1
        if grey and (np.ptp(picture.pixels, axis=2) > 0).any():
            found.append("shown to the model in grey")
        return tuple(found)

    def to_input(self, view: NDArray[np.uint8]) -> Tensor:
        """(height, width, 3) uint8 -> (1, channels, height, width) float32 in the model's range."""
        how = self.spec.preprocessing
        pixels = _grey(view) if self.spec.input_shape[0] == 1 else view
        scaled = (pixels.astype(np.float32) - how.mean) / how.scale
        return torch.from_numpy(np.ascontiguousarray(scaled.transpose(2, 0, 1)))[None]


@dataclass(frozen=True, eq=False)
class LoadedModel(PictureModel):
    """A model ready to classify and to be explained; `load` makes it.

    part  what of a detector's or a segmenter's answer its classes are of, such as "box 1"
    mask  (side, side) bool, where that is in what the model sees of the picture
    """

    tasks: ClassVar[tuple[str, ...]] = (TASK,)
    modality: ClassVar[str] = "picture"
    part: str = ""
    mask: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, entry: ModelEntry) -> Self:
        spec = picture_spec(entry)
        known = plain_classes(spec.classes, spec.labels) if spec.classes else None
        return cls(spec, ready(spec), known or CLASS_LISTS[spec.labels]())


def ready(spec: ModelSpec) -> PreparedModel:
    """Its network, prepared on the settings' device."""
    device = choose_device(settings().device)
    return prepare(spec.network(), spec.input_shape, spec.preprocessing.value_range, device)


def _grey(view: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(height, width, 3) -> (height, width, 1), luminance as Pillow has it; grey stays as it is."""
    return np.asarray(Image.fromarray(view).convert("L"))[:, :, None]
