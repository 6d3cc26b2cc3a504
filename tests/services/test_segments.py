"""Segments that a user gives stand for superpixels."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import dlexplain as dx
from dlexplain.errors import ParamError
from dlexplain.services.pictures.models import LoadedModel

SIDE = 8


class Linear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        weights = torch.randn((3, 3 * SIDE * SIDE), generator=torch.Generator().manual_seed(0))
        self.weight = nn.Parameter(weights)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1) @ self.weight.T


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return dx.wrap(Linear(), ["a", "b", "c"], (3, SIDE, SIDE))


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)


QUARTERS = np.kron([[7, 3], [3, 9]], np.ones((4, 4), np.int64))
"""Two of them are one segment."""


@pytest.mark.parametrize("method", ["shapley-values", "kernel-shap", "superpixel-ablation"])
def test_a_segment_of_a_linear_model_has_what_its_pixels_add(
    model: LoadedModel, picture: np.ndarray, method: str
) -> None:
    found = dx.explain(model, picture, method, 1, segments=QUARTERS, baseline="black")
    weights = next(model.spec.module().parameters())[1].reshape(3, SIDE, SIDE).detach()
    added = (weights * torch.from_numpy(picture / 255.0).permute(2, 0, 1)).sum(0).numpy()
    shared = method != "superpixel-ablation"
    for number in (7, 3, 9):
        own = number == QUARTERS
        expected = added[own].sum() / (own.sum() if shared else 1)
        np.testing.assert_allclose(found.values[0][own], expected, rtol=1e-3, atol=1e-4)
    assert found.params["regions"] == 3


def test_every_colour_of_a_picture_is_a_segment(
    model: LoadedModel, picture: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "segments.png"
    colours = np.zeros((SIDE, SIDE, 3), np.uint8)
    colours[QUARTERS == 3] = (255, 0, 0)
    colours[QUARTERS == 9] = (254, 0, 0)
    Image.fromarray(colours).save(path)
    asked = {"method": "shapley-values", "target": 0}
    by_file = dx.explain(model, picture, **asked, segments=path)
    by_numbers = dx.explain(model, picture, **asked, segments=QUARTERS)
    np.testing.assert_array_equal(by_file.values, by_numbers.values)
    assert not np.array_equal(by_file.values, dx.explain(model, picture, **asked).values)


def test_they_go_with_the_picture_into_the_square(model: LoadedModel) -> None:
    """Bars beside a picture always stay, and a segment outside of the square is none."""
    picture = np.full((SIDE, 2 * SIDE, 3), 200, np.uint8)
    columns = np.tile(np.arange(2 * SIDE) // 4, (SIDE, 1))
    padded = dx.explain(model, picture, "shapley-values", 0, fit="pad", segments=columns)
    assert padded.params["regions"] == 4
    assert not padded.values[0, :2].any()
    assert not padded.values[0, -2:].any()
    assert len(np.unique(padded.values[0, 2:-2])) == 4
    cropped = dx.explain(model, picture, "shapley-values", 0, segments=columns)
    assert cropped.params["regions"] == 2


@pytest.mark.parametrize(
    ("method", "segments", "said"),
    [
        ("saliency", QUARTERS, "Saliency has no superpixels .*kernel-shap"),
        ("lime", QUARTERS[:4], r"segments are 8 x 4, the picture is 8 x 8 pixels"),
        ("lime", QUARTERS * 0, "the model sees 1 segment; 2 to 400 are accepted"),
    ],
)
def test_what_cannot_be_segments_is_told(
    model: LoadedModel, picture: np.ndarray, method: str, segments: np.ndarray, said: str
) -> None:
    with pytest.raises(ParamError, match=said):
        dx.explain(model, picture, method, segments=segments)


def test_too_many_are_told() -> None:
    side = 32
    model = dx.wrap(nn.Sequential(nn.Flatten(), nn.Linear(3 * side * side, 2)), "ab", (3, 32, 32))
    picture = np.zeros((side, side, 3), np.uint8)
    with pytest.raises(ParamError, match="the model sees 1,024 segments; 2 to 400"):
        dx.explain(model, picture, "lime", segments=np.arange(side * side).reshape(side, side))
