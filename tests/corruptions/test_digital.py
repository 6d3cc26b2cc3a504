"""Digital corruptions against their formulas, Pillow and OpenCV."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from dlexplain.corruptions.base import CORRUPTIONS, SEVERITIES, corrupt
from dlexplain.corruptions.digital import as_picture, as_pixels, stretch
from tests.corruptions.pictures import cat, plain

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import cv2


@pytest.mark.parametrize("severity", SEVERITIES)
def test_contrast_is_the_share_that_is_left(severity: int) -> None:
    picture = cat()
    found = corrupt(picture, "contrast", severity)
    share = [0.4, 0.3, 0.2, 0.1, 0.05][severity - 1]
    means = picture.mean(axis=(0, 1))
    assert np.abs(found - (means + share * (picture - means))).max() < 0.5 + 1e-6
    assert found.mean(axis=(0, 1)) == pytest.approx(means, abs=0.1)  # values are rounded


@pytest.mark.parametrize(("severity", "block"), [(2, 2), (5, 4)])
def test_pixelate_is_the_mean_of_blocks(severity: int, block: int) -> None:
    picture = cat(96, 64)
    across = picture.reshape(64, 96 // block, block, 3).mean(axis=2)
    # Pillow rounds halves up, after each direction.
    down = np.floor(across + 0.5).reshape(64 // block, block, 96 // block, 3).mean(axis=1)
    found = corrupt(picture, "pixelate", severity)
    assert np.array_equal(found[::block, ::block], np.floor(down + 0.5))
    assert np.array_equal(found, found[::block, ::block].repeat(block, 0).repeat(block, 1))


@pytest.mark.parametrize("side", [32, 224])
@pytest.mark.parametrize("severity", SEVERITIES)
def test_jpeg_is_pillows(severity: int, side: int) -> None:
    picture = cat(side, side)
    of = {32: (80, 65, 58, 50, 40), 224: (25, 18, 15, 10, 7)}[side]
    stored = io.BytesIO()
    Image.fromarray(picture).save(stored, "JPEG", quality=of[severity - 1])
    assert np.array_equal(corrupt(picture, "jpeg", severity), np.asarray(Image.open(stored)))


def test_pillow_gets_exactly_the_picture() -> None:
    picture = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    assert np.array_equal(np.asarray(as_picture(picture / 255.0)), picture)
    assert np.array_equal(as_pixels(as_picture(picture / 255.0)), picture / 255.0)


def test_elastic_without_moves_is_opencvs_affine_map() -> None:
    """The first severity of CIFAR-10-C moves corners only."""
    pixels = cat(32, 32) / 255.0
    strength = CORRUPTIONS["elastic"].cifar[0]
    assert strength[:2] == (0, 0)
    found = CORRUPTIONS["elastic"].changed(pixels, strength, np.random.default_rng(3))
    corners = np.array([[26, 26], [26, 6], [6, 6]])  # half a square is a third of the side
    moved = corners + np.random.default_rng(3).uniform(-2.56, 2.56, (3, 2))
    # OpenCV reads column before row.
    forth = cv2.getAffineTransform(
        corners[:, ::-1].astype(np.float32), moved[:, ::-1].astype(np.float32)
    )
    expected = cv2.warpAffine(pixels, forth, (32, 32), borderMode=cv2.BORDER_REFLECT_101)
    # OpenCV rounds places to a 32nd of a pixel.
    assert np.abs(found - expected).max() < 2 / 32
    assert np.abs(found - expected).mean() < 0.2 / 32


def test_stretch_leads_the_corners_back() -> None:
    back = stretch((60, 90), 5.0, np.random.default_rng(0))
    corners = np.array([[50, 65], [50, 25], [10, 25]])
    moved = corners + np.random.default_rng(0).uniform(-5, 5, (3, 2))
    assert np.allclose(moved @ back[:, :2].T + back[:, 2], corners)
    still = stretch((60, 90), 0.0, np.random.default_rng(0))
    assert np.allclose(still, [[1, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize("side", [16, 224])
def test_elastic_keeps_a_picture_of_one_colour(side: int) -> None:
    for severity in SEVERITIES:
        assert np.array_equal(corrupt(plain(77, side), "elastic", severity), plain(77, side))


def test_the_constants_of_elastic_are_the_published_pixels_at_224() -> None:
    shares = np.array(CORRUPTIONS["elastic"].imagenet[0]) * 224
    assert shares == pytest.approx([244 * 2, 244 * 0.7, 244 * 0.1])
