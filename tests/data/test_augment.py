"""Varying batches: what moves, what is mirrored, what is blanked, by hand."""

import pytest
import torch
from torch import Tensor

from dlexplain.data.augment import augment
from dlexplain.data.base import Augmentation


def batch(count: int = 64, side: int = 12, channels: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures of random values 0 to 255, labels 0 to 9, places."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.rand((count, channels, side, side), generator=generator) * 255
    return pixels, torch.arange(count) % 10, torch.arange(count)


def varied(how: Augmentation, epoch: int = 0, seed: int = 7, side: int = 12) -> Tensor:
    return augment(*batch(side=side), epoch, seed, how)[0]


def mirrored(pixels: Tensor, original: Tensor) -> Tensor:
    """Which pictures are mirrored; fails when one is neither that nor as it was."""
    same = (pixels == original).flatten(1).all(1)
    flipped = (pixels == original.flip(3)).flatten(1).all(1)
    assert (same ^ flipped).all()
    return flipped


def test_nothing_is_varied_by_default() -> None:
    pixels, labels, places = batch()
    found, y, y2, weight = augment(pixels, labels, places, 3, 1, Augmentation())
    assert torch.equal(found, pixels)
    assert torch.equal(y, labels) and torch.equal(y2, labels)
    assert weight == 1.0


def test_all_that_is_drawn_depends_on_the_seed_only() -> None:
    how = Augmentation(flip="random", shift=3, cutout=4, mixup=0.4, colour=0.3)
    torch.manual_seed(1)
    first = varied(how)
    torch.manual_seed(2)
    assert torch.equal(first, varied(how))
    assert not torch.equal(first, varied(how, seed=8))


def test_alternating_shows_both_forms_in_two_epochs() -> None:
    how = Augmentation(flip="alternating")
    original = batch()[0]
    even, odd = (mirrored(varied(how, epoch), original) for epoch in (0, 1))
    assert torch.equal(even, ~odd)
    assert torch.equal(even, mirrored(varied(how, 2, seed=99), original))
    assert 16 < int(even.sum()) < 48


def test_alternating_follows_the_place_and_not_the_position_in_the_batch() -> None:
    pixels, labels, places = batch()
    how = Augmentation(flip="alternating")
    order = torch.randperm(len(pixels), generator=torch.Generator().manual_seed(3))
    found = augment(pixels[order], labels[order], places[order], 0, 5, how)[0]
    assert torch.equal(found, varied(how)[order])


def test_random_mirror_takes_about_half() -> None:
    flipped = mirrored(varied(Augmentation(flip="random")), batch()[0])
    assert 16 < int(flipped.sum()) < 48


def test_shift_cuts_a_window_out_of_the_mirrored_picture() -> None:
    most, side = 2, 12
    pixels = batch()[0]
    found = varied(Augmentation(shift=most))
    padded = torch.nn.functional.pad(pixels, (most,) * 4, mode="reflect")
    moved = set()
    for place in range(len(pixels)):
        hits = [
            (top, left)
            for top in range(2 * most + 1)
            for left in range(2 * most + 1)
            if torch.equal(padded[place, :, top : top + side, left : left + side], found[place])
        ]
        assert len(hits) == 1
        moved.add(hits[0])
    assert len(moved) > 15  # of 25, each picture on its own


def test_a_shift_larger_than_the_picture_is_as_large_as_it_can_be() -> None:
    assert varied(Augmentation(shift=32), side=4).shape == (64, 3, 4, 4)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 8])
def test_cutout_blanks_a_square_of_that_side_with_the_mean(size: int) -> None:
    pixels = batch(side=30)[0]
    found = varied(Augmentation(cutout=size), side=30)
    changed = (found != pixels).any(1)  # (batch, side, side)
    mean = pixels.mean(dim=(2, 3))
    whole = 0
    for place, hole in enumerate(changed):
        rows, columns = hole.any(1).nonzero()[:, 0], hole.any(0).nonzero()[:, 0]
        assert hole.sum() == len(rows) * len(columns)  # a rectangle
        assert max(len(rows), len(columns)) <= size
        whole += len(rows) == len(columns) == size
        blanked = found[place][:, hole]
        torch.testing.assert_close(blanked, mean[place][:, None].expand_as(blanked))
    assert whole > 20  # the others are cut by the edge


def test_colour_keeps_a_grey_picture_grey_and_in_range() -> None:
    grey = torch.linspace(0, 255, 12 * 12).reshape(1, 1, 12, 12).expand(8, 3, 12, 12)
    found = augment(grey, torch.zeros(8), torch.arange(8), 0, 4, Augmentation(colour=1.0))[0]
    assert float(found.min()) >= 0 and float(found.max()) <= 255
    torch.testing.assert_close(found[:, 0], found[:, 1])
    assert len(set(found.mean(dim=(1, 2, 3)).round().tolist())) > 4


def test_colour_of_a_flat_grey_picture_changes_by_no_more_than_told() -> None:
    flat = torch.full((200, 3, 4, 4), 100.0)
    how = Augmentation(colour=0.2)
    found = augment(flat, torch.zeros(200), torch.arange(200), 0, 4, how)[0]
    assert 80 - 1e-3 <= float(found.min()) < 85  # contrast and saturation do not matter here
    assert 115 < float(found.max()) <= 120 + 1e-3


def test_mixup_is_the_blend_that_its_weight_and_labels_say() -> None:
    pixels = batch()[0]
    labels = torch.arange(len(pixels))  # so that the second label names the picture
    how = Augmentation(mixup=0.5)
    found, y, y2, weight = augment(pixels, labels, labels, 0, 11, how)
    assert 0.5 <= weight < 1
    assert torch.equal(y, labels)
    assert sorted(y2.tolist()) == labels.tolist()
    torch.testing.assert_close(found, weight * pixels + (1 - weight) * pixels[y2])


def test_mixup_weights_are_the_larger_of_a_beta_pair() -> None:
    """For Beta(1, 1), which is uniform, the larger of w and 1 - w has mean 3/4."""
    pixels, labels, places = batch(count=2, side=1)
    weights = [
        augment(pixels, labels, places, 0, seed, Augmentation(mixup=1.0))[3] for seed in range(2000)
    ]
    assert sum(weights) / len(weights) == pytest.approx(0.75, abs=0.015)


def test_noise_is_normal_of_that_deviation_and_seeded() -> None:
    how = Augmentation(noise=0.25)
    original = batch(side=32)[0]
    off = (varied(how, side=32) - original) / 255
    assert float(off.std()) == pytest.approx(0.25, rel=0.01)
    assert abs(float(off.mean())) < 0.005
    assert torch.equal(varied(how), varied(how))
    assert not torch.equal(varied(how), varied(how, seed=8))


def test_what_is_mixed_in_takes_no_noise_off() -> None:
    pixels, labels, places = batch(side=32)
    how = Augmentation(noise=0.25, mixup=1.0)
    without = augment(pixels, labels, places, 0, 7, Augmentation(mixup=1.0))[0]
    noisy = augment(pixels, labels, places, 0, 7, how)[0]
    assert float((noisy - without).std()) / 255 == pytest.approx(0.25, rel=0.01)
