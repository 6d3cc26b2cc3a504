"""Data sets as Lightning sees them: batches cut from arrays, in an order that can be taken up.

A data set is decoded once and lies in memory, on the GPU where it fits there; a batch is one
indexing. The order of epoch e is a function of (seed, e), and how many batches were trained on is
part of the checkpoint, so a resumed run goes on with the very next batch.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import singledispatch
from types import MappingProxyType
from typing import Any

import lightning.pytorch as L
import torch
from torch import Tensor

from dlexplain.data.augment import queued
from dlexplain.data.base import ModuleOptions
from dlexplain.data.base import batch_seed as batch_seed
from dlexplain.registry import Registry

Batch = dict[str, Any]
LARGEST_ON_GPU = 4e9
"""Bytes; larger data sets stay in the host's memory."""
EVALUATION_BATCH = 500


class PoissonSampling:
    """Which records a step of a private training takes: each with the same probability, by itself.

    secret  whether they are drawn from the machine's entropy rather than from the batch's seed
    """

    def __init__(self, rate: float, secret: bool) -> None:
        self.rate, self.secret = rate, secret
        self.generator = torch.Generator()
        self.generator.seed()  # from the machine's entropy

    def __call__(self, count: int, seed: int) -> Tensor:
        """Places, ascending, at least one."""
        if not self.secret:
            self.generator.manual_seed(batch_seed(seed, 0, 1))
        while True:
            drawn = torch.rand(count, generator=self.generator) < self.rate
            if drawn.any():  # else it is drawn again, which tasks.private makes rare enough
                return drawn.nonzero()[:, 0]


class TrainLoader:
    """Shuffled batches; goes on after `seen` batches of the whole training.

    A last batch of less than half the size is left out, since batch norms dislike it.

    sampling  of a private training, whose batches are drawn so
    """

    def __init__(self, arrays: dict[str, Tensor], batch_size: int, seed: int) -> None:
        self.arrays = arrays
        self.count = len(next(iter(arrays.values())))
        self.used = self.count
        self.batch_size = min(batch_size, self.count)
        self.seed = seed
        self.seen = 0
        self.sampling: PoissonSampling | None = None

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
            seed = batch_seed(self.seed, epoch, batch)
            places = order[batch * self.batch_size : (batch + 1) * self.batch_size]
            if self.sampling is not None:
                places = self.sampling(self.count, seed)
            yield {
                **_take(self.arrays, places),
                "places": places,
                "epoch": epoch,
                "seed": seed,
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
    return {key: array[queued(places, array.device)] for key, array in arrays.items()}


class DataModule(L.LightningDataModule):
    """Shared by all kinds of data: three sets of arrays, and what was seen.

    facts  what a task, a run's card and a page need to know of the data; JSON-serialisable
    files  texts that are kept beside the weights, by file name, such as a tokeniser's JSON
    notes  what was done to data that a user gave, for the model to take them
    """

    facts: dict[str, Any]
    files: Mapping[str, str] = MappingProxyType({})
    notes: tuple[str, ...] = ()

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


@singledispatch
def module_of(data: object, options: ModuleOptions) -> DataModule:
    """The LightningDataModule over a loaded data set; a new kind of data registers its own."""
    raise TypeError(f"no data module for {type(data).__name__}")


Given = Callable[[str, Mapping[str, Any], Mapping[str, str], Mapping[str, Any]], DataModule]
"""(path, a trained model's facts, its files, its task's params) -> data to test the model on.

The module's test part is what lies at `path`, prepared as the model's training data was; its
facts are the model's with the new sizes. Raises BadInput for what is not in the task's format.
"""
GIVEN: Registry[Given] = Registry("task that scores given data")
"""By task name."""
