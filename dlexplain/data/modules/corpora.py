"""Texts as Lightning sees them: streams that go on from batch to batch, and one whole text.

The training text is cut into as many streams as a batch has rows; each batch is the next window of
all of them, so that a state can be carried (truncated backpropagation through time, Mikolov et al.
2010). Validation and test are one stream, in which every token counts.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlexplain.data.base import SPLITS, Augmentation, ModuleOptions
from dlexplain.data.corpora import CorpusData, Tokens, encode, read_text, start_of
from dlexplain.data.modules.base import (
    GIVEN,
    Batch,
    DataModule,
    EvaluationLoader,
    TrainLoader,
    batch_seed,
    module_of,
)
from dlexplain.data.tokenisers import FILE, load_tokeniser
from dlexplain.errors import DataError
from dlexplain.settings import local_path

AT_ONCE = 500
"""Tokens of a text that are evaluated at once; the state is carried, so it changes no result."""


class StreamLoader(TrainLoader):
    """Windows {"x", "y": (streams, at most time)}, y one token on; every epoch in the same order.

    A batch goes on where the one before of the same "group" stopped, unless it is the "first".
    There is one group, or several where fewer streams fit into memory at once.
    """

    def __init__(self, text: Tensor, streams: int, time: int, seed: int) -> None:
        self.text, self.time, self.groups = text, time, 1
        self._cut(streams)
        super().__init__({"tokens": self.streams}, streams, seed)

    def _cut(self, streams: int) -> None:
        """(streams, their length + 1); the last token of each is the first of the next."""
        count = len(self.text) - 1
        streams = max(1, min(streams, count // self.time))
        length = count // streams
        self.streams = self.text[: streams * length + 1].unfold(0, length + 1, length)

    def __len__(self) -> int:
        windows = -(-(self.streams.shape[1] - 1) // self.time)
        return windows * self.groups

    def in_parts_of(self, whole: int) -> int:
        self._cut(whole)
        self.groups = -(-len(self.streams) // self.batch_size)
        return self.groups

    def __iter__(self) -> Iterator[Batch]:
        epoch, first = divmod(self.seen, len(self))
        for number in range(first, len(self)):
            window, group = divmod(number, self.groups)
            rows = self.streams[group * self.batch_size : (group + 1) * self.batch_size]
            start = window * self.time
            piece = rows[:, start : start + self.time + 1].long()
            yield {
                "x": piece[:, :-1],
                "y": piece[:, 1:],
                "group": group,
                "first": window == 0,
                "epoch": epoch,
                "seed": batch_seed(self.seed, epoch, number),
            }


class TextLoader(EvaluationLoader):
    """A text as one stream, {"x", "y": (1, at most AT_ONCE)} in order."""

    def __init__(self, text: Tensor) -> None:
        super().__init__({"tokens": text[:-1]}, AT_ONCE)
        self.text = text

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, self.count, self.batch_size):
            piece = self.text[start : start + self.batch_size + 1].long()[None]
            yield {"x": piece[:, :-1], "y": piece[:, 1:]}


class CorpusModule(DataModule):
    """Batches as StreamLoader and TextLoader give them; parts are (1 + tokens,), a start first."""

    loader: StreamLoader

    def __init__(
        self,
        parts: Mapping[str, Tokens],
        facts: Mapping[str, Any],
        tokeniser: str,
        options: ModuleOptions,
    ) -> None:
        texts: dict[str, dict[str, Tensor]] = {
            split: {"tokens": _started(parts[split], facts["start"])} for split in SPLITS
        }
        super().__init__(texts, options.batch_size, options.seed)
        time = int(options.task["time"])
        self.loader = StreamLoader(texts["train"]["tokens"], options.batch_size, time, options.seed)
        self.files = {FILE: tokeniser}
        self.facts = {**facts, "sizes": {split: len(parts[split]) for split in SPLITS}}

    def val_dataloader(self) -> TextLoader:
        return TextLoader(self._parts["validation"]["tokens"])

    def test_dataloader(self) -> TextLoader:
        return TextLoader(self._parts["test"]["tokens"])

    def some_inputs(self, count: int, seed: int) -> Tensor:
        """(windows, time) token ids."""
        time = self.loader.time
        ids = self._parts["train"]["tokens"][: count * time].long()
        return ids[: len(ids) // time * time].view(-1, time)


@module_of.register
def _corpus(data: CorpusData, options: ModuleOptions) -> CorpusModule:
    facts = {
        "vocabulary": data.vocabulary,
        "tokeniser": data.kind,
        "start": start_of(load_tokeniser(data.tokeniser)),
        "digest": data.digest,
        "notes": list(data.notes),
    }
    parts: dict[str, Tokens] = {split: getattr(data, split) for split in SPLITS}
    return CorpusModule(parts, facts, data.tokeniser, options)


def _started(tokens: Tokens, start: int) -> Tensor:
    return torch.from_numpy(np.concatenate([np.array([start], np.int32), tokens]))


def _given(
    path: str, facts: Mapping[str, Any], files: Mapping[str, str], task: Mapping[str, Any]
) -> CorpusModule:
    """A UTF-8 text file, cut into tokens as the model's training text was."""
    tokeniser = files[FILE]
    text = read_text(local_path(path))
    tokens = encode(load_tokeniser(tokeniser), text, str(facts["tokeniser"]))
    if len(tokens) == 0:
        raise DataError(f"{path} has no tokens; a text file with words is accepted")
    options = ModuleOptions({"time": 1, **task}, Augmentation(), 1, 0, 1)
    parts: dict[str, Tokens] = dict.fromkeys(SPLITS, tokens)
    return CorpusModule(parts, facts, tokeniser, options)


GIVEN.add("language-model", _given)
