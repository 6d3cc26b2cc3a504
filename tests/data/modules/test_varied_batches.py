"""Batches that train are varied, those that test are not; and what is generated comes behind."""

from typing import Any

import numpy as np
import torch

from dlexplain.data.augmentations import SeriesAugmentation, TextAugmentation
from dlexplain.data.base import Augmentation, ModuleOptions, PictureData, Pictures
from dlexplain.data.modules.base import DataModule, module_of
from dlexplain.data.modules.texts import FILE
from dlexplain.data.series import Table, make_series
from dlexplain.data.texts import TextData, Texts, make_texts
from dlexplain.data.tokenisers import load_tokeniser

WORDS = {"tokeniser": "word", "vocabulary": 100, "lower": True, "longest": 9}
WINDOWS = {"window": 5, "horizon": 3}


def part(count: int) -> Texts:
    texts = [" ".join(f"w{(n + k) % 9}" for k in range(2 + n % 6)) for n in range(count)]
    return Texts(tuple(texts), np.arange(count, dtype=np.int64) % 2)


def texts() -> TextData:
    return make_texts(part(40), part(6), part(6), ("no", "yes"))


def module(data: Any, task: dict[str, Any], how: Any, **more: Any) -> DataModule:
    return module_of(data, ModuleOptions(task, how, 8, seed=3, epochs=2, **more))


def both(found: DataModule) -> tuple[dict[str, Any], dict[str, Any]]:
    """The first training batch as it is cut, and as the model sees it."""
    raw = next(iter(found.train_dataloader()))
    return raw, found.on_after_batch_transfer(dict(raw), 0)


def test_texts_of_a_batch_have_their_own_words_in_another_order() -> None:
    raw, varied = both(module(texts(), WORDS, TextAugmentation(word_swaps=1.0)))
    assert torch.equal(raw["x"].sort(1).values, varied["x"].sort(1).values)
    assert not torch.equal(raw["x"], varied["x"])
    assert torch.equal(raw["y"], varied["y"]) and torch.equal(raw["places"], varied["places"])


def test_words_that_are_left_out_shorten_the_batch_as_its_seed_says() -> None:
    found = module(texts(), WORDS, TextAugmentation(word_dropout=0.5))
    tokeniser = load_tokeniser(found.files[FILE])
    raw, varied = both(found)
    assert int((varied["x"] != 0).sum()) < int((raw["x"] != 0).sum())
    for place, ids in zip(raw["places"].tolist(), varied["x"].tolist(), strict=True):
        left = [tokeniser.id_to_token(token) for token in ids if token]
        words = iter(texts().train.texts[place].split())
        assert left and all(word in words for word in left)  # a part, in the same order
    again = found.on_after_batch_transfer(dict(raw), 0)
    assert torch.equal(varied["x"], again["x"])
    other = found.on_after_batch_transfer({**raw, "seed": raw["seed"] + 1}, 0)
    assert varied["x"].shape != other["x"].shape or not torch.equal(varied["x"], other["x"])


def test_texts_that_test_are_as_they_are() -> None:
    found = module(texts(), WORDS, TextAugmentation(word_dropout=0.9))
    batch = next(iter(found.test_dataloader()))
    assert found.on_after_batch_transfer(batch, 0) is batch


def test_windows_that_train_are_varied_and_what_comes_after_is_not() -> None:
    values = np.cumsum(np.random.default_rng(0).normal(size=(90, 2)), axis=0)
    dates = (np.datetime64("2000-01", "M") + np.arange(90)).astype("datetime64[D]")
    data = make_series(Table(dates, values, ("a", "b"), 12), {}, ["b"], (60, 75))
    found = module(data, WINDOWS, SeriesAugmentation(jitter=0.1))
    raw, varied = both(found)
    off = varied["x"] - raw["x"]
    assert 0.05 < float(off.std()) < 0.15
    assert torch.equal(raw["y"], varied["y"])
    assert torch.equal(varied["x"], found.on_after_batch_transfer(dict(raw), 0)["x"])
    batch = next(iter(found.val_dataloader()))
    assert found.on_after_batch_transfer(batch, 0) is batch


def test_generated_pictures_come_behind_and_change_no_scale() -> None:
    generator = np.random.default_rng(0)

    def drawn(count: int, most: int) -> Pictures:
        pixels = generator.integers(0, most, (count, 6, 6, 1)).astype(np.uint8)
        return Pictures(pixels, np.arange(count, dtype=np.int64) % 2)

    data = PictureData(drawn(20, 256), drawn(4, 256), drawn(4, 256), ("a", "b"), "digest")
    more = drawn(8, 30)
    plain = module(data, {}, Augmentation())
    found = module(data, {}, Augmentation(), generated=more)
    assert found.facts["sizes"] == {"train": 28, "validation": 4, "test": 4}
    assert (found.facts["mean"], found.facts["scale"]) == (
        plain.facts["mean"],
        plain.facts["scale"],
    )
    arrays = found.loader.arrays
    assert torch.equal(arrays["pixels"][20:], torch.from_numpy(more.pixels))
    assert arrays["labels"][20:].tolist() == more.labels.tolist()
