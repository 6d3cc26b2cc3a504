"""Imputed pixels against the linear system solved directly, and Quantus' own."""

from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from dlexplain.explainers.imputation import TOLERANCE, impute
from tests.quantus_metrics import quantus

OFFSETS = [(down, right) for down, right in product((-1, 0, 1), repeat=2) if down or right]


def drawn(height: int, width: int, channels: int = 3, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((1, channels, height, width), generator=generator)


def holes(height: int, width: int, share: float, smooth: int, seed: int = 1) -> Tensor:
    """(1, height, width) True for the largest `share` of noise that was smoothed so often."""
    noise = torch.randn((1, 1, height, width), generator=torch.Generator().manual_seed(seed))
    for _ in range(smooth):
        noise = torch.nn.functional.avg_pool2d(noise, 5, 1, 2, count_include_pad=False)
    order = noise.flatten().argsort(descending=True)
    found = torch.zeros(height * width, dtype=torch.bool)
    found[order[: round(share * height * width)]] = True
    return found.view(1, height, width)


def directly(picture: Tensor, missing: Tensor) -> Tensor:
    """(channels, height, width), (height, width) -> the same by a dense solver, in float64."""
    _, height, width = picture.shape
    cells = [(int(a), int(b)) for a, b in missing.nonzero()]
    number = {cell: place for place, cell in enumerate(cells)}
    matrix = torch.zeros((len(cells), len(cells)), dtype=torch.float64)
    known = torch.zeros((len(cells), len(picture)), dtype=torch.float64)
    for (row, column), place in number.items():
        for down, right in OFFSETS:
            other = (row + down, column + right)
            if not (0 <= other[0] < height and 0 <= other[1] < width):
                continue
            weight = 1 / 12 if down and right else 1 / 6
            matrix[place, place] += weight
            if other in number:
                matrix[place, number[other]] -= weight
            else:
                known[place] += weight * picture[:, other[0], other[1]].double()
    found = picture.double().clone()
    found[:, missing] = torch.linalg.solve(matrix, known).T
    return found


@pytest.mark.parametrize(("height", "width"), [(16, 16), (13, 21), (1, 9), (3, 2), (7, 1)])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("smooth", [0, 3])
def test_the_system_is_solved(height: int, width: int, share: float, smooth: int) -> None:
    picture, missing = drawn(height, width), holes(height, width, share, smooth)
    found = impute(picture, missing, TOLERANCE)[0]
    expected = directly(picture[0], missing[0])
    assert float((found - expected).abs().max()) < 1e-3


def test_a_smaller_tolerance_is_nearer() -> None:
    picture, missing = drawn(24, 24), holes(24, 24, 0.7, 2)
    expected = directly(picture[0], missing[0])
    assert float((impute(picture, missing, 1e-7)[0] - expected).abs().max()) < 1e-5


@pytest.mark.parametrize(("share", "smooth"), [(0.3, 0), (0.5, 4), (0.9, 4), (0.95, 0)])
def test_it_is_what_quantus_imputes(share: float, smooth: int) -> None:
    picture, missing = drawn(64, 48), holes(64, 48, share, smooth)
    gone = missing.flatten().nonzero()[:, 0].numpy()
    theirs = quantus.noisy_linear_imputation(picture[0].numpy(), gone, noise=0.0)
    found = impute(picture, missing, TOLERANCE)[0].numpy()
    assert np.abs(found - theirs).max() < 1e-3


def test_a_large_hole_takes_no_longer() -> None:
    """A ramp: the mean of neighbours is what a ramp has, so its middle is known from its border."""
    ramp = torch.linspace(0, 1, 200).expand(1, 1, 200, 200).contiguous()
    missing = torch.ones((1, 200, 200), dtype=torch.bool)
    missing[:, :, [0, -1]] = False
    missing[:, [0, -1]] = False
    assert float((impute(ramp, missing, TOLERANCE) - ramp).abs().max()) < 1e-3


def test_what_is_there_stays_as_it_is() -> None:
    picture, missing = drawn(20, 20), holes(20, 20, 0.5, 1)
    found = impute(picture, missing, TOLERANCE)
    assert torch.equal(found[:, :, ~missing[0]], picture[:, :, ~missing[0]])


def test_each_picture_of_a_batch_has_its_own_holes() -> None:
    picture = drawn(17, 12)
    missing = torch.cat([holes(17, 12, share, 1, seed) for seed, share in enumerate((0.2, 0.6, 1))])
    missing = torch.cat([missing, torch.zeros_like(missing[:1])])
    found = impute(picture, missing, 1e-6)
    for one, hole in zip(found, missing, strict=True):
        alone = impute(picture, hole[None], 1e-6)[0]
        torch.testing.assert_close(one, alone, atol=1e-5, rtol=0)
    torch.testing.assert_close(found[3], picture[0])


def test_of_a_picture_of_which_nothing_is_left_its_mean_colour_is() -> None:
    picture = drawn(8, 8)
    found = impute(picture, torch.ones((1, 8, 8), dtype=torch.bool), TOLERANCE)
    torch.testing.assert_close(found, picture.mean((2, 3), keepdim=True).expand_as(found))


def test_a_picture_of_one_colour_is_its_own() -> None:
    picture = torch.full((1, 3, 9, 9), 0.25)
    found = impute(picture, holes(9, 9, 0.6, 0), TOLERANCE)
    torch.testing.assert_close(found, picture, atol=1e-6, rtol=0)
