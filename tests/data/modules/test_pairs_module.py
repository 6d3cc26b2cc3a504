"""Pairs as batches: what is in them, their order, resuming, and data that a user gives."""

from pathlib import Path

import pytest
import torch

from dlexplain.data.base import Augmentation, ModuleOptions
from dlexplain.data.modules.base import GIVEN, module_of
from dlexplain.data.modules.pairs import BucketLoader, PairModule
from dlexplain.data.pair_codec import load_codec, until_end
from dlexplain.data.pairs import PairData, Pairs
from dlexplain.data.tokenisers import BOS, EOS, PAD
from dlexplain.errors import BadInput
from tests.data.test_pairs import multi30k_folder, write

TASK = {"tokens": "character", "vocabulary": 60, "joint": False, "longest": 8}


def data(count: int = 50) -> PairData:
    pairs = Pairs(
        tuple("ab"[: 1 + n % 2] * (1 + n % 4) for n in range(count)),
        tuple("xyz"[: 1 + n % 3] for n in range(count)),
    )
    return PairData(pairs, pairs, pairs, ("en", "de"), "digest", ("a note",))


def module(**task: object) -> PairModule:
    options = ModuleOptions(TASK | task, Augmentation(), batch_size=8, seed=3, epochs=2)
    found = module_of(data(), options)
    assert isinstance(found, PairModule)
    return found


def test_rows_are_framed_and_padded_to_the_batchs_longest() -> None:
    made = module()
    for batch in made.train_dataloader():
        for row, place in enumerate(batch["places"].tolist()):
            source, target = batch["source"][row], batch["target"][row]
            text = made.data.train.source[place]
            assert made.codec.source.decode(until_end(source.tolist())) == text
            assert source[len(text)] == EOS
            assert target[0] == BOS
            assert made.codec.text(target.tolist()) == made.data.train.target[place]
        assert (batch["source"] != PAD).any(0).all()
        assert (batch["target"] != PAD).any(0).all()


def test_facts_are_of_the_data_and_what_a_network_needs() -> None:
    facts = module().facts
    assert facts["sizes"] == {"train": 50, "validation": 50, "test": 50}
    assert (facts["source_vocabulary"], facts["target_vocabulary"]) == (4 + 2, 4 + 3)
    assert facts["longest_target"] == 2 + 3
    assert (facts["joint"], facts["digest"], facts["notes"]) == (False, "digest", ["a note"])
    assert module(joint=True).facts["source_vocabulary"] == 4 + 5


def test_what_is_too_long_is_cut_and_said() -> None:
    made = module(longest=4)
    assert made.facts["notes"] == ["a note", "36 texts were cut to 4 tokens"]
    assert made.train_dataloader().arrays["source"].shape[1] == 4 + 1


def test_an_epoch_has_each_example_once_in_batches_of_like_length() -> None:
    loader = module().train_dataloader()
    places = [batch["places"] for batch in loader]
    assert sorted(torch.cat(places).tolist()) == sorted(set(torch.cat(places).tolist()))
    assert len(torch.cat(places)) == 48  # a last batch of two is left out
    spread = [int(loader.lengths[p].max() - loader.lengths[p].min()) for p in places]
    assert max(spread) <= 2


def test_epochs_differ_and_a_resumed_one_goes_on() -> None:
    first, second = module().train_dataloader(), module().train_dataloader()
    whole = [b["places"].tolist() for _ in range(2) for b in _epoch(first)]
    assert whole[: len(first)] != whole[len(first) :]
    second.seen = 9
    rest = [b["places"].tolist() for b in second]
    assert rest == whole[9 : 2 * len(first)]


def _epoch(loader: BucketLoader) -> list[dict[str, torch.Tensor]]:
    batches = list(loader)
    loader.seen += len(batches)
    return batches


def test_evaluation_has_every_example_once() -> None:
    places = torch.cat([batch["places"] for batch in module().test_dataloader()])
    assert sorted(places.tolist()) == list(range(50))


@pytest.mark.parametrize("kind", ["bpe", "word", "character"])
@pytest.mark.parametrize("joint", [True, False])
def test_a_codec_comes_back_from_its_files(kind: str, joint: bool) -> None:
    made = module(tokens=kind, joint=joint, vocabulary=300)
    again = load_codec(made.files, joint, made.codec.longest)
    assert again.joint == joint
    found, expected = again.encode(made.data.test)[0], made.codec.encode(made.data.test)[0]
    assert all((found[key] == expected[key]).all() for key in expected)
    assert again.pieces([EOS], [EOS]) == (["(end)"], ["(end)"])


def test_given_pairs_are_prepared_as_the_training_was(tmp_path: Path) -> None:
    made = module()
    write(tmp_path / "a.en.gz", ["ab", "", "b"])
    write(tmp_path / "a.de", ["xy", "x", "z"])
    path = f"{tmp_path / 'a.en.gz'},{tmp_path / 'a.de'}"
    given = GIVEN["translate"](path, made.facts, made.files, TASK)
    assert given.facts["sizes"]["test"] == 2
    assert given.facts["notes"] == ["1 of 3 lines of a.en.gz had an empty side"]
    assert given.facts["source_vocabulary"] == made.facts["source_vocabulary"]
    [batch] = given.test_dataloader()
    expected = made.codec.encode(Pairs(("ab", "b"), ("xy", "z")))[0]
    order = batch["places"]
    assert batch["source"].tolist() == expected["source"][order].tolist()


def test_given_folders_and_what_is_wrong(tmp_path: Path) -> None:
    made = module()
    given = GIVEN["translate"](str(multi30k_folder(tmp_path)), made.facts, made.files, TASK)
    assert given.facts["sizes"]["test"] == 3
    for path, said in (
        ("one.en", "is not two aligned text files"),
        ("one.en,two.de", "one.en is no file"),
    ):
        with pytest.raises(BadInput, match=said):
            GIVEN["translate"](path, made.facts, made.files, TASK)
