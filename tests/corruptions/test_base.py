"""What holds for every corruption: seeds, sizes, severities, and what is refused."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlexplain.corruptions.base import CORRUPTIONS, FAMILIES, SEVERITIES, Picture, corrupt
from dlexplain.errors import BadInput, ParamError, PictureError, UnknownName
from tests.corruptions.pictures import cat, plain, squared_error

NAMES = list(CORRUPTIONS)
DOCS = Path(__file__).parents[2] / "docs" / "corruptions.md"
NOT_RISING = {
    224: {"glass-blur", "frost", "elastic"},
    32: {"glass-blur", "frost", "elastic", "snow", "motion-blur"},
}
"""Their published constants trade one kind of harm for another, so that the squared error falls at
a step; of motion blur on small pictures severities 3 and 4 are the same to the last bit."""


def test_the_fifteen_in_the_order_of_the_paper() -> None:
    assert NAMES == [
        "gaussian-noise", "shot-noise", "impulse-noise",
        "defocus-blur", "glass-blur", "motion-blur", "zoom-blur",
        "snow", "frost", "fog", "brightness",
        "contrast", "elastic", "pixelate", "jpeg",
    ]  # fmt: skip
    families = [c.family for c in CORRUPTIONS.values()]
    assert families == sorted(families, key=FAMILIES.index)


def test_each_tells_its_user_what_it_is() -> None:
    text = DOCS.read_text()
    for name, corruption in CORRUPTIONS.items():
        assert "Formula: " in corruption.description(), name
        assert "https://" in corruption.paper, name
        assert f"| `{name}` |" in text, name


@pytest.mark.parametrize("size", [(32, 32), (224, 224), (300, 200), (8, 8), (9, 70), (64, 64)])
@pytest.mark.parametrize("name", NAMES)
def test_shape_and_type_stay_and_the_input_is_left_alone(name: str, size: tuple[int, int]) -> None:
    picture = cat(*size)
    before = picture.copy()
    picture.setflags(write=False)
    for severity in SEVERITIES:
        found = corrupt(picture, name, severity, seed=3)
        assert found.shape == picture.shape and found.dtype == np.uint8
        assert not np.shares_memory(found, picture)
    assert np.array_equal(picture, before)


@pytest.mark.parametrize("name", NAMES)
def test_a_large_picture_too(name: str) -> None:
    picture = cat(1024, 1024)
    assert 0 < squared_error(corrupt(picture, name, 5), picture) < 255**2


@pytest.mark.parametrize("side", [32, 96])
@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides_what_is_drawn_and_nothing_else(name: str, side: int) -> None:
    picture = cat(side, side)
    for severity in SEVERITIES:
        first, again, other = (corrupt(picture, name, severity, seed) for seed in (7, 7, 8))
        assert first.tobytes() == again.tobytes()
        assert np.array_equal(first, other) is not CORRUPTIONS[name].draws


@pytest.mark.parametrize("side", [32, 224])
@pytest.mark.parametrize("name", NAMES)
def test_a_larger_severity_changes_more(name: str, side: int) -> None:
    picture = cat(side, side)
    errors = np.mean(
        [
            [squared_error(corrupt(picture, name, severity, seed), picture) for seed in range(5)]
            for severity in SEVERITIES
        ],
        axis=1,
    )
    assert errors[0] > 0
    if name not in NOT_RISING[side]:
        assert all(small < large for small, large in pairwise(errors)), errors
    elif name != "elastic":  # its severities first shear, then ripple
        assert errors[0] < errors[4]


@pytest.mark.parametrize(
    ("size", "of"), [((64, 64), "imagenet"), ((63, 200), "cifar"), ((200, 63), "cifar")]
)
def test_the_short_side_decides_whose_constants_hold(size: tuple[int, int], of: str) -> None:
    picture = np.zeros((*size, 3), np.uint8)
    for corruption in CORRUPTIONS.values():
        expected = getattr(corruption, of)
        assert tuple(corruption.strength(picture, s) for s in SEVERITIES) == expected
        assert len(corruption.imagenet) == len(corruption.cifar) == len(SEVERITIES)


GOOD = plain(9, 16)


@pytest.mark.parametrize(
    ("picture", "name", "severity", "seed", "error", "message"),
    [
        (GOOD, "snow", 0, 0, ParamError, "severity is 0; a whole number from 1 to 5 is accepted"),
        (GOOD, "snow", 6, 0, ParamError, "severity is 6; a whole number from 1 to 5 is accepted"),
        (GOOD, "snow", 2.0, 0, ParamError, "severity is 2.0; a whole number"),
        (GOOD, "snow", True, 0, ParamError, "severity is True; a whole number"),
        (GOOD, "snow", "3", 0, ParamError, "severity is '3'; a whole number"),
        (GOOD, "snow", 1, -1, ParamError, "seed is -1; a whole number from 0 is accepted"),
        (GOOD, "snow", 1, None, ParamError, "seed is None; a whole number from 0 is accepted"),
        (GOOD, "snwo", 1, 0, UnknownName, 'unknown corruption "snwo"; known: '),
        (GOOD, "snwo", 1, 0, UnknownName, 'did you mean "snow"?'),
        (GOOD[:, :, 0], "snow", 1, 0, PictureError, "shape is (16, 16); (height, width, 3)"),
        (GOOD[:, :, :1], "snow", 1, 0, PictureError, "shape is (16, 16, 1); (height, width, 3)"),
        (GOOD[:7], "snow", 1, 0, PictureError, "shape is (7, 16, 3); (height, width, 3)"),
        (GOOD[None], "snow", 1, 0, PictureError, "shape is (1, 16, 16, 3); (height, width, 3)"),
        (GOOD / 255, "snow", 1, 0, PictureError, "values are float64; an array of uint8"),
        ([[1]], "snow", 1, 0, PictureError, "values are list; an array of uint8 is accepted"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(
    picture: Any, name: str, severity: Any, seed: Any, error: type[BadInput], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        corrupt(picture, name, severity, seed)


def test_whole_numbers_of_numpy_are_whole_numbers() -> None:
    found: Picture = corrupt(GOOD, "fog", np.int64(2), np.uint8(4))  # type: ignore[arg-type]
    assert np.array_equal(found, corrupt(GOOD, "fog", 2, 4))
