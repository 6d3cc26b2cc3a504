"""Texts as batches: streams that go on, every token of the test once, groups, resuming."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dlexplain.data.base import Augmentation, ModuleOptions
from dlexplain.data.corpora import CorpusData, line_words, make_corpus
from dlexplain.data.modules.base import GIVEN, module_of
from dlexplain.data.modules.corpora import AT_ONCE, CorpusModule, StreamLoader
from dlexplain.errors import DataError


def loader(tokens: int = 100, streams: int = 4, time: int = 7) -> StreamLoader:
    return StreamLoader(torch.arange(tokens + 1, dtype=torch.int32), streams, time, seed=1)


def test_each_row_goes_on_where_it_stopped_and_y_is_one_on() -> None:
    batches = list(loader())
    assert [b["x"].shape for b in batches] == [(4, 7)] * 3 + [(4, 4)]
    assert [b["first"] for b in batches] == [True, False, False, False]
    whole = torch.cat([b["x"] for b in batches], dim=1)
    assert torch.equal(whole, torch.arange(100).view(4, 25))
    for batch in batches:
        assert torch.equal(batch["y"], batch["x"] + 1)
    assert len({b["seed"] for b in batches}) == 4


def test_a_loader_goes_on_after_what_was_seen() -> None:
    whole, again = loader(), loader()
    again.seen = len(whole) + 2  # in the middle of the second epoch
    rest = list(again)
    assert [b["epoch"] for b in rest] == [1, 1]
    for found, expected in zip(rest, list(whole)[2:], strict=True):
        assert torch.equal(found["x"], expected["x"])


def test_short_texts_have_fewer_streams() -> None:
    assert next(iter(loader(tokens=20, streams=64)))["x"].shape == (2, 7)


def test_groups_of_streams_are_the_same_streams() -> None:
    """Where only 2 fit at once: each window of 4 in two batches, each group with its state."""
    small, whole = loader(streams=2), list(loader())
    assert small.in_parts_of(4) == 2
    batches = list(small)
    assert len(batches) == len(small) == 2 * len(whole)
    assert [b["group"] for b in batches] == [0, 1] * 4
    assert [b["first"] for b in batches] == [True, True] + [False] * 6
    for place, expected in enumerate(whole):
        pair = torch.cat([batches[2 * place]["x"], batches[2 * place + 1]["x"]])
        assert torch.equal(pair, expected["x"])


def text(lines: int) -> str:
    words = np.random.default_rng(lines).choice(["a", "b", "c"], size=(lines, 4))
    return "\n".join(" ".join(line) for line in words) + "\n"


def corpus() -> CorpusData:
    train = text(300)
    return make_corpus((train, text(60), text(130)), line_words(train), "lines")


def module(time: int = 7) -> CorpusModule:
    found = module_of(corpus(), ModuleOptions({"time": time}, Augmentation(), 4, 1, 1))
    assert isinstance(found, CorpusModule)
    return found


def test_every_token_of_the_test_is_foretold_once_the_first_from_a_start() -> None:
    found, data = module(), corpus()
    assert found.facts["sizes"] == {"train": 1500, "validation": 300, "test": 650}
    assert len(data.test) == 650 > AT_ONCE
    batches: list[dict[str, Any]] = list(found.test_dataloader())
    assert len(batches) == len(found.test_dataloader()) == 2
    y = torch.cat([b["y"][0] for b in batches])
    x = torch.cat([b["x"][0] for b in batches])
    assert y.tolist() == data.test.tolist()
    assert x.tolist() == [found.facts["start"], *data.test[:-1]]
    assert found.some_inputs(3, 0).shape == (3, 7)


def test_a_given_text_is_cut_as_the_models_own(tmp_path: Path) -> None:
    found, file = module(), tmp_path / "given.txt"
    file.write_text(text(130))
    given = GIVEN["language-model"](str(file), found.facts, found.files, {"time": 7})
    assert given.facts == {**found.facts, "sizes": dict.fromkeys(found.facts["sizes"], 650)}
    for ours, theirs in zip(given.test_dataloader(), found.test_dataloader(), strict=True):
        assert torch.equal(ours["y"], theirs["y"]) and torch.equal(ours["x"], theirs["x"])


def test_a_given_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    found, file = module(), tmp_path / "given.txt"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="is not UTF-8 text"):
        GIVEN["language-model"](str(file), found.facts, found.files, {})
    with pytest.raises(DataError, match="is not there"):
        GIVEN["language-model"](str(tmp_path / "none.txt"), found.facts, found.files, {})
