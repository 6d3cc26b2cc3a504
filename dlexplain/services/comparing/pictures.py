"""Picture classifiers over the same pictures; maps are compared on the coarser of their grids."""

import base64
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from dlexplain.data.pictures import Picture
from dlexplain.explainers.base import Explainer, Request
from dlexplain.explainers.progress import Progress
from dlexplain.results.explanations import joined
from dlexplain.results.model_comparison import PackedMap
from dlexplain.services.attack.robust_pictures import PictureSubject
from dlexplain.services.comparing.kinds import ClassifierKind, Floats, Given
from dlexplain.services.pictures.explain import input_of, request_of
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.similarity import on_one_grid

SIDE = 64
"""Places of a side at most of a map that is kept to be drawn."""


class PictureKind(ClassifierKind):
    """Each model sees the picture in its own size."""

    noun, usual = "pictures", 100
    methods: ClassVar[tuple[str, ...]] = ("grad-cam", "integrated-gradients", "occlusion")
    models: tuple[LoadedModel, ...]

    def examples(self, data: str, count: int, seed: int) -> Given:
        subject = PictureSubject(self.models[0])
        found = subject.examples(data, count, seed)
        self.pictures = tuple(one.picture for one in subject.shown)
        # The last one of unlabelled pictures says what counts as right, which nothing does here.
        notes = found.notes if found.known else found.notes[:-1]
        names = tuple(one.name for one in self.pictures)
        return Given(found.title, names, found.labels, found.digest, notes)

    def request(self, which: int, method: Explainer[Any], given: dict[str, Any]) -> Request[Any]:
        return request_of(self.models[which], method.name, given)

    def seen(self, which: int, place: int) -> Tensor:
        return self.models[which].to_input(self._view(which, place))

    def explained(
        self, which: int, place: int, target: int, method: Explainer[Any], request: Request[Any],
        progress: Progress,
    ) -> Floats:  # fmt: skip
        model, goal = self.models[which], self.goal(which, target)
        found = method.explain(input_of(model, self.pictures[place], goal, progress), request)
        return joined(found.values, found.signed).astype(np.float64)

    def aligned(
        self, place: int, first: tuple[int, Floats], second: tuple[int, Floats]
    ) -> tuple[Floats, Floats]:
        picture: Picture = self.pictures[place]
        parts = (
            self.models[first[0]].seen_part(picture), self.models[second[0]].seen_part(picture)
        )  # fmt: skip
        maps = (first[1].astype(np.float32), second[1].astype(np.float32))
        one, other = on_one_grid(*maps, parts)
        return one.ravel(), other.ravel()

    def packed(self, which: int, place: int, found: Floats) -> PackedMap:
        return PackedMap.of(self.models[which].name, _small(found))

    def picture(self, place: int) -> tuple[str, int]:
        view = self._view(0, place)
        side = min(2 * SIDE, len(view))
        small = np.asarray(Image.fromarray(view).resize((side, side), Image.Resampling.BOX))
        return base64.b64encode(small.tobytes()).decode(), side

    def _view(self, which: int, place: int) -> NDArray[np.uint8]:
        return self.models[which].view(self.pictures[place])


def _small(found: Floats) -> NDArray[np.float32]:
    """Averaged to at most SIDE places a side."""
    image = Image.fromarray(found.astype(np.float32))
    size = min(SIDE, image.width), min(SIDE, image.height)
    return np.asarray(image.resize(size, Image.Resampling.BOX), np.float32)
