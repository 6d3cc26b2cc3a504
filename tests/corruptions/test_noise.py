"""Noise has the moments that its formula says."""

import numpy as np
import pytest
from scipy.stats import norm

from dlexplain.corruptions.base import CORRUPTIONS, corrupt
from tests.corruptions.pictures import cat, plain

SIDE = 224
VALUES = SIDE * SIDE * 3


@pytest.mark.parametrize("deviation", [*CORRUPTIONS["gaussian-noise"].imagenet, 0.04])
def test_gaussian_noise_has_its_deviation(deviation: float) -> None:
    pixels = np.full((SIDE, SIDE, 3), 0.5)
    draw = np.random.default_rng(0)
    noise = CORRUPTIONS["gaussian-noise"].changed(pixels, deviation, draw) - pixels
    # Standard errors of a mean and of a deviation: σ / √n and σ / √(2n).
    assert abs(noise.mean()) < 4 * deviation / np.sqrt(VALUES)
    assert abs(noise.std() - deviation) < 4 * deviation / np.sqrt(2 * VALUES)


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
def test_gaussian_noise_is_cut_at_black_and_white(severity: int) -> None:
    deviation = CORRUPTIONS["gaussian-noise"].imagenet[severity - 1]
    found = corrupt(plain(51), "gaussian-noise", severity)  # a fifth of white
    # Values that round to 0 lay below half a level.
    expected = norm.cdf((0.5 / 255 - 0.2) / deviation)
    error = np.sqrt(expected * (1 - expected) / VALUES)
    assert abs((found == 0).mean() - expected) < 4 * error


@pytest.mark.parametrize("photons", [*CORRUPTIONS["shot-noise"].imagenet, 500.0])
def test_shot_noise_keeps_the_mean_and_has_poissons_variance(photons: float) -> None:
    pixels = np.full((SIDE, SIDE, 3), 0.4)
    found = CORRUPTIONS["shot-noise"].changed(pixels, photons, np.random.default_rng(0))
    variance = 0.4 / photons
    assert abs(found.mean() - 0.4) < 4 * np.sqrt(variance / VALUES)
    # The variance of a sample variance: (μ4 - σ⁴) / n with Poisson's μ4 = λ + 3λ².
    spread = np.sqrt((0.4 * photons + 2 * (0.4 * photons) ** 2) / VALUES) / photons**2
    assert abs(found.var() - variance) < 4 * spread


def test_shot_noise_leaves_black_black_and_counts_in_whole_photons() -> None:
    assert not corrupt(plain(0, 16), "shot-noise", 5).any()
    found = corrupt(cat(), "shot-noise", 5)
    assert set(np.unique(found)) == {0, 85, 170, 255}  # three photons are white


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
def test_impulse_noise_loses_its_share_to_black_and_white_alike(severity: int) -> None:
    share = CORRUPTIONS["impulse-noise"].imagenet[severity - 1]
    found = corrupt(plain(100), "impulse-noise", severity)
    assert set(np.unique(found)) == {0, 100, 255}
    error = np.sqrt(share / 2 * (1 - share / 2) / VALUES)
    for lost in (0, 255):
        assert abs((found == lost).mean() - share / 2) < 4 * error


def test_impulses_of_a_lower_severity_are_there_at_a_higher_one() -> None:
    weak, strong = (corrupt(plain(100), "impulse-noise", severity) for severity in (1, 5))
    assert np.array_equal(strong[weak != 100], weak[weak != 100])
