"""What a classifier itself thinks its classes look like."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Inversion:
    """Pictures that a classifier itself gives of its classes, beside what it was trained on.

    pictures  (classes, side, side, channels) uint8, made by gradient descent from grey
    means     the same, mean training picture of each class
    correlations  (classes,) Pearson's over the pixels of the two
    others    (classes,) the largest correlation with the mean of another class
    probabilities (classes,) of its class that the model gives each picture
    """

    model: str
    data: str
    classes: tuple[str, ...]
    pictures: NDArray[np.uint8] = field(repr=False)
    means: NDArray[np.uint8] = field(repr=False)
    correlations: Floats
    others: Floats
    probabilities: Floats
    params: Mapping[str, Any]
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def nearest(self) -> int:
        """Of how many classes the picture is most like the mean of its own."""
        return int((self.correlations > self.others).sum())

    @property
    def told(self) -> str:
        n = len(self.classes)
        return (
            f"For {self.nearest} of {n} classes the picture is more like the mean training picture "
            f"of its own class than of any other; mean correlation "
            f"{self.correlations.mean():.2f}, n = {n}.".replace("-", "−")
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "data": self.data,
            "classes": list(self.classes),
            "correlations": self.correlations.tolist(),
            "largest_correlation_with_another": self.others.tolist(),
            "probabilities": self.probabilities.tolist(),
            "params": dict(self.params),
            "seconds": self.seconds,
            "notes": list(self.notes),
        }
