"""Data sets as Lightning sees them: batches cut from arrays, in an order that can be taken up.

A data set is decoded once and lies in memory, on the GPU where it fits there; a batch is one
indexing. The order of epoch e is a function of (seed, e), and how many batches were trained on is
part of the checkpoint, so a resumed run goes on with the very next batch.
"""

from collections.abc import Iterator
from functools import singledispatch
from typing import Any

import lightning.pytorch as L
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from dlexplain.data.augment import augment
from dlexplain.data.base import (
    Augmentation,
    ModuleOptions,
    PictureData,
    Pictures,
    SeriesData,
)
from dlexplain.data.windows import Windows, cut

Batch = dict[str, Any]
LARGEST_ON_GPU = 4e9
"""Bytes; larger data sets stay in the host's memory."""
EVALUATION_BATCH = 500


def batch_seed(seed: int, epoch: int, batch: int) -> int:
    """A seed for everything random in one batch."""
    return int(np.random.SeedSequence([seed, epoch, batch]).generate_state(1, np.uint32)[0])


class TrainLoader:
    """Shuffled batches; goes on after `seen` batches of the whole training.

    A last batch of less than half the size is left out, since batch norms dislike it.
    """

    def __init__(self, arrays: dict[str, Tensor], batch_size: int, seed: int) -> None:
        self.arrays = arrays
        self.count = len(next(iter(arrays.values())))
        self.used = self.count
        self.batch_size = min(batch_size, self.count)
        self.seed = seed
        self.seen = 0

    def __len__(self) -> int:
        return _batches(self.used, self.batch_size)

    def in_parts_of(self, whole: int) -> int:
        """Take batches for parts of larger ones, and leave out only what those would leave out.

        Returns how many make up one of `whole` examples.
        """
        whole = min(whole, self.count)
        self.used = min(self.count, _batches(self.count, whole) * whole)
        return max(1, round(whole / self.batch_size))

    def __iter__(self) -> Iterator[Batch]:
        epoch, first = divmod(self.seen, len(self))
        generator = torch.Generator().manual_seed(batch_seed(self.seed, epoch, -1 % 2**32))
        order = torch.randperm(self.count, generator=generator)[: self.used]
        for batch in range(first, len(self)):
            places = order[batch * self.batch_size : (batch + 1) * self.batch_size]
            yield {
                **_take(self.arrays, places),
                "places": places,
                "epoch": epoch,
                "seed": batch_seed(self.seed, epoch, batch),
            }

    # Lightning asks for these before it takes up an epoch in its middle; the module below keeps
    # `seen`, in every checkpoint.
    def state_dict(self) -> dict[str, int]:
        return {}

    def load_state_dict(self, state: dict[str, int]) -> None:
        pass


def _batches(count: int, size: int) -> int:
    whole, rest = divmod(count, size)
    return whole + (1 if 2 * rest >= size and rest > 1 else 0)


class EvaluationLoader:
    """Batches in order."""

    def __init__(self, arrays: dict[str, Tensor], batch_size: int = EVALUATION_BATCH) -> None:
        self.arrays, self.batch_size = arrays, batch_size
        self.count = len(next(iter(arrays.values())))

    def __len__(self) -> int:
        return -(-self.count // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, self.count, self.batch_size):
            yield {key: a[start : start + self.batch_size] for key, a in self.arrays.items()}


def _take(arrays: dict[str, Tensor], places: Tensor) -> Batch:
    return {key: array[places.to(array.device)] for key, array in arrays.items()}


class DataModule(L.LightningDataModule):
    """Shared by pictures and series: three sets of arrays, and what was seen.

    facts  what a task, a run's card and a page need to know of the data; JSON-serialisable
    """

    facts: dict[str, Any]

    def some_inputs(self, count: int, seed: int) -> Tensor:
        """Training inputs as the model sees them, not varied: for a module that SeesData."""
        raise TypeError(f"{type(self).__name__} has no inputs to show")

    def __init__(self, parts: dict[str, dict[str, Tensor]], batch_size: int, seed: int) -> None:
        super().__init__()
        self._parts = parts
        self.loader = TrainLoader(parts["train"], batch_size, seed)
        self.evaluation_batch = EVALUATION_BATCH

    def in_parts_of(self, whole: int) -> int:
        """As TrainLoader's; memory is short then, so evaluation takes fewer at once as well."""
        self.evaluation_batch = min(EVALUATION_BATCH, 4 * self.loader.batch_size)
        return self.loader.in_parts_of(whole)

    def setup(self, stage: str) -> None:
        device = self.trainer.strategy.root_device if self.trainer else torch.device("cpu")
        size = sum(a.nbytes for part in self._parts.values() for a in part.values())
        if device.type == "cuda" and size < LARGEST_ON_GPU:
            for part in self._parts.values():
                part.update({key: array.to(device) for key, array in part.items()})

    def train_dataloader(self) -> TrainLoader:
        return self.loader

    def val_dataloader(self) -> EvaluationLoader:
        return EvaluationLoader(self._parts["validation"], self.evaluation_batch)

    def test_dataloader(self) -> EvaluationLoader:
        return EvaluationLoader(self._parts["test"], self.evaluation_batch)

    def state_dict(self) -> dict[str, Any]:
        return {"seen": self.loader.seen}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.loader.seen = int(state_dict["seen"])


class PictureModule(DataModule):
    """Batches {"x": (batch, channels, side, side), "y", "y2", "weight"}, normalised."""

    def __init__(
        self, data: PictureData, augmentation: Augmentation, batch_size: int, seed: int, epochs: int
    ) -> None:
        parts = {
            "train": _tensors(data.train),
            "validation": _tensors(data.validation),
            "test": _tensors(data.test),
        }
        super().__init__(parts, batch_size, seed)
        self.augmentation = augmentation
        self.mean, self.scale = data.pixel_mean, data.pixel_scale
        self.epochs = epochs

        self.facts = {
            "channels": data.channels,
            "side": data.side,
            "classes": list(data.classes),
            "mean": self.mean,
            "scale": self.scale,
            "digest": data.digest,
            "notes": list(data.notes),
            "sizes": {split: len(part["labels"]) for split, part in parts.items()},
        }

    def normalise(self, pixels: Tensor) -> Tensor:
        """(batch, channels, side, side) 0..255 -> the model's input, laid out channels-last."""
        return ((pixels - self.mean) / self.scale).contiguous(memory_format=torch.channels_last)

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        pixels, labels = batch["pixels"].permute(0, 3, 1, 2).float(), batch["labels"]
        if "seed" not in batch:
            return {"x": self.normalise(pixels), "y": labels}
        epoch = batch["epoch"]
        pixels, y, y2, weight = augment(
            pixels, labels, batch["places"], epoch, batch["seed"], self.augmentation
        )
        early = self.augmentation.early_side
        if 0 < early < pixels.shape[-1] and epoch < self.epochs // 2:
            pixels = F.interpolate(pixels, size=early, mode="bilinear", antialias=True)
        x = self.normalise(pixels)
        return {"x": x, "y": y, "y2": y2, "weight": weight, "seed": batch["seed"]}

    def some_inputs(self, count: int, seed: int) -> Tensor:
        """Training pictures as the model sees them, not varied: for Architecture's see_data."""
        pixels = self._parts["train"]["pixels"]
        generator = torch.Generator().manual_seed(seed)
        places = torch.randperm(len(pixels), generator=generator)[:count]
        return self.normalise(pixels[places].permute(0, 3, 1, 2).float())


class SeriesModule(DataModule):
    """Batches {"x": (batch, window, series), "y": (batch, horizon, targets)}, both scaled."""

    def __init__(self, windows: Windows, batch_size: int, seed: int) -> None:
        parts: dict[str, dict[str, Tensor]] = {
            split: {
                "x": torch.from_numpy(windows.inputs(origins)).float(),
                "y": torch.from_numpy(windows.scaled_changes(origins)).float(),
            }
            for split, origins in windows.origins.items()
        }
        super().__init__(parts, batch_size, seed)
        data = windows.data
        self.windows = windows
        self.facts = {
            "series": list(data.names),
            "targets": list(data.target_names),
            "period": data.period,
            "digest": data.digest,
            "notes": list(data.notes),
            "starts": [str(data.dates[place]) for place in data.starts],
            "sizes": {split: len(origins) for split, origins in windows.origins.items()},
        }

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        return batch

    def some_inputs(self, count: int, seed: int) -> Tensor:
        return self._parts["train"]["x"][:count]


@singledispatch
def module_of(data: object, options: ModuleOptions) -> DataModule:
    """The LightningDataModule over a loaded data set; a new kind of data registers its own."""
    raise TypeError(f"no data module for {type(data).__name__}")


@module_of.register
def _pictures(data: PictureData, options: ModuleOptions) -> PictureModule:
    o = options
    return PictureModule(data, o.augmentation, o.batch_size, o.seed, o.epochs)


@module_of.register
def _series(data: SeriesData, options: ModuleOptions) -> SeriesModule:
    windows = cut(data, int(options.task["window"]), int(options.task["horizon"]))
    return SeriesModule(windows, options.batch_size, options.seed)


def _tensors(pictures: Pictures) -> dict[str, Tensor]:
    return {
        "pixels": torch.from_numpy(np.ascontiguousarray(pictures.pixels)),
        "labels": torch.from_numpy(pictures.labels),
    }
