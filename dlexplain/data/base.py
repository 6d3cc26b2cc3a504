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

from dlexplain.data.augmentations import Augmentation as Augmentation
from dlexplain.data.shortcuts import NOTHING_PLANTED, Shortcut
from dlexplain.errors import BadInput
from dlexplain.registry import Registry
from dlexplain.settings import local_path

Report = Callable[[str, float | None], None]
"""Progress of preparing data: what is being done, and the part of it that is done, 0 to 1."""
Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
UNKNOWN = -1
"""In the place of a label that is missing."""


def silent(text: str, part: float | None = None) -> None:
    """A Report that tells nobody."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """One split of a picture data set.

    pixels  (count, side, side, channels) uint8
    labels  (count,) int64, positions in PictureData.classes
    masks   (count, side, side) bool, the pixels that define the class, where that is known
    heads   (count, labels) int64, positions in PictureData.heads' classes, of data with several
            labels an example; UNKNOWN where one is missing
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    masks: NDArray[np.bool_] | None = None
    heads: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, places: NDArray[np.int64]) -> "Pictures":
        """The pictures at these places."""
        masks = None if self.masks is None else self.masks[places]
        heads = None if self.heads is None else self.heads[places]
        return Pictures(self.pixels[places], self.labels[places], masks, heads)


@dataclass(frozen=True, eq=False)
class PictureData:
    """A picture data set with fixed splits.

    notes  sentences that its user should know, such as how many files were skipped
    heads  classes of each label, by its name, of data with several labels an example; `labels` and
           `classes` are then those of one of them
    """

    train: Pictures
    validation: Pictures
    test: Pictures
    classes: tuple[str, ...]
    digest: str
    notes: tuple[str, ...] = ()
    heads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

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
    try:
        if path and local_path(path).exists():
            return DataStatus(True, path)
    except BadInput as error:
        return DataStatus(False, path, str(error))
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
    columns  (params, folder) -> names of all series that there are, of data with more than are read
    gives   params -> what is known of the facts before they are read, so that what cannot read it
            is told at once: channels and side of pictures, the names of series and of heads
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
    columns: Callable[[Any, Path], tuple[str, ...]] | None = None
    gives: Callable[[Any], Mapping[str, Any]] = lambda params: {}


DATA: Registry[DataSpec] = Registry("data set")


@dataclass(frozen=True)
class ModuleOptions:
    """What a data set's LightningDataModule needs to know of the run; `task` is its params.

    augmentation  of the data's kind, see data.augmentations
    generated     pictures that are learned from beside the training part's
    files  by which the model that the run begins with reads texts, or prepares pictures itself, by
           file name; {} learns its own
    """

    task: Mapping[str, Any]
    augmentation: Any
    batch_size: int
    seed: int
    epochs: int
    shortcut: Shortcut = NOTHING_PLANTED
    generated: Pictures | None = None
    files: Mapping[str, str] = field(default_factory=dict)


def batch_seed(seed: int, epoch: int, batch: int) -> int:
    """A seed for everything random in one batch."""
    return int(np.random.SeedSequence([seed, epoch, batch]).generate_state(1, np.uint32)[0])


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
