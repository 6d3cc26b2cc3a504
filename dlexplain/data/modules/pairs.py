"""Pairs of texts as Lightning sees them: batches of similar length, so that little is padding."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import torch
from torch import Tensor

from dlexplain.data.augment import queued
from dlexplain.data.base import ModuleOptions
from dlexplain.data.modules.base import (
    GIVEN,
    Batch,
    DataModule,
    EvaluationLoader,
    TrainLoader,
    batch_seed,
    module_of,
)
from dlexplain.data.multi30k_files import read_part
from dlexplain.data.pair_codec import PairCodec, load_codec, train_codec
from dlexplain.data.pairs import PairData, Pairs, aligned
from dlexplain.data.tokenisers import PAD, Kind
from dlexplain.errors import BadInput, DataError
from dlexplain.settings import folder_at, local_path

POOL = 40
"""Batches among which examples are sorted by length."""
EVALUATION_BATCH = 100


def lengths(arrays: Mapping[str, Tensor]) -> Tensor:
    """(count,) tokens of source and target together"""
    return sum((a != PAD).sum(1).cpu() for a in arrays.values())  # type: ignore[return-value]


def trimmed(arrays: Mapping[str, Tensor], places: Tensor) -> Batch:
    """These rows, as long as their longest."""
    found: Batch = {}
    for key, array in arrays.items():
        rows = array[queued(places, array.device)]
        found[key] = rows[:, : int((rows != PAD).sum(1).max())]
    return found


class BucketLoader(TrainLoader):
    """Shuffled, then sorted by length among POOL batches, and the batches shuffled again."""

    def __init__(self, arrays: dict[str, Tensor], batch_size: int, seed: int) -> None:
        super().__init__(arrays, batch_size, seed)
        self.lengths = lengths(arrays)

    def batches(self, epoch: int) -> list[Tensor]:
        """Places of each batch of an epoch, a function of (seed, epoch)."""
        generator = torch.Generator().manual_seed(batch_seed(self.seed, epoch, -1 % 2**32))
        most = min(self.used, len(self) * self.batch_size)  # a small last batch is left out
        order = torch.randperm(self.count, generator=generator)[:most]
        cut: list[Tensor] = []
        for pool in torch.split(order, POOL * self.batch_size):
            cut += torch.split(pool[self.lengths[pool].argsort(stable=True)], self.batch_size)
        shuffled = torch.randperm(len(cut), generator=generator).tolist()
        return [cut[place] for place in shuffled]

    def __iter__(self) -> Iterator[Batch]:
        epoch, first = divmod(self.seen, len(self))
        batches = self.batches(epoch)
        for index in range(first, len(self)):
            yield {
                **trimmed(self.arrays, batches[index]),
                "places": batches[index],
                "epoch": epoch,
                "seed": batch_seed(self.seed, epoch, index),
            }


class SortedLoader(EvaluationLoader):
    """Every example once, by length; "places" says which they are."""

    def __iter__(self) -> Iterator[Batch]:
        order = lengths(self.arrays).argsort(stable=True)
        for places in torch.split(order, self.batch_size):
            yield {**trimmed(self.arrays, places), "places": places}


class PairModule(DataModule):
    """Batches {"source": (batch, S), "target": (batch, T), "places": (batch,)}; see PairCodec."""

    loader: BucketLoader

    def __init__(self, data: PairData, codec: PairCodec, batch_size: int, seed: int) -> None:
        found = {
            "train": codec.encode(data.train),
            "validation": codec.encode(data.validation),
            "test": codec.encode(data.test),
        }
        parts = {
            split: {key: torch.from_numpy(array) for key, array in arrays.items()}
            for split, (arrays, _) in found.items()
        }
        super().__init__(parts, batch_size, seed)
        self.loader = BucketLoader(parts["train"], batch_size, seed)
        self.evaluation_batch = EVALUATION_BATCH
        self.data, self.codec, self.files = data, codec, codec.files
        cut = sum(count for _, count in found.values())
        notes = [*data.notes]
        if cut:
            notes.append(f"{cut:,} texts were cut to {codec.longest} tokens")
        self.facts = {
            "languages": list(data.languages),
            "source_vocabulary": codec.source.get_vocab_size(),
            "target_vocabulary": codec.target.get_vocab_size(),
            "joint": codec.joint,
            "longest": codec.longest,
            "longest_target": parts["train"]["target"].shape[1],
            "digest": data.digest,
            "notes": notes,
            "sizes": {split: len(arrays["source"]) for split, (arrays, _) in found.items()},
        }

    def in_parts_of(self, whole: int) -> int:
        self.evaluation_batch = min(EVALUATION_BATCH, 4 * self.loader.batch_size)
        return self.loader.in_parts_of(whole)

    def val_dataloader(self) -> SortedLoader:
        return SortedLoader(self._parts["validation"], self.evaluation_batch)

    def test_dataloader(self) -> SortedLoader:
        return SortedLoader(self._parts["test"], self.evaluation_batch)

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        return batch

    def some_inputs(self, count: int, seed: int) -> Tensor:
        return self._parts["train"]["source"][:count]

    def source_of(self, place: int) -> Tensor:
        """(1, S) ids of a source of the test part, without padding."""
        row = self._parts["test"]["source"][place]
        return row[row != PAD][None]


@module_of.register
def _pairs(data: PairData, options: ModuleOptions) -> PairModule:
    task = options.task
    joint = bool(task["joint"])
    if not len(data.train):
        raise DataError("there is no pair to train on")
    longest = int(task["longest"])
    if options.files:
        codec = load_codec(options.files, joint, longest)
    else:
        kind, size = cast(Kind, task["tokens"]), int(task["vocabulary"])
        codec = train_codec(data.train, kind, size, joint, longest)
    return PairModule(data, codec, options.batch_size, options.seed)


def _given(
    path: str, facts: Mapping[str, Any], files: Mapping[str, str], task: Mapping[str, Any]
) -> PairModule:
    languages = (str(facts["languages"][0]), str(facts["languages"][1]))
    pairs, note = read_given(path, languages)
    data = PairData(pairs, pairs, pairs, languages, "", (note,) if note else ())
    codec = load_codec(files, bool(facts["joint"]), int(facts["longest"]))
    module = PairModule(data, codec, batch_size=2, seed=0)
    module.facts = {**facts, "sizes": module.facts["sizes"], "notes": module.facts["notes"]}
    return module


def read_given(path: str, languages: tuple[str, str]) -> tuple[Pairs, str]:
    """Of two aligned files, "SRC,TGT", or of the test files in a folder named as Multi30k's."""
    folder = folder_at(path)
    if folder is not None:
        return read_part(folder, "test", *languages)
    two = [local_path(part) for part in path.split(",") if part]
    if len(two) != 2:
        raise BadInput(
            f'"{path}" is not two aligned text files with a comma between, SRC,TGT, nor a folder '
            "with Multi30k's test files"
        )
    for file in two:
        if not file.is_file():
            raise BadInput(f"{file} is no file; two aligned text files are accepted, SRC,TGT")
    return aligned(two[0], two[1])


GIVEN.add("translate", _given)
