"""The operations of RandAugment and AugMix on small pictures, by hand and against Pillow."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance, ImageOps
from torch import Tensor

from dlexplain.data.operations import ALL, OF_AUGMIX, OPERATIONS, applied


def pictures(count: int = 6, side: int = 12, channels: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    drawn = torch.rand((count, channels, side, side), generator=generator)
    return (drawn**2 * 255).round()


def done(name: str, pixels: Tensor, strength: float) -> Tensor:
    return OPERATIONS[name].apply(pixels, torch.full((len(pixels),), strength))


def by_pillow(pixels: Tensor, how: object) -> Tensor:
    """Each picture through a function of a Pillow picture."""
    array = pixels.permute(0, 2, 3, 1).byte().numpy()
    found = [np.asarray(how(Image.fromarray(one))) for one in array]  # type: ignore[operator]
    return torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2).float()


def test_there_are_the_papers_fourteen_and_nine() -> None:
    assert len(ALL) == 14 and len(OF_AUGMIX) == 9


@pytest.mark.parametrize("name", [name for name, one in OPERATIONS.items() if one.signed])
def test_signed_ones_change_nothing_at_strength_0(name: str) -> None:
    torch.testing.assert_close(done(name, pictures(), 0.0), pictures(), atol=1e-3, rtol=0)


def test_equalize_is_pillows() -> None:
    assert torch.equal(done("equalize", pictures(), 0.0), by_pillow(pictures(), ImageOps.equalize))


def test_equalize_leaves_a_flat_picture() -> None:
    flat = torch.full((1, 1, 4, 4), 37.0)
    assert torch.equal(done("equalize", flat, 0.0), flat)


def test_autocontrast_is_pillows_but_for_rounding() -> None:
    found = done("autocontrast", pictures() / 2 + 20, 0.0)
    reference = by_pillow((pictures() / 2 + 20).floor(), ImageOps.autocontrast)
    assert float((found - reference).abs().max()) <= 2.5
    assert float(found.min()) == 0 and float(found.max()) == pytest.approx(255, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "pillow"),
    [
        ("brightness", ImageEnhance.Brightness),
        ("contrast", ImageEnhance.Contrast),
        ("colour", ImageEnhance.Color),
        ("sharpness", ImageEnhance.Sharpness),
    ],
)
@pytest.mark.parametrize("strength", [-1.0, -0.4, 0.5, 1.0])
def test_blends_are_pillows_but_for_rounding(name: str, pillow: type, strength: float) -> None:
    reference = by_pillow(pictures(), lambda one: pillow(one).enhance(1 + 0.9 * strength))
    found = done(name, pictures(), strength)
    assert float((found - reference).abs().max()) <= 2.01


@pytest.mark.parametrize(("strength", "bits"), [(0.0, 8), (0.25, 7), (0.5, 6), (1.0, 4)])
def test_posterize_keeps_upper_bits(strength: float, bits: int) -> None:
    reference = by_pillow(pictures(), lambda one: ImageOps.posterize(one, bits))
    assert torch.equal(done("posterize", pictures(), strength), reference)


def test_solarize_turns_what_is_bright() -> None:
    given = torch.tensor([0.0, 100.0, 153.0, 254.0]).view(1, 1, 2, 2)
    found = done("solarize", given, 0.4)  # the threshold is 153
    assert found.flatten().tolist() == [0.0, 100.0, 102.0, 1.0]


def test_translate_moves_by_whole_pixels_and_mirrors_the_edge() -> None:
    row = torch.arange(8.0)[None, None, None].expand(1, 1, 8, 8)
    two = 2 / 8 / (150 / 331)  # of the strength
    assert done("translate-x", row, two)[0, 0, 3].tolist() == pytest.approx(
        [2, 3, 4, 5, 6, 7, 7, 6], abs=1e-3
    )
    assert done("translate-y", row.mT, -two)[0, 0, :, 3].tolist() == pytest.approx(
        [1, 0, 0, 1, 2, 3, 4, 5], abs=1e-3
    )


def test_shear_moves_rows_by_their_distance_from_the_middle() -> None:
    ramp = torch.arange(9.0)[None, None, None].expand(1, 1, 9, 9)
    found = done("shear-x", ramp, 1.0)[0, 0]
    for row in range(9):  # the middle column comes from x + 0.3 y
        assert float(found[row, 4]) == pytest.approx(4 + 0.3 * (row - 4), abs=1e-3)
    down = done("shear-y", ramp.mT, -1.0)[0, 0]
    for column in range(9):
        assert float(down[4, column]) == pytest.approx(4 - 0.3 * (column - 4), abs=1e-3)


def test_rotate_turns_about_the_middle() -> None:
    ramp = torch.arange(9.0)[None, None, None].expand(1, 1, 9, 9)
    found = done("rotate", ramp, 1.0)[0, 0]
    assert float(found[4, 4]) == pytest.approx(4, abs=1e-3)
    # One to the right of the middle the value comes from cos 30 degrees to the right.
    assert float(found[4, 5]) == pytest.approx(4 + np.cos(np.pi / 6), abs=1e-3)
    assert float(found[5, 4]) == pytest.approx(4 - np.sin(np.pi / 6), abs=1e-3)


@pytest.mark.parametrize("shape", [(1, 5, 9), (3, 9, 5)])
def test_a_shear_of_a_picture_that_is_no_square_counts_pixels(shape: tuple[int, ...]) -> None:
    channels, height, width = shape
    ramp = torch.arange(float(width)).expand(1, channels, height, width)
    found = done("shear-x", ramp, 1.0)[0, 0]
    middle_row, middle = (height - 1) / 2, (width - 1) // 2
    for row in range(1, height - 1):
        assert float(found[row, middle]) == pytest.approx(
            middle + 0.3 * (row - middle_row), abs=1e-3
        )


def test_each_picture_gets_its_own_operation() -> None:
    given = pictures(4)
    places = list(OPERATIONS)
    which = torch.tensor([places.index("solarize"), -1, places.index("brightness"), 0])
    strength = torch.tensor([-1.0, 1.0, -1.0, 1.0])
    found = applied(given, which, strength, ALL)
    torch.testing.assert_close(found[0], 255 - given[0])  # unsigned: the size counts
    assert torch.equal(found[1], given[1])
    torch.testing.assert_close(found[2], 0.1 * given[2], atol=1e-3, rtol=1e-4)
    assert torch.equal(found[3], given[3])
    assert torch.equal(given, pictures(4))  # what was given is as it was
