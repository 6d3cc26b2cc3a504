"""Pictures of another size or colour become what a model takes, and it is told how."""

import numpy as np
import pytest
from PIL import Image

from dlexplain.services.pictures.seen import see_picture
from dlexplain.services.pictures.sources import read_picture


def test_a_picture_of_the_models_own_form_stays_as_it_is() -> None:
    grey = np.random.default_rng(0).integers(0, 100, (28, 28)).astype(np.uint8)
    seen = see_picture(read_picture(grey), 1, 28, dark=True, centre=True)
    assert np.array_equal(seen.pixels[:, :, 0], grey)
    assert seen.changes == ()
    colour = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    seen = see_picture(read_picture(colour), 3, 32, dark=True, centre=True)
    assert np.array_equal(seen.pixels, colour)
    assert seen.changes == ()


def test_colours_become_grey_and_a_light_ground_dark() -> None:
    ink = np.full((28, 28, 3), (250, 240, 230), np.uint8)
    ink[10:18, 12:14] = (10, 20, 200)
    seen = see_picture(read_picture(ink), 1, 28, dark=True)
    grey = np.asarray(Image.fromarray(ink).convert("L"))
    assert np.array_equal(seen.pixels[:, :, 0], 255 - grey)
    assert seen.changes[0] == "made grey"
    assert seen.changes[1].startswith("inverted")
    kept = see_picture(read_picture(ink), 1, 28, dark=False)  # the model's ground is light too
    assert np.array_equal(kept.pixels[:, :, 0], grey)


@pytest.mark.parametrize(("height", "width"), [(60, 90), (90, 60), (7, 7), (1, 1), (2000, 3)])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_size_becomes_the_models(height: int, width: int, channels: int) -> None:
    picture = read_picture(np.full((height, width, 3), 80, np.uint8))
    seen = see_picture(picture, channels, 28)
    assert seen.pixels.shape == (28, 28, channels)
    assert np.all(seen.pixels == 80)
    assert f"resized from {min(height, width)} to 28 pixels a side" in seen.changes[-1]
    assert ("middle square" in seen.changes[-1]) == (height != width)


def test_the_middle_square_is_taken() -> None:
    wide = np.zeros((10, 30), np.uint8)
    wide[:, 10:20] = 200
    assert np.all(see_picture(read_picture(wide), 1, 10).pixels == 0) is np.False_
    assert np.all(see_picture(read_picture(wide), 1, 5).pixels == 200)


def test_ink_is_cut_out_and_centred_as_in_mnist() -> None:
    drawn = np.full((280, 280), 255, np.uint8)
    drawn[200:260, 20:50] = 30  # a stroke of 60 x 30 in the lower left corner, dark on light
    seen = see_picture(read_picture(drawn), 1, 28, dark=True, centre=True)
    rows, columns = np.nonzero(seen.pixels[:, :, 0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 23, 9, 18)  # 20 x 10
    assert seen.pixels.max() == 255
    assert "ink cut out" in seen.changes[-1]
    plain = see_picture(read_picture(drawn), 1, 28, dark=True)
    assert plain.pixels[:14].max() == 0
    empty = see_picture(read_picture(np.zeros((280, 280), np.uint8)), 1, 28, True, True)
    assert np.all(empty.pixels == 0)
