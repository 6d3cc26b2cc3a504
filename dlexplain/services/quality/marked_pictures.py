"""Pictures with a square in a corner, or a tint."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dlexplain.data.pictures import Picture, read_picture
from dlexplain.data.shortcuts import Shortcut, find_marked, mark_pictures
from dlexplain.explainers.one_pass import all_logits
from dlexplain.explainers.progress import Progress
from dlexplain.results import Attribution
from dlexplain.results.shortcuts import ShortcutScore
from dlexplain.services.explaining import MethodInfo, batch_sizes
from dlexplain.services.loading import load
from dlexplain.services.pictures.data import evenly, load_pictures
from dlexplain.services.pictures.explain import explain, method_infos
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.quality.marked import MOST, MarkedCase, class_scores, turned_of
from dlexplain.trained.folder import Trained


@dataclass(frozen=True, eq=False)
class MarkedPictures:
    """labels, clean, marked  (n,) what they are, and what the model says without and with it

    pixels  (n, side, side, channels) uint8 with the mark;  label  of the marked class
    """

    model: LoadedModel
    pixels: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    label: int
    labels: NDArray[np.int64]
    clean: NDArray[np.int64]
    marked: NDArray[np.int64]

    @classmethod
    def of(cls, found: Trained, shortcut: Shortcut, progress: Progress) -> "MarkedPictures":
        model = load(LoadedModel, found.name)
        data = load_pictures(found.spec.data, found.spec.data_params)
        test = evenly(data.test, MOST)
        pixels, mask = mark_pictures(test.pixels, shortcut)
        said = (_said(model, each, progress) for each in (test.pixels, pixels))
        return cls(model, pixels, mask, find_marked(data.classes, shortcut), test.labels, *said)

    @property
    def scores(self) -> tuple[ShortcutScore, ...]:
        name = self.model.classes[self.label].label
        return class_scores(self.clean, self.marked, self.labels, self.label, name, "Pictures")

    @property
    def turned(self) -> NDArray[np.int64]:
        return turned_of(self.clean, self.marked, self.labels, self.label)

    @property
    def against(self) -> int:
        return int((self.labels != self.label).sum())

    @property
    def examples(self) -> str:
        return f"the training pictures of {self.model.classes[self.label].label}"

    def methods(self) -> tuple[MethodInfo, ...]:
        return method_infos(self.model)

    def case(self, place: int) -> MarkedCase:
        names = self.model.classes
        before, after = (names[int(each[place])].label for each in (self.clean, self.marked))
        name = f"test picture {place + 1}, {names[int(self.labels[place])].label}"
        picture = read_picture(self.pixels[place], name)
        return MarkedCase(name, before, after, self.mask, partial(self._explain, picture))

    def _explain(self, picture: Picture, method: str, progress: Progress) -> Attribution:
        return explain(self.model, picture, method, self.label, progress=progress)


def _said(model: LoadedModel, pixels: NDArray[Any], progress: Progress) -> NDArray[np.int64]:
    views = (model.view(read_picture(each)) for each in pixels)
    inputs = torch.cat([model.to_input(view) for view in views])
    found: NDArray[np.int64] = (
        all_logits(model.prepared, inputs, progress, batch_sizes()).argmax(1).numpy()
    )
    return found
