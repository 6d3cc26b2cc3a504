"""What detectors and segmenters find in a picture."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.results.explanations import ClassName, ClassScore, plot


@dataclass(frozen=True)
class Box:
    """A box around an object.

    number  its rank among all boxes of the picture by probability, from 1
    query   which of the model's outputs it is, from 0
    score   its class, and the probability of that
    left, top, right, bottom  in the picture's pixels
    """

    number: int
    query: int
    score: ClassScore
    left: float
    top: float
    right: float
    bottom: float

    @property
    def label(self) -> str:
        """For people: "1. cat, 93.1%"."""
        return f"{self.number}. {self.score.name.label}, {self.score.text}"

    def to_dict(self) -> dict[str, Any]:
        place = (self.left, self.top, self.right, self.bottom)
        return {
            "number": self.number,
            **self.score.to_dict(),
            "box": [round(side, 2) for side in place],
            "query": self.query,
        }


@dataclass(frozen=True, eq=False)
class Detection:
    """The boxes of one picture, the most probable first.

    path       the file's path, or the name of the upload or sample
    boxes      whose probability is at least `threshold`
    best       the most probable of all, whatever the threshold
    picture    (height, width, 3) uint8
    fit        how the picture was made into the model's square: crop, crop:X,Y, pad or squash
    """

    path: str
    model: str
    boxes: tuple[Box, ...]
    best: Box
    threshold: float
    picture: NDArray[np.uint8]
    fit: str = "squash"

    def to_dict(self) -> dict[str, Any]:
        """The form that `detect --json` prints."""
        return {
            "path": self.path,
            "model": self.model,
            "fit": self.fit,
            "threshold": self.threshold,
            "size": [self.picture.shape[1], self.picture.shape[0]],
            "boxes": [box.to_dict() for box in self.boxes],
        }

    def plot(self) -> Any:
        """The boxes on the picture."""
        return plot(self)


@dataclass(frozen=True)
class Region:
    """The places of a picture that a segmenter gives one class, and their share, 0 to 1."""

    name: ClassName
    share: float

    @property
    def label(self) -> str:
        """For people: "road, 31.4%"."""
        return f"{self.name.label}, {self.share:.1%}"

    def to_dict(self) -> dict[str, Any]:
        return {**self.name.to_dict(), "share": self.share}


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A class for each place of what the model saw of a picture.

    classes  (height, width) integers, the index of each place's class
    regions  one a class that is there, the largest first
    picture  (height, width, 3) uint8, what the model saw
    fit      how the picture was made into it: crop, crop:X,Y, pad or squash
    """

    path: str
    model: str
    classes: NDArray[np.int64]
    regions: tuple[Region, ...]
    picture: NDArray[np.uint8]
    fit: str = "squash"

    def to_dict(self) -> dict[str, Any]:
        """The form that `segment --json` prints: everything but the arrays."""
        return {
            "path": self.path,
            "model": self.model,
            "fit": self.fit,
            "shape": list(self.classes.shape),
            "regions": [region.to_dict() for region in self.regions],
        }

    def plot(self) -> Any:
        """Coloured regions over the picture, with a legend."""
        return plot(self)
