"""Texts as batches: ids, order, what is kept, and data that a user gives."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dlexplain.data.base import Augmentation, ModuleOptions
from dlexplain.data.modules.base import GIVEN, module_of
from dlexplain.data.modules.texts import FILE, POOL, TextModule
from dlexplain.data.texts import TextData, Texts, make_texts
from dlexplain.data.tokenisers import load_tokeniser
from dlexplain.errors import DataError

TASK = {"tokeniser": "word", "vocabulary": 100, "lower": True, "longest": 6}


def part(texts: list[str]) -> Texts:
    return Texts(tuple(texts), np.arange(len(texts), dtype=np.int64) % 2)


def data() -> TextData:
    train = [" ".join(f"w{(n + k) % 9}" for k in range(1 + n % 5)) for n in range(50)]
    return make_texts(
        part(train), part(["W1 w2", "new"]), part(["w3", "", "w1 " * 9]), ("no", "yes")
    )


def module(batch_size: int = 8, **task: Any) -> TextModule:
    options = ModuleOptions({**TASK, **task}, Augmentation(), batch_size, seed=3, epochs=2)
    found = module_of(data(), options)
    assert isinstance(found, TextModule)
    return found


def test_the_tokeniser_knows_the_training_part_only_and_is_kept() -> None:
    found = module()
    tokeniser = load_tokeniser(found.files[FILE])
    assert set(tokeniser.get_vocab()) == {"[PAD]", "[UNK]", "[BOS]", "[EOS]"} | {
        f"w{n}" for n in range(9)
    }
    assert found.facts["vocabulary"] == 13
    batch = next(iter(found.val_dataloader()))
    one, two = (tokeniser.token_to_id(word) for word in ("w1", "w2"))
    assert batch["x"].tolist() == [[one, two], [1, 0]]
    assert batch["texts"] == ["W1 w2", "new"]


def test_no_text_is_one_unknown_token_and_long_ones_are_cut() -> None:
    found = module()
    batch = next(iter(found.test_dataloader()))
    assert batch["x"].shape == (3, 6)
    assert batch["x"][1].tolist() == [1, 0, 0, 0, 0, 0]
    assert "1 texts were cut to 6 tokens" in found.facts["notes"]


def test_an_epoch_has_each_text_once_and_little_padding() -> None:
    found = module()
    batches = list(found.train_dataloader())
    places = torch.cat([batch["places"] for batch in batches])
    assert len(batches) * 8 >= 48
    assert len(places.unique()) == len(places)
    assert POOL * 8 >= 50, "all are sorted at once here"
    for batch in batches:
        lengths = (batch["x"] != 0).sum(1)
        assert lengths.max() == batch["x"].shape[1]
        assert lengths.max() - lengths.min() <= 1
        assert torch.equal(batch["y"], torch.from_numpy(data().train.labels)[batch["places"]])


def test_it_goes_on_with_the_very_next_batch() -> None:
    whole = module()
    first = list(whole.train_dataloader())
    whole.loader.seen = len(first)
    second = list(whole.train_dataloader())
    resumed = module()
    resumed.load_state_dict({"seen": len(first) + 2})
    for found, expected in zip(resumed.train_dataloader(), second[2:], strict=True):
        assert torch.equal(found["x"], expected["x"])
        assert found["seed"] == expected["seed"]
    assert not torch.equal(first[0]["places"], second[0]["places"])


def test_minilm_reads_word_pieces_between_its_marks() -> None:
    found = module(tokeniser="minilm")
    tokeniser = load_tokeniser(found.files[FILE])
    assert tokeniser.token_to_id("[PAD]") == 0
    batch = next(iter(found.test_dataloader()))
    begin, end = tokeniser.token_to_id("[CLS]"), tokeniser.token_to_id("[SEP]")
    for row in batch["x"]:
        ids = row[row != 0].tolist()
        assert (ids[0], ids[-1]) == (begin, end)
    assert (batch["x"][2] != 0).sum() == 6, "the end mark stays where a text is cut"


def test_given_lines_are_read_as_in_training(tmp_path: Path) -> None:
    trained = module()
    file = tmp_path / "given.tsv"
    file.write_text("w3\tno\nw1 w2\t1\n")
    found = GIVEN["classify-text"](str(file), trained.facts, trained.files, TASK)
    batch = next(iter(found.test_dataloader()))
    tokeniser = load_tokeniser(trained.files[FILE])
    assert batch["x"][1].tolist() == tokeniser.encode("w1 w2").ids
    assert batch["y"].tolist() == [0, 1]
    assert found.facts["sizes"]["test"] == 2
    assert found.facts["vocabulary"] == trained.facts["vocabulary"]
    with pytest.raises(DataError, match=FILE):
        GIVEN["classify-text"](str(file), trained.facts, {}, TASK)


def test_minilm_reads_split_negations_as_it_knows_them() -> None:
    from dlexplain.data.modules.texts import _minilm_tokeniser

    tokeniser = _minilm_tokeniser()
    split, usual = tokeniser.encode("It did N'T work"), tokeniser.encode("it didn't work")
    assert split.tokens == usual.tokens
    assert split.offsets[2:5] == [(3, 8), (8, 9), (9, 10)]
