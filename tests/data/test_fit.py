"""Crop, pad and squash: pixel by pixel, and which part of the picture is seen."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dlexplain.data.fit import Fit, read_fit
from dlexplain.data.pictures import Picture, read_picture
from dlexplain.data.views import model_view, seen_part
from dlexplain.errors import ParamError
from tests.bad_pictures import noise


def fitted(image: Image.Image, fit: str) -> Picture:
    return replace(read_picture(image), fit=read_fit(fit))


@pytest.mark.parametrize("text", ["crop", "pad", "squash", "crop:0.25,1", "crop:0,0.5"])
def test_a_fit_is_its_text(text: str) -> None:
    assert str(read_fit(text)) == text
    assert read_fit(read_fit(text)) == read_fit(text)


def test_the_middle_has_one_name() -> None:
    assert read_fit("crop:0.5,0.5") == Fit()
    assert str(read_fit("crop:0.5,0.5")) == "crop"


@pytest.mark.parametrize(
    "text",
    ["", "middle", "crop:", "crop:1", "crop:0,0,0", "crop:a,b", "crop:1.5,0", "crop:nan,0",
     "crop:-0.1,0", "pad:0,0", "Crop"],
)  # fmt: skip
def test_another_fit_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(ParamError, match=r'^fit is ".*"; crop, crop:X,Y with X and Y from 0 to 1'):
        read_fit(text)


@pytest.mark.parametrize(
    ("place", "columns", "rows"),
    [("0,0", (0, 10), (0, 10)), ("1,1", (10, 20), (2, 12)), ("0.25,0.5", (2, 12), (1, 11))],
)
def test_a_crop_moves_over_all_of_the_picture(
    place: str, columns: tuple[int, int], rows: tuple[int, int]
) -> None:
    """20 x 12 with a short side of 12 and a square of 10: 0.25 of 10 columns is 2 (2.5 to even)."""
    image = noise(20, 12)
    view = model_view(fitted(image, f"crop:{place}"), 12, 10)
    (left, right), (top, bottom) = columns, rows
    np.testing.assert_array_equal(view, np.asarray(image)[top:bottom, left:right])
    part = seen_part((20, 12), read_fit(f"crop:{place}"), 12, 10)
    assert part == (left, top, right, bottom)


def test_a_panoramas_crop_moves_too() -> None:
    image = noise(100, 10)
    view = model_view(fitted(image, "crop:1,0.5"), 10, 10)
    np.testing.assert_array_equal(view, np.asarray(image)[:, 90:])
    assert seen_part((100, 10), read_fit("crop:1,0.5"), 10, 10) == (90, 0, 100, 10)


def test_the_part_seen_is_in_the_pictures_own_pixels() -> None:
    """451 x 300 to 385 x 256: 80 columns and 16 rows from the left and the top, 224 of each."""
    left, top, right, bottom = seen_part((451, 300), Fit(), 256, 224)
    assert (left, right) == pytest.approx((80 * 451 / 385, 304 * 451 / 385))
    assert (top, bottom) == pytest.approx((16 * 300 / 256, 240 * 300 / 256))
    assert seen_part((451, 300), Fit("pad"), 256, 224) == (0, 0, 451, 300)
    assert seen_part((451, 300), Fit("squash"), 256, 224) == (0, 0, 451, 300)


def test_pad_keeps_all_of_it_in_proportion() -> None:
    image = noise(10, 4)
    view = model_view(fitted(image, "pad"), 12, 10, fill=127)
    np.testing.assert_array_equal(view[3:7], np.asarray(image))
    assert (view[:3] == 127).all() and (view[7:] == 127).all()
    tall = model_view(fitted(image.transpose(Image.Transpose.TRANSPOSE), "pad"), 12, 10, fill=127)
    np.testing.assert_array_equal(tall, view.transpose(1, 0, 2))


def test_pad_of_a_line_keeps_a_row() -> None:
    view = model_view(fitted(Image.new("RGB", (3000, 1), "white"), "pad"), 12, 10, fill=0)
    assert view[:, :, 0].sum(axis=1).tolist() == [0] * 4 + [2550] + [0] * 5


def test_squash_gives_the_proportions_up() -> None:
    image = Image.fromarray(np.repeat([[[0], [200]]], 3, axis=2).astype(np.uint8))  # 2 x 1
    view = model_view(fitted(image.resize((40, 10), Image.Resampling.BOX), "squash"), 10, 10)
    assert (view[:, :2] == 0).all() and (view[:, 8:] == 200).all()


def test_a_key_says_what_is_seen() -> None:
    picture = read_picture(noise())
    other = replace(picture, fit=Fit("pad"))
    assert picture.digest == other.digest
    assert len({picture.key, other.key, replace(picture, fit=Fit(x=0.1)).key}) == 3
    assert replace(picture, name="another").key == picture.key
