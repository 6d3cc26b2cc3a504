"""RandAugment, AugMix, erasing, MixUp and CutMix: areas, weights and shares by hand."""

import math

import pytest
import torch
from torch import Tensor

from dlexplain.data.augment import augment
from dlexplain.data.base import Augmentation
from dlexplain.data.mixing import augmix, cutmix, erased, randaugment, rectangle


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int = 40, side: int = 16, channels: int = 3) -> Tensor:
    return torch.rand((count, channels, side, side), generator=seeded()) * 255


def varied(how: Augmentation, seed: int = 7) -> tuple[Tensor, Tensor, Tensor, float]:
    given = pictures()
    places = torch.arange(len(given))
    return augment(given, places, places, 0, seed, how)


@pytest.mark.parametrize(
    "how",
    [
        Augmentation(randaugment=2),
        Augmentation(augmix=3),
        Augmentation(erasing=0.7),
        Augmentation(cutmix=1.0),
        Augmentation(cutmix=1.0, mixup=0.4),
    ],
)
def test_what_is_drawn_depends_on_the_seed_only(how: Augmentation) -> None:
    torch.manual_seed(1)
    first = varied(how)[0]
    torch.manual_seed(2)
    assert torch.equal(first, varied(how)[0])
    assert not torch.equal(first, varied(how, seed=8)[0])
    assert not torch.equal(first, pictures())
    assert float(first.min()) >= 0 and float(first.max()) <= 255


@pytest.mark.parametrize("channels", [1, 3])
def test_randaugment_varies_each_picture_by_itself(channels: int) -> None:
    same = pictures(1, channels=channels).expand(60, -1, -1, -1)
    found = randaugment(same, 1, 30, seeded())
    kinds = {tuple(one.flatten()[:40].round().tolist()) for one in found}
    assert len(kinds) > 14  # fourteen operations, nine of them either way
    assert torch.equal(randaugment(same, 0, 30, seeded()), same)


def test_augmix_is_between_the_picture_and_its_chains() -> None:
    """A picture that all operations of AugMix leave as it is stays so: the weights sum to 1."""
    black = torch.zeros(8, 3, 16, 16)
    kept = augmix(black, 1, seeded())
    # Solarize turns black at full strength only, and all else leaves it.
    torch.testing.assert_close(kept, black)
    near = (augmix(pictures(), 1, seeded()) - pictures()).abs().mean()
    far = (augmix(pictures(), 10, seeded()) - pictures()).abs().mean()
    assert 0 < float(near) < float(far)


def test_erased_is_a_rectangle_of_the_papers_area_and_shape() -> None:
    side, given = 30, pictures(300, 30)
    found = erased(given, 0.5, seeded())
    holes = 0
    for hole in (found != given).any(1):
        if not hole.any():
            continue
        rows, columns = hole.any(1).nonzero()[:, 0], hole.any(0).nonzero()[:, 0]
        tall, wide = int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)
        assert int(hole.sum()) == tall * wide
        # Rounding moves each side by half a pixel at most.
        assert (tall - 0.5) * (wide - 0.5) <= side**2 / 3
        assert (tall + 0.5) * (wide + 0.5) >= 0.02 * side**2
        assert (tall + 0.5) / (wide - 0.5) >= 0.3 and (tall - 0.5) / (wide + 0.5) <= 1 / 0.3
        holes += 1
    assert 120 < holes < 180
    assert torch.equal(erased(given, 0.0, seeded()), given)


def test_erased_values_are_uniform() -> None:
    given = torch.full((200, 1, 20, 20), -1.0)
    found = erased(given, 1.0, seeded())
    drawn = found[found >= 0]
    assert float(drawn.mean()) == pytest.approx(127.5, abs=2)
    assert float(drawn.std()) == pytest.approx(255 / math.sqrt(12), abs=2)


def test_a_rectangle_is_where_its_corner_and_sizes_say() -> None:
    (found,) = rectangle(*(torch.tensor([v]) for v in (1, 2, 2, 1)), height=4, width=4)
    assert found.nonzero().tolist() == [[1, 2], [2, 2]]


def test_cutmix_weighs_labels_by_area() -> None:
    given = pictures()
    weights = []
    for seed in range(60):
        found, order, weight = cutmix(given, 1.0, seeded(seed))
        from_other = (found == given[order]).all(1) & (found != given).any(1)
        moved = (order != torch.arange(len(given))).nonzero()[:, 0]
        for place in moved[:4].tolist():
            hole = from_other[place]
            assert float(hole.float().mean()) == pytest.approx(1 - weight, abs=1e-6)
            rows, columns = hole.any(1).sum(), hole.any(0).sum()
            assert int(hole.sum()) == int(rows * columns)
            assert torch.equal(found[place][:, ~hole], given[place][:, ~hole])
        weights.append(weight)
    assert min(weights) < 0.4 and max(weights) > 0.9


def test_the_first_label_of_cutmix_is_of_the_larger_part() -> None:
    swapped = 0
    for seed in range(40):
        pixels, first, second, weight = varied(Augmentation(cutmix=1.0), seed)
        assert 0.5 <= weight <= 1
        parts = [(pixels == pictures()[who]).all(1).float().mean((1, 2)) for who in (first, second)]
        apart = first != second
        torch.testing.assert_close(
            parts[0][apart], torch.full_like(parts[0][apart], weight), atol=1e-5, rtol=0
        )
        torch.testing.assert_close(
            parts[1][apart], torch.full_like(parts[1][apart], 1 - weight), atol=1e-5, rtol=0
        )
        swapped += not torch.equal(first, torch.arange(len(first)))
    assert 4 < swapped < 36


def test_with_both_each_batch_takes_one_of_mixup_and_cutmix() -> None:
    blended = 0
    for seed in range(60):
        pixels, first, second, weight = varied(Augmentation(cutmix=1.0, mixup=1.0), seed)
        given = pictures()
        blend = weight * given[first] + (1 - weight) * given[second]
        blended += torch.allclose(pixels, blend, atol=1e-2)
    assert 15 < blended < 45
