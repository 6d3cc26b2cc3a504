"""What a model sees of a picture: short side, centre crop, panoramas."""

import numpy as np
import pytest
from PIL import Image

from dlexplain.data.pictures import read_picture
from dlexplain.data.views import model_view
from dlexplain.errors import ParamError
from tests.bad_pictures import noise

# What is refused


def test_model_view_of_a_square_of_its_own_size_is_the_middle() -> None:
    image = noise(10, 10)
    view = model_view(read_picture(image), 10, 4)
    assert view.shape == (4, 4, 3)
    assert (view == np.asarray(image)[3:7, 3:7]).all()


def test_model_view_offset_rounds_half_to_even() -> None:
    """Long side 15, crop 10: round(2.5) = 2."""
    image = noise(15, 10)
    assert (model_view(read_picture(image), 10, 10) == np.asarray(image)[:, 2:12]).all()
    tall = image.transpose(Image.Transpose.TRANSPOSE)
    assert (model_view(read_picture(tall), 10, 10) == np.asarray(tall)[2:12]).all()


def test_model_view_long_side() -> None:
    """451 x 300 to a short side of 256: 451 * 256 / 300 = 384.85, so 385, offset 80 (80.5)."""
    image = noise(451, 300)
    resized = np.asarray(image.resize((385, 256), Image.Resampling.BICUBIC))
    assert (model_view(read_picture(image), 256, 224) == resized[16:240, 80:304]).all()


@pytest.mark.parametrize("size", [(500, 40), (40, 500), (163, 40), (7, 90), (1300, 300)])
def test_panorama_matches_resizing_all_of_it(size: tuple[int, int]) -> None:
    # Low contrast: Pillow orders its two passes by cost and clips overshoot between them.
    image = noise(*size).point(lambda v: 96 + v // 4)
    short = min(size)
    width, height = (round(side * 64 / short) for side in size)
    left, top = round((width - 56) / 2), round((height - 56) / 2)
    whole = image.resize((width, height), Image.Resampling.BICUBIC)
    expected = np.asarray(whole.crop((left, top, left + 56, top + 56))).astype(int)
    view = model_view(read_picture(image), 64, 56)
    assert np.abs(view - expected).max() <= 1


@pytest.mark.parametrize("shape", [(1, 20000), (20000, 1)])
def test_extreme_panorama(shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Resizing all of it would make 256 x 5,120,000 pixels."""
    sizes = []
    resize = Image.Image.resize

    def recorded(self: Image.Image, size: tuple[int, int], *a: object, **k: object) -> Image.Image:
        sizes.append(size)
        return resize(self, size, *a, **k)  # type: ignore[arg-type]

    monkeypatch.setattr(Image.Image, "resize", recorded)
    array = np.zeros(shape, np.uint8)
    array.reshape(-1)[9990:10010] = 200
    view = model_view(read_picture(array), 256, 224)
    assert view.shape == (224, 224, 3)
    assert view.min() == 200
    assert sizes == [(224, 224)]


def test_model_view_defaults() -> None:
    picture = read_picture(noise(451, 300))
    assert (model_view(picture) == model_view(picture, 256, 224)).all()


def test_model_view_of_one_pixel() -> None:
    picture = read_picture(np.full((1, 1, 3), 7, np.uint8))
    view = model_view(picture, 256, 224)
    assert view.shape == (224, 224, 3) and (view == 7).all() and view.dtype == np.uint8


@pytest.mark.parametrize(("resize", "crop"), [(10, 11), (10, 0), (0, 0)])
def test_model_view_refuses_impossible_sizes(resize: int, crop: int) -> None:
    with pytest.raises(ParamError, match=f"crop is {crop}"):
        model_view(read_picture(np.zeros((5, 5), np.uint8)), resize, crop)
