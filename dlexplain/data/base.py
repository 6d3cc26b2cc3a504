"""What a data set is: pictures with classes, or series over time; and the register of them.

A data set is one file: a frozen Params, `load`, which returns decoded arrays with fixed splits,
and `status`, which says without loading whether it is there and how to get it. No torch here:
the training process wraps the arrays (data.modules).
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.shortcuts import NOTHING_PLANTED, Shortcut
from dlexplain.params import choice, number
from dlexplain.registry import Registry
from dlexplain.settings import local_path

Report = Callable[[str, float | None], None]
"""Progress of preparing data: what is being done, and the part of it that is done, 0 to 1."""
Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def silent(text: str, part: float | None = None) -> None:
    """A Report that tells nobody."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """One split of a picture data set.

    pixels  (count, side, side, channels) uint8
    labels  (count,) int64, positions in PictureData.classes
    masks   (count, side, side) bool, the pixels that define the class, where that is known
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    masks: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, places: NDArray[np.int64]) -> "Pictures":
        """The pictures at these places."""
        masks = None if self.masks is None else self.masks[places]
        return Pictures(self.pixels[places], self.labels[places], masks)


@dataclass(frozen=True, eq=False)
class PictureData:
    """A picture data set with fixed splits.

    notes  sentences that its user should know, such as how many files were skipped
    """

    train: Pictures
    validation: Pictures
    test: Pictures
    classes: tuple[str, ...]
    digest: str
    notes: tuple[str, ...] = ()

    @property
    def side(self) -> int:
        return int(self.train.pixels.shape[1])

    @property
    def channels(self) -> int:
        return int(self.train.pixels.shape[3])

    @property
    def pixel_mean(self) -> float:
        """Mean of the training part's pixel values, 0 to 255."""
        return float(self.train.pixels.mean(dtype=np.float64))

    @property
    def pixel_scale(self) -> float:
        """Standard deviation of the training part's pixel values, at least 1."""
        return max(1.0, float(self.train.pixels.std(dtype=np.float64)))


@dataclass(frozen=True, eq=False)
class SeriesData:
    """Series over time, split by time.

    dates    (time,) datetime64[D], ascending, one period apart
    levels   (time, series) float64, as the source has them; targets may not have gaps
    inputs   (time, series) float64, made stationary (see transforms) and scaled on the training
             part: mean 0, standard deviation 1; the first rows, which a difference needs, are 0
    names    of the series
    targets  positions of those that are forecast
    logs     whether a target is forecast in logarithms, one a target
    starts   first places of the validation and of the test part
    period   observations a year
    codes    how each series was made stationary, see data.series.transform
    input_scale  mean and standard deviation of the stationary series on the training part
    """

    dates: NDArray[np.datetime64]
    levels: NDArray[np.float64]
    inputs: NDArray[np.float64]
    names: tuple[str, ...]
    targets: tuple[int, ...]
    logs: tuple[bool, ...]
    starts: tuple[int, int]
    period: int
    digest: str
    codes: tuple[int, ...]
    input_scale: tuple[NDArray[np.float64], NDArray[np.float64]] = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def target_names(self) -> tuple[str, ...]:
        return tuple(self.names[place] for place in self.targets)

    def target_levels(self) -> NDArray[np.float64]:
        """(time, targets), in logarithms where `logs` says so."""
        levels = self.levels[:, list(self.targets)]
        return np.where(self.logs, np.log(np.where(self.logs, levels, 1.0)), levels)


@dataclass(frozen=True)
class DataStatus:
    """Whether a data set can be loaded now; `where` it is, or `how` to get it.

    fetched  whether a run would fetch it by itself
    """

    there: bool
    where: str
    how: str = ""
    fetched: bool = False


def local_status(path: str, wanted: str) -> DataStatus:
    """Of what lies at a path that the user gives; `wanted` says what, such as "a CSV"."""
    if path and local_path(path).exists():
        return DataStatus(True, path)
    return DataStatus(
        False, path, f"{path} is not there; give {wanted}" if path else f"give {wanted}"
    )


def fetched_status(file: Path, url: str, megabytes: float) -> DataStatus:
    """Of what a run fetches once into `file`."""
    if file.exists():
        return DataStatus(True, str(file), fetched=True)
    how = f"a run fetches it once from {url} ({megabytes:g} MB), or give its path"
    return DataStatus(False, "", how, fetched=True)


class LoadedData(Protocol):
    """What every kind of loaded data says of itself; PictureData and SeriesData are two."""

    @property
    def digest(self) -> str: ...

    @property
    def notes(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class DataSpec:
    """A data set that can be trained on by name.

    tasks   names of the tasks that it suits
    load    (params, folder for what is downloaded or decoded, report) -> the arrays
    status  (params, folder) -> whether that would work
    check   as load, for data of which not all need be computed to know whether load takes them
    """

    name: str
    title: str
    tasks: tuple[str, ...]
    Params: type
    description: str
    terms: str
    load: Callable[[Any, Path, Report], LoadedData]
    status: Callable[[Any, Path], DataStatus]
    check: Callable[[Any, Path, Report], object] | None = None


DATA: Registry[DataSpec] = Registry("data set")


@dataclass(frozen=True)
class Augmentation:
    """How training pictures are varied, anew in every epoch."""

    flip: str = choice(
        "none",
        "Mirror",
        ("none", "random", "alternating"),
        help="Left to right. Alternating mirrors each picture in every second epoch, so that "
        "two epochs show both forms (Jordan 2024).",
    )
    shift: int = number(
        0, "Shift, pixels", low=0, high=32, help="Moved by up to so many pixels, edges mirrored."
    )
    cutout: int = number(
        0,
        "Cutout, pixels",
        low=0,
        high=128,
        help="Side of a square that is blanked (DeVries and Taylor 2017).",
    )
    mixup: float = number(
        0.0,
        "Mixup",
        low=0.0,
        high=2.0,
        step=0.1,
        help="Two pictures are blended, with weights from Beta(a, a) (Zhang et al. 2018); "
        "0 is off.",
    )
    colour: float = number(
        0.0,
        "Colour",
        low=0.0,
        high=1.0,
        step=0.1,
        help="Largest relative change of brightness, contrast and saturation.",
    )
    noise: float = number(
        0.0,
        "Noise",
        low=0.0,
        high=1.0,
        step=0.05,
        help="Standard deviation of normal noise, where black is 0 and white is 1. A model for "
        "randomised smoothing learns with the noise it is certified at (Cohen et al. 2019).",
    )
    early_side: int = number(
        0,
        "Smaller at first, pixels",
        low=0,
        high=512,
        help="Side of the pictures in the first half of the epochs, for models that take any "
        "size; 0 is off. Saves time (progressive resizing, Tan and Le 2021).",
    )


@dataclass(frozen=True)
class ModuleOptions:
    """What a data set's LightningDataModule needs to know of the run; `task` is its params.

    files  by which the model that the run begins with reads texts, by file name; {} learns its own
    """

    task: Mapping[str, Any]
    augmentation: Augmentation
    batch_size: int
    seed: int
    epochs: int
    shortcut: Shortcut = NOTHING_PLANTED
    files: Mapping[str, str] = field(default_factory=dict)


def digest_of(*arrays: NDArray[Any]) -> str:
    """A short SHA-256 over shapes and bytes, to tell data sets apart."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape}{array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def split_off(
    labels: NDArray[np.int64], share: float, seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of (the rest, `share` of each class), ascending; the same at every call.

    A class with two or more keeps at least one on both sides where share > 0.
    """
    generator = np.random.default_rng(seed)
    chosen = []
    for label in np.unique(labels):
        places = generator.permutation(np.flatnonzero(labels == label))
        count = round(len(places) * share)
        if share > 0 and len(places) > 1:
            count = min(max(count, 1), len(places) - 1)
        chosen.append(places[:count])
    part = np.sort(np.concatenate(chosen)) if chosen else np.empty(0, np.int64)
    rest = np.setdiff1d(np.arange(len(labels)), part)
    return rest.astype(np.int64), part.astype(np.int64)
