"""Weather against its formulas, and the textures that it is made of."""

import numpy as np
import pytest
from skimage.color import hsv2rgb, rgb2hsv

from dlexplain.corruptions.base import CORRUPTIONS, SEVERITIES, corrupt
from dlexplain.corruptions.filters import dragged, zoomed
from dlexplain.corruptions.textures import crystals, frost, plasma
from tests.corruptions.pictures import cat, plain


@pytest.mark.parametrize("severity", SEVERITIES)
def test_brightness_is_that_of_hsv(severity: int) -> None:
    picture = cat(96, 80)
    picture = np.concatenate([picture, plain(0, 80)], axis=1)
    picture[0, 0] = (255, 0, 0)
    hsv = rgb2hsv(picture / 255.0)
    hsv[:, :, 2] = np.minimum(hsv[:, :, 2] + severity / 10, 1)
    expected = hsv2rgb(hsv) * 255
    assert np.abs(corrupt(picture, "brightness", severity) - expected).max() < 0.5 + 1e-6


def test_brightness_by_hand() -> None:
    picture = plain(0, 64)
    picture[0, 0] = (100, 50, 0)
    found = corrupt(picture, "brightness", 2)  # a fifth of white is 51
    assert found[0, 0].tolist() == [151, 76, 0] and found[1, 1].tolist() == [51, 51, 51]


@pytest.mark.parametrize("shape", [(8, 8), (32, 32), (200, 300), (224, 224), (65, 9)])
def test_plasma_goes_from_0_to_1(shape: tuple[int, int]) -> None:
    heights = plasma(shape, 2.0, np.random.default_rng(0))
    assert heights.shape == shape
    assert heights.min() >= 0 and heights.max() <= 1
    side = 1 << (max(shape) - 1).bit_length()
    whole = plasma((side, side), 2.0, np.random.default_rng(0))
    assert whole.min() == 0 and whole.max() == 1
    assert np.array_equal(whole[: shape[0], : shape[1]], heights)


def test_plasma_is_the_diamond_square_algorithm() -> None:
    """Point by point, in the order of the draws, on a map of 4 that repeats itself."""
    draw = np.random.default_rng(5)
    heights = {(0, 0): 0.0}
    step, reach = 4, 1.0

    def mean(row: int, column: int, arms: list[tuple[int, int]]) -> float:
        return sum(heights[(row + r) % 4, (column + c) % 4] for r, c in arms) / 4

    while step > 1:
        half = step // 2
        corners = [(-half, -half), (-half, half), (half, -half), (half, half)]
        cross = [(-half, 0), (half, 0), (0, -half), (0, half)]
        for top, left, arms in ((half, half, corners), (0, half, cross), (half, 0, cross)):
            places = [(r, c) for r in range(top, 4, step) for c in range(left, 4, step)]
            for place in places:
                heights[place] = mean(*place, arms) + draw.uniform(-reach, reach)
        step, reach = half, reach / 1.5**2
    expected = np.array([[heights[r, c] for c in range(4)] for r in range(4)])
    expected = (expected - expected.min()) / np.ptp(expected)
    assert np.allclose(plasma((4, 4), 1.5, np.random.default_rng(5)), expected)


def test_a_faster_decay_is_a_smoother_plasma() -> None:
    def roughness(decay: float) -> float:
        heights = plasma((128, 128), decay, np.random.default_rng(0))
        return float(np.abs(np.diff(heights, 2, axis=0)).mean())

    assert roughness(1.4) > 2 * roughness(2) > 4 * roughness(3)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_fog_is_its_formula(severity: int) -> None:
    picture = cat(80, 96)
    thickness, decay = CORRUPTIONS["fog"].imagenet[severity - 1]
    fog = plasma((96, 80), decay, np.random.default_rng(2))
    most = picture.max() / 255
    expected = (picture + 255 * thickness * fog[:, :, None]) * most / (most + thickness)
    assert np.abs(corrupt(picture, "fog", severity, 2) - expected).max() < 0.5 + 1e-6
    assert not corrupt(plain(0, 16), "fog", severity).any()  # nothing is lit


@pytest.mark.parametrize("side", [32, 96])
def test_frost_is_a_weighted_sum(side: int) -> None:
    picture = cat(side, side)
    ice = 255 * frost((side, side), np.random.default_rng(2))
    for severity in SEVERITIES:
        own, added = CORRUPTIONS["frost"].strength(picture, severity)
        expected = np.clip(own * picture + added * ice, 0, 255)
        assert np.abs(corrupt(picture, "frost", severity, 2) - expected).max() < 0.5 + 1e-6


@pytest.mark.parametrize("shape", [(8, 8), (32, 32), (224, 224), (200, 300)])
def test_ice_is_blue_and_covers_a_part_of_the_pane(shape: tuple[int, int]) -> None:
    panes = [frost(shape, np.random.default_rng(seed)) for seed in range(6)]
    for pane in panes:
        assert pane.shape == (*shape, 3) and pane.min() >= 0 and pane.max() <= 1
        red, green, blue = np.moveaxis(pane, 2, 0)
        assert (red <= green).all() and (green <= blue).all()
    assert 0.25 < np.mean(panes) < 0.6
    stars = np.mean([crystals(shape, np.random.default_rng(seed)) > 0.1 for seed in range(6)])
    assert 0.3 < stars < 0.95


def test_snow_is_its_formula() -> None:
    picture = cat(80, 96)
    draw = np.random.default_rng(4)
    flakes = zoomed(draw.normal(0.55, 0.3, (96, 80)), 4)
    flakes[flakes < 0.9] = 0
    flakes = dragged(flakes.clip(0, 1), 12, 8, draw.uniform(-135, -45))
    pixels = picture / 255.0
    red, green, blue = np.moveaxis(pixels, 2, 0)
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    pale = np.maximum(pixels, (1.5 * grey + 0.5)[:, :, None])
    snow = flakes + flakes[::-1, ::-1]
    expected = np.clip(0.7 * pixels + 0.3 * pale + snow[:, :, None], 0, 1) * 255
    assert np.abs(corrupt(picture, "snow", 3, 4) - expected).max() < 0.5 + 1e-6


def test_it_only_snows_white() -> None:
    picture = cat()
    for severity in SEVERITIES:
        assert (corrupt(picture, "snow", severity) >= picture).all()
