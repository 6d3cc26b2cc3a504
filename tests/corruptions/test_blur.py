"""Blurs against loops written out, against SciPy and OpenCV, and as means."""

import math
import warnings

import numpy as np
import pytest
from scipy.ndimage import affine_transform, correlate, gaussian_filter, zoom

from dlexplain.corruptions.base import CORRUPTIONS, SEVERITIES, Pixels, corrupt
from dlexplain.corruptions.blur import moved
from dlexplain.corruptions.filters import convolved, disk, dragged, smoothed, zoomed
from tests.corruptions.pictures import cat, drawn, plain

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import cv2

BLURS = [name for name, c in CORRUPTIONS.items() if c.family == "blur"]


@pytest.mark.parametrize("side", [8, 32, 224])
@pytest.mark.parametrize("name", BLURS)
def test_a_picture_of_one_colour_stays(name: str, side: int) -> None:
    picture = plain(0, side)
    picture[:] = (13, 130, 254)
    for severity in SEVERITIES:
        assert np.array_equal(corrupt(picture, name, severity), picture)


def light(severity: int, name: str) -> tuple[float, float]:
    """How much lighter than its plain border a picture is on the mean, before and after."""
    picture = plain(90)
    picture[80:144, 80:144] = cat(64, 64)
    return picture.mean() - 90, corrupt(picture, name, severity).mean() - 90


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", ["defocus-blur", "motion-blur"])
def test_the_mean_stays_where_the_border_is_plain(name: str, severity: int) -> None:
    before, after = light(severity, name)
    assert after == pytest.approx(before, abs=0.005)  # of 255: values are rounded


@pytest.mark.parametrize("severity", SEVERITIES)
def test_zooming_lets_the_middle_take_as_much_more_room_as_it_grows(severity: int) -> None:
    before, after = light(severity, "zoom-blur")
    factors = np.arange(1, *CORRUPTIONS["zoom-blur"].imagenet[severity - 1])
    room = (1 + (factors**2).sum()) / (len(factors) + 1)
    assert after == pytest.approx(before * room, abs=0.01)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_glass_keeps_the_mean_as_far_as_draws_do(severity: int) -> None:
    picture = cat()
    assert corrupt(picture, "glass-blur", severity).mean() == pytest.approx(picture.mean(), abs=0.5)


def test_a_disk_is_round_and_of_sum_1() -> None:
    kernel = disk(3, 0.1)
    assert kernel.sum() == pytest.approx(1, abs=1e-12)
    assert np.allclose(kernel, kernel.T) and np.allclose(kernel, kernel[::-1])
    # 29 whole points lie within 3 of one.
    assert np.allclose(kernel[kernel > 1e-9], 1 / 29) and (kernel > 1e-9).sum() == 29


@pytest.mark.parametrize(
    "strength", [*CORRUPTIONS["defocus-blur"].imagenet, *CORRUPTIONS["defocus-blur"].cifar]
)
def test_defocus_is_opencvs(strength: tuple[float, float]) -> None:
    radius, softness = strength
    reach = 8 if radius <= 8 else radius
    taps = (3, 3) if radius <= 8 else (5, 5)
    places = np.arange(-reach - 2, reach + 3)
    points = ((places[:, None] ** 2 + places**2) <= radius**2).astype(float)
    kernel = cv2.GaussianBlur(points / points.sum(), ksize=taps, sigmaX=softness)
    pixels = cat(48, 40) / 255.0
    expected = cv2.filter2D(pixels, -1, kernel)
    assert np.allclose(convolved(pixels, disk(radius, softness)), expected, atol=1e-7)


def test_convolving_mirrors_at_the_last_pixel_however_small_the_picture() -> None:
    pixels, kernel = drawn((9, 11, 3)), drawn((7, 7))
    expected = correlate(pixels, kernel[::-1, ::-1, None], mode="mirror")
    assert np.allclose(convolved(pixels, kernel), expected)
    assert convolved(pixels, np.pad([[1.0]], 15)) == pytest.approx(pixels)


@pytest.mark.parametrize("reach", [1, 2, 4])
def test_glass_is_the_loop_of_the_authors(reach: int) -> None:
    pixels = drawn((23, 17, 3))
    offsets = np.random.default_rng(1).integers(-reach, reach, (23, 17, 2))
    expected = pixels.copy()
    for row in range(23 - reach, reach, -1):
        for column in range(17 - reach, reach, -1):
            down, right = offsets[row, column]
            other = (row + down, column + right)
            # Views, as theirs: the second is written with what the first has become.
            expected[row, column], expected[other] = expected[other], expected[row, column]
    assert np.array_equal(moved(pixels, offsets, reach), expected)


def test_glass_keeps_the_border() -> None:
    pixels = drawn((20, 20, 3))
    offsets = np.random.default_rng(1).integers(-4, 4, (20, 20, 2))
    found = moved(pixels, offsets, 4)
    assert np.array_equal(found[:5], pixels[:5]) and np.array_equal(found[17:], pixels[17:])
    assert np.array_equal(found[:, :5], pixels[:, :5])


def test_a_dragged_point_is_half_a_bell_along_a_line() -> None:
    point = np.zeros((21, 21))
    point[10, 10] = 1
    weights = np.exp(-(np.arange(7) ** 2) / (2 * 2.0**2))
    weights /= weights.sum()
    along = dragged(point, 3, 2.0, 0)  # reads to the right, so it is smeared to the left
    assert np.allclose(along[10, 10:3:-1], weights) and along.sum() == pytest.approx(1)
    down = dragged(point, 3, 2.0, -90)
    assert np.allclose(down[10:17, 10], weights) and down.sum() == pytest.approx(1)


@pytest.mark.parametrize("degrees", [-130, -45, -17, 0, 33, 45])
def test_dragging_is_the_sum_written_out(degrees: float) -> None:
    pixels = drawn((12, 9, 3))
    radius, deviation = 4, 2.5
    weights = [math.exp(-(i**2) / (2 * deviation**2)) for i in range(2 * radius + 1)]
    expected = np.zeros_like(pixels)
    for row in range(12):
        for column in range(9):
            for i, weight in enumerate(weights):
                down = math.ceil(i * math.sin(math.radians(degrees)) - 0.5)
                right = math.ceil(i * math.cos(math.radians(degrees)) - 0.5)
                source = min(max(row + down, 0), 11), min(max(column + right, 0), 8)
                expected[row, column] += weight / sum(weights) * pixels[source]
    assert np.allclose(dragged(pixels, radius, deviation, degrees), expected)


@pytest.mark.parametrize("factor", [1.0, 1.01, 1.31, 4.5])
@pytest.mark.parametrize("shape", [(20, 31, 3), (8, 9)])
def test_zooming_is_scipys(shape: tuple[int, ...], factor: float) -> None:
    pixels = drawn(shape)
    scale = np.array((1 / factor, 1 / factor, 1.0)[: len(shape)])
    offset = (np.array(shape) - 1) / 2 * (1 - scale)
    expected = affine_transform(pixels, scale, offset, order=1, mode="nearest")
    assert np.allclose(zoomed(pixels, factor), expected)


def test_zoom_blur_is_near_that_of_the_authors() -> None:
    pixels = cat() / 255.0

    def clipped(factor: float) -> Pixels:
        part = math.ceil(224 / factor)
        top = (224 - part) // 2
        crop = pixels[top : top + part, top : top + part]
        large = zoom(crop, (factor, factor, 1), order=1)
        left = (len(large) - 224) // 2
        return large[left : left + 224, left : left + 224]

    factors = np.arange(1, 1.11, 0.01)
    assert len(factors) == 12  # rounding takes the end along
    expected = (pixels + sum(clipped(factor) for factor in factors)) / 13
    found = corrupt(cat(), "zoom-blur", 1) / 255.0
    # Whole pixels of a crop move it by less than one: a small part of what the blur changes.
    assert squares(found - expected) < 0.03 * squares(expected - pixels)


def squares(values: Pixels) -> float:
    return float((values**2).mean())


@pytest.mark.parametrize("deviation", [0.0, 0.1, 0.6, 2.4, 17.0, 40.0])
@pytest.mark.parametrize("shape", [(8, 8), (31, 20)])
def test_smoothing_by_cosines_is_scipys(shape: tuple[int, int], deviation: float) -> None:
    field = drawn(shape)
    expected = gaussian_filter(field, deviation, mode="reflect", truncate=3)
    assert np.allclose(smoothed(field, deviation), expected)
