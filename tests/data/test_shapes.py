"""Drawn shapes: the mask is the shape, and only the outline tells the class."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import dlexplain.data.sets  # noqa: F401, registers shapes
from dlexplain.data.base import DATA, PictureData, silent
from dlexplain.data.sets.shapes import CLASSES, draw
from dlexplain.params import parse

SPEC = DATA["shapes"]
AREAS = {
    "circle": np.pi,
    "square": 2.0,
    "triangle": 3 * np.sqrt(3) / 4,
    "star": 10 * 0.5 * 0.42 * np.sin(np.pi / 5),
    "cross": 0.95**2 * (8 * 0.32 - 4 * 0.32**2),
}
"""Of the outlines in the unit circle: regular polygons; ten triangles; two bars, less a square."""
REACH = {"cross": 0.95 * np.hypot(1, 0.32)}
"""Distance of the farthest corner from the centre, where it is not 1."""


def load(**params: float) -> PictureData:
    data = SPEC.load(parse(SPEC.Params, params), Path("unused"), silent)
    assert isinstance(data, PictureData)
    return data


def inside(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask without its rim of one pixel."""
    padded = np.pad(mask, 1)
    around = [padded[1 + y : 1 + y + len(mask), 1 + x : 1 + x + len(mask)]
              for y in (-1, 0, 1) for x in (-1, 0, 1)]  # fmt: skip
    return np.logical_and.reduce(around)


def test_sizes_and_classes() -> None:
    data = load(count=200, side=16)
    assert [len(p) for p in (data.train, data.validation, data.test)] == [200, 25, 50]
    assert data.classes == CLASSES
    for part in (data.train, data.validation, data.test):
        assert set(np.bincount(part.labels)) == {len(part) // 5}  # classes in turn
        assert part.pixels.shape == (len(part), 16, 16, 3) and part.pixels.dtype == np.uint8
        assert part.masks is not None and part.masks.shape == (len(part), 16, 16)


def test_the_same_params_draw_the_same_and_splits_differ() -> None:
    data, again = load(count=100, side=16), load(count=100, side=16)
    assert data.digest == again.digest
    assert (data.test.pixels == again.test.pixels).all()
    seen = [p.tobytes() for part in (data.train, data.validation, data.test) for p in part.pixels]
    assert len(set(seen)) == 175
    assert load(count=100, side=16, texture=0.9).digest != data.digest


def test_the_mask_has_one_colour_and_its_surroundings_another() -> None:
    pictures = draw(40, 32, texture=1.0, seed=5)
    assert pictures.masks is not None
    for pixels, mask in zip(pictures.pixels, pictures.masks, strict=True):
        shape, ground = pixels[inside(mask)], pixels[inside(~mask)]
        assert len(shape) > 10
        assert (shape == shape[0]).all()
        apart = np.abs(ground.mean(axis=0) - shape[0]).max()
        assert apart > 30  # 80 from the ground's mean, before values are cut to 0..255


@pytest.mark.parametrize("name", CLASSES)
def test_the_mask_is_the_outline_of_its_class(name: str) -> None:
    """Area over the square of the farthest point's distance does not depend on size or angle."""
    pictures = draw(30, 128, texture=0.0, seed=1)
    assert pictures.masks is not None
    chosen = pictures.masks[pictures.labels == CLASSES.index(name)]
    found = []
    for mask in chosen:
        y, x = np.nonzero(mask)
        points = np.stack([y, x], axis=1)
        reach = np.linalg.norm(points - points.mean(axis=0), axis=1).max() + 0.5
        found.append(mask.sum() / reach**2)
    assert len(found) == 6
    expected = AREAS[name] / REACH.get(name, 1.0) ** 2
    np.testing.assert_allclose(found, expected, rtol=0.1)


def test_a_shape_lies_wholly_in_the_picture() -> None:
    pictures = draw(50, 32, texture=0.3, seed=2)
    assert pictures.masks is not None
    rim = pictures.masks.copy()
    rim[:, 1:-1, 1:-1] = False
    assert rim.sum() <= 50  # a shape may touch the rim, but is not cut by it


def test_without_texture_every_pixel_blends_two_colours() -> None:
    pictures = draw(10, 32, texture=0.0, seed=3)
    assert pictures.masks is not None
    for pixels, mask in zip(pictures.pixels.astype(float), pictures.masks, strict=True):
        shape, ground = pixels[inside(mask)][0], np.median(pixels[~mask], axis=0)
        way = shape - ground
        cover = ((pixels - ground) @ way) / (way @ way)  # (side, side), 0 to 1
        np.testing.assert_allclose(pixels, ground + cover[..., None] * way, atol=1.5)
        assert (mask == (cover >= 0.5)).mean() > 0.99


def test_pictures_taken_keep_their_masks() -> None:
    pictures = draw(10, 16, texture=0.3, seed=4)
    places = np.array([7, 2])
    taken = pictures.take(places)
    assert taken.masks is not None and pictures.masks is not None
    assert (taken.masks == pictures.masks[places]).all()
    assert (taken.labels == pictures.labels[places]).all()
