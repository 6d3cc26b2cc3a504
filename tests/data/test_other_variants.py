"""Texts and windows of series, varied: by hand."""

import numpy as np
import pytest
import torch

from dlexplain.data import series_variants, text_variants
from dlexplain.data.augmentations import (
    Augmentation,
    SeriesAugmentation,
    TextAugmentation,
    Unvaried,
    augmentation_class,
    foreign,
    own_augmentation,
    read_augmentation,
)
from dlexplain.data.text_variants import Word, joined

TEXT = "A  film that\nis good , and long ."


def drawn(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_text_that_is_not_varied_is_as_it_was() -> None:
    words = text_variants.vary(TEXT, TextAugmentation(), drawn())
    assert joined(words) == TEXT
    assert {word.mark for word in words} == {""}


def test_swaps_keep_all_words_and_mark_what_moved() -> None:
    words = text_variants.vary(TEXT, TextAugmentation(word_swaps=0.2), drawn())  # two of nine
    assert sorted(joined(words).split()) == sorted(TEXT.split())
    moved = [word.mark == "moved" for word in words]
    away = [new.text != old for new, old in zip(words, TEXT.split(), strict=True)]
    assert moved == away and 2 <= sum(moved) <= 4
    assert [word.gap for word in words] == ["", "  ", " ", "\n", " ", " ", " ", " ", " "]


def test_words_are_left_out_with_the_probability_told() -> None:
    long = " ".join(f"w{place}" for place in range(4000))
    words = text_variants.vary(long, TextAugmentation(word_dropout=0.25), drawn())
    left_out = [word.mark == "dropped" for word in words]
    assert np.mean(left_out) == pytest.approx(0.25, abs=0.03)
    kept = [word.text for word, out in zip(words, left_out, strict=True) if not out]
    assert joined(words).split() == kept


@pytest.mark.parametrize("text", ["one", "a b"])
def test_one_word_stays_at_least(text: str) -> None:
    for seed in range(50):
        words = text_variants.vary(text, TextAugmentation(0.9, 1.0), drawn(seed))
        assert joined(words).strip()


def test_a_text_without_words_stays_without() -> None:
    assert joined(text_variants.vary(" \n", TextAugmentation(0.5, 0.5), drawn())) == ""


def test_the_first_word_that_is_kept_begins_the_text() -> None:
    assert joined((Word("", "a", "dropped"), Word(" ", "b"))) == "b"


def test_a_warp_by_hand() -> None:
    """Points 1 to 3 of 0..6 last twice as long: 8 periods instead of 6, 4/3 between points."""
    line = torch.arange(7.0)[None, :, None]
    found = series_variants.warped(line, torch.tensor([1]), 3, torch.tensor([2.0]))
    # Warped times 0, 4/3, 8/3, 4, 16/3, 20/3, 8; 1 to 5 are inside, at half speed.
    assert found.flatten().tolist() == pytest.approx(
        [0, 1 + (4 / 3 - 1) / 2, 1 + (8 / 3 - 1) / 2, 2.5, 16 / 3 - 2, 20 / 3 - 2, 6]
    )
    fast = series_variants.warped(line, torch.tensor([1]), 3, torch.tensor([0.5]))
    # 5 periods, 5/6 between points; 1 to 2 are inside, at double speed.
    assert fast.flatten().tolist() == pytest.approx(
        [0, 5 / 6, 1 + (10 / 6 - 1) * 2, 15 / 6 + 1, 20 / 6 + 1, 25 / 6 + 1, 6]
    )


def test_first_and_last_point_stay_and_all_series_are_warped_alike() -> None:
    windows = torch.randn(20, 12, 3, generator=torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    found = series_variants.vary(windows, SeriesAugmentation(warping=0.4), generator)
    torch.testing.assert_close(found[:, 0], windows[:, 0])
    torch.testing.assert_close(found[:, -1], windows[:, -1])
    assert not torch.equal(found, windows)
    twice = torch.cat([windows, windows], 2)
    again = series_variants.vary(
        twice, SeriesAugmentation(warping=0.4), torch.Generator().manual_seed(1)
    )
    assert torch.equal(again[..., :3], again[..., 3:])


def test_scaling_is_one_factor_a_series_of_a_window() -> None:
    windows = torch.rand(500, 6, 4, generator=torch.Generator().manual_seed(0)) + 1
    generator = torch.Generator().manual_seed(1)
    factors = series_variants.vary(windows, SeriesAugmentation(scaling=0.2), generator) / windows
    torch.testing.assert_close(factors, factors[:, :1].expand_as(factors))
    assert float(factors.mean()) == pytest.approx(1, abs=0.02)
    assert float(factors[:, 0].std()) == pytest.approx(0.2, abs=0.01)


def test_jitter_is_normal_of_that_deviation() -> None:
    windows = torch.zeros(200, 10, 5)
    generator = torch.Generator().manual_seed(1)
    found = series_variants.vary(windows, SeriesAugmentation(jitter=0.03), generator)
    assert float(found.std()) == pytest.approx(0.03, rel=0.03)


def test_the_shortest_window_can_be_warped() -> None:
    windows = torch.randn(3, 2, 1, generator=torch.Generator().manual_seed(0))
    how = SeriesAugmentation(warping=0.9)
    found = series_variants.vary(windows, how, torch.Generator().manual_seed(0))
    torch.testing.assert_close(found, windows)


def test_a_task_has_its_own_class() -> None:
    assert augmentation_class("forecast") is SeriesAugmentation
    assert augmentation_class("translate") is Unvaried
    assert read_augmentation("classify-text", {"word_swaps": "0.1"}) == TextAugmentation(0.0, 0.1)
    assert isinstance(read_augmentation("vae", {"shift": 1}), Augmentation)


def test_what_once_said_that_pictures_are_not_varied_is_read() -> None:
    old = {"flip": "none", "shift": 0, "cutout": 0, "mixup": 0.0, "colour": 0.0, "early_side": 0}
    assert own_augmentation("forecast", old) == {}
    assert own_augmentation("translate", old | {"shift": 2}) == {"shift": 2}
    assert read_augmentation("forecast", old) == SeriesAugmentation()


def test_what_varies_another_kind_is_told_with_what_is_accepted() -> None:
    assert foreign("forecast", {"shift": 2, "word_swaps": 0.1, "jitter": 0.1}) == [
        "augmentation: shift is given, but varies pictures only; jitter, scaling, warping are "
        "accepted",
        "augmentation: word_swaps is given, but varies texts that are classified only; jitter, "
        "scaling, warping are accepted",
    ]
    assert foreign("vae", {"generated_by": "mnist-gan"})[0].startswith(
        "augmentation: generated_by is given, but varies pictures with classes only; flip, "
    )
    assert foreign("translate", {"shift": 2}) == [
        "augmentation: shift is given, but varies pictures only"
    ]
