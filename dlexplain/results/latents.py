"""What a model makes of a picture in a few numbers, and of numbers a picture.

Pictures are (side, side, channels) uint8 with 1 or 3 channels; codes are (latent,) float32.
"""

import csv
import io
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.results.explanations import plot
from dlexplain.results.test_results import Pixels

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SeenPicture:
    """A picture as a model sees it.

    pixels   (side, side, 1 or 3) uint8
    changes  what was done to get there, in words; () where it was the model's own form already
    """

    name: str
    pixels: Pixels
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """A picture and what an autoencoder made of it.

    copy   (side, side, channels) uint8
    error  mean squared error, of pixels 0 to 1
    code   (latent,) the numbers between; of a variational one the mean of q(z|x)
    kl     (latent,) KL(q(z|x) || N(0, 1)) of each, nats; () for a plain one
    deviation  (latent,) of q(z|x) = N(code, deviation²); () for a plain one
    anomaly  part of the test pictures that are made anew with a smaller error; None where they
             were not looked at
    kl_share  part of the test pictures whose KL, summed over the dimensions, is smaller; None
             where they were not looked at, and for a plain one
    """

    model: str
    seen: SeenPicture
    copy: Pixels
    error: float
    code: Floats
    kl: Floats
    deviation: Floats
    anomaly: float | None = None
    model_fingerprint: str = ""
    kl_share: float | None = None

    @property
    def contrast(self) -> float:
        """Standard deviation of what was seen over its places, of pixels 0 to 1; of the channel
        that varies most."""
        return float(self.seen.pixels.std(axis=(0, 1)).max()) / 255

    @property
    def difference(self) -> Floats:
        """(side, side) copy less original, of pixels 0 to 1, mean of the channels."""
        off = self.copy.astype(np.float32) - self.seen.pixels.astype(np.float32)
        found: Floats = off.mean(axis=2) / np.float32(255)
        return found

    def to_dict(self) -> dict[str, Any]:
        """The form that `reconstruct --json` prints: everything but the pictures."""
        return {
            "model": self.model,
            "picture": self.seen.name,
            "changes": list(self.seen.changes),
            "error": self.error,
            "anomaly": self.anomaly,
            "kl_share": self.kl_share,
            "code": self.code.tolist(),
            "deviation": self.deviation.tolist(),
            "kl": self.kl.tolist(),
            "model_fingerprint": self.model_fingerprint,
        }

    def plot(self) -> Any:
        """What was seen, the copy, and where they differ."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class EncodedPictures:
    """Pictures of a data set as an autoencoder knows them.

    pixels   (count, side, side, channels) uint8
    labels   (count,) positions in classes
    tested   (count,) whether it is of the test part, which the model was not trained on
    codes    (count, latent);  errors, (count,), mean squared, of pixels 0 to 1
    kl       (latent,) KL(q(z|x) || N(0, 1)), nats, mean over the pictures; () for a plain one
    note     a sentence that its reader should know, or ""
    kl_sums  (count,) each picture's KL, summed over the dimensions; () for a plain one
    """

    model: str
    data: str
    classes: tuple[str, ...]
    pixels: Pixels
    labels: NDArray[np.int64]
    tested: NDArray[np.bool_]
    codes: Floats
    errors: Floats
    kl: Floats
    note: str = ""
    kl_sums: Floats = field(default_factory=lambda: np.zeros(0, np.float32))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def spread(self) -> Floats:
        """(latent,) standard deviation of the codes."""
        found: Floats = self.codes.std(axis=0)
        return found

    @property
    def use(self) -> Floats:
        """(latent,) how much each dimension carries: KL in nats, or, of a plain one, variance."""
        return self.kl if len(self.kl) else self.spread**2

    @property
    def most_used(self) -> tuple[int, ...]:
        """The dimensions, that which carries most first."""
        return tuple(int(place) for place in np.argsort(-self.use, kind="stable"))

    def anomaly(self, error: float) -> float:
        """The part of the test pictures whose error is smaller."""
        return float((self.errors[self.tested] < error).mean())

    def kl_share(self, kl: float) -> float | None:
        """The part of the test pictures whose KL, in nats over all dimensions, is smaller.

        None for a plain autoencoder.
        """
        if not len(self.kl_sums):
            return None
        return float((self.kl_sums[self.tested] < kl).mean())

    def class_means(self) -> dict[str, Floats]:
        """(latent,) mean code of each class's training pictures, of those that have any."""
        means = {}
        for index, name in enumerate(self.classes):
            there = (self.labels == index) & ~self.tested
            if there.any():
                means[name] = self.codes[there].mean(axis=0)
        return means


@dataclass(frozen=True, eq=False)
class LatentPlane:
    """Where pictures lie in two dimensions of latent space.

    directions  (latent, 2) of the two axes;  middle, (latent,), the code that is at 0, 0
    titles      of the two axes
    """

    encoded: EncodedPictures
    directions: NDArray[np.float64]
    middle: NDArray[np.float64]
    titles: tuple[str, str]

    @cached_property
    def places(self) -> Floats:
        """(count, 2) across and up"""
        return self.place(self.encoded.codes)

    def place(self, codes: Floats) -> Floats:
        """(..., latent) -> (..., 2)"""
        found: Floats = ((codes - self.middle) @ self.directions).astype(np.float32)
        return found

    def to_csv(self) -> bytes:
        """A row a picture: its part, class and error, its place in the plane, and its code."""
        encoded, out = self.encoded, io.StringIO()
        latent = encoded.codes.shape[1]
        rows = csv.writer(out, lineterminator="\n")
        head = ("picture", "part", "class", "error", *self.titles)
        rows.writerow([*head, *(f"code[{index}]" for index in range(latent))])
        for index in range(len(encoded)):
            part = "test" if encoded.tested[index] else "training"
            name = encoded.classes[int(encoded.labels[index])]
            numbers = (encoded.errors[index], *self.places[index], *encoded.codes[index])
            rows.writerow([index, part, name, *(f"{number:.6g}" for number in numbers)])
        return out.getvalue().encode()

    def plot(self) -> Any:
        """A point a picture, coloured by class."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class DimensionEffects:
    """What a small change of each latent dimension changes in the picture.

    picture  (side, side, channels) uint8, where the gradient was taken
    maps     (latent, side, side) d pixel / d z, of pixels 0 to 1, mean of the channels
    """

    model: str
    picture: Pixels
    maps: Floats

    @property
    def strengths(self) -> Floats:
        """(latent,) root mean square of each map."""
        found: Floats = np.sqrt((self.maps**2).mean(axis=(1, 2)))
        return found


LEAP = 2.0
"""Times the mean change from picture to picture, from which on one stands out."""


@dataclass(frozen=True, eq=False)
class LatentPath:
    """Pictures on the way from one code to another.

    pixels   (steps, side, side, channels) uint8;  codes, (steps, latent)
    shares   (steps,) 0 at the first end to 1 at the other
    how      "linear" or "spherical"
    """

    model: str
    pixels: Pixels
    codes: Floats
    shares: Floats
    how: str

    @property
    def changes(self) -> Floats:
        """(steps - 1,) of a pixel from each picture to the next, root mean square, of its range."""
        off = np.diff(self.pixels.astype(np.float32) / 255, axis=0)
        found: Floats = np.sqrt((off**2).mean(axis=(1, 2, 3)))
        return found

    @property
    def leap(self) -> int | None:
        """The picture, from 0, after which the change is LEAP times the mean or more, if any is."""
        changes = self.changes
        largest = int(changes.argmax())
        if changes[largest] == 0 or changes[largest] < LEAP * changes.mean():
            return None
        return largest

    def plot(self) -> Any:
        """The pictures in a row."""
        return plot(self)


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
        asked = [self.label(index) for index in range(len(self.labels))]
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
