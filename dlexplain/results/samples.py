"""Pictures that a model made of random numbers, and the training pictures that they resemble."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.results.drawing import plot
from dlexplain.results.latents import Floats
from dlexplain.results.making import Pixels


@dataclass(frozen=True, eq=False)
class Samples:
    """Pictures that a model made of random numbers.

    pixels  (count, side, side, channels) uint8;  noise, (count, latent)
    labels  (count,) the classes that were asked for, positions in classes; () where none can be
    truncation  largest number that was drawn, either way; 0 where there was no limit
    """

    model: str
    pixels: Pixels
    noise: Floats
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    seed: int
    truncation: float
    model_fingerprint: str = ""

    def label(self, place: int) -> str:
        """The class that was asked for, or ""."""
        return self.classes[int(self.labels[place])] if len(self.labels) else ""

    def to_dict(self) -> dict[str, Any]:
        """The form that `sample --json` prints: everything but the pictures."""
        asked = [self.label(place) for place in range(len(self.labels))]
        return {
            "model": self.model,
            "count": len(self.pixels),
            "seed": self.seed,
            "truncation": self.truncation,
            "classes": asked,
            "noise": self.noise.tolist(),
            "model_fingerprint": self.model_fingerprint,
        }

    def plot(self) -> Any:
        """The pictures in rows."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The training pictures that are nearest to one that was made.

    distances  (count,) Euclidean, of pixels 0 to 1, the nearest first
    usual      (pictures,) the same distance of test pictures to their nearest training picture
    looked_at  training pictures that there are
    note       a sentence that its reader should know, or ""
    """

    data: str
    pixels: Pixels
    labels: NDArray[np.int64]
    distances: Floats
    usual: Floats
    looked_at: int
    classes: tuple[str, ...]
    note: str = ""

    @property
    def nearer(self) -> float:
        """The part of test pictures that are nearer to a training picture than this one is."""
        return float((self.usual < self.distances[0]).mean())
