"""Another seed, another place, JPEG: by hand and on models that follow or do not."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import spearmanr
from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.metrics.stability import moved, overlap
from dlexplain.explainers.base import METHODS
from dlexplain.explainers.inputs.picture import cells
from dlexplain.explainers.recoding import as_jpeg
from tests.evaluation.cases import (
    SIDE,
    LinearPictures,
    explained,
    judged,
    linear_case,
    picture,
    picture_input,
    series_input,
    small_case,
    small_net,
    weights_of_pictures,
)


class PixelByPixel(nn.Module):
    """The sum of a curve of each pixel: its map moves along with the picture, exactly."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, x: Tensor) -> Tensor:
        score = (self.scale * x**3 - x**2).flatten(1).sum(1)
        return torch.stack([score, -score], 1)


def test_a_map_that_follows_the_pixels_moves_along() -> None:
    case = explained(picture_input(PixelByPixel(), picture()), "input-x-gradient")
    found = judged("shift", case)
    assert found.value == pytest.approx(1, abs=1e-6)
    assert found.n == 4


def test_a_map_that_stays_in_its_place_does_not() -> None:
    given = picture_input(LinearPictures(weights_of_pictures()), picture())
    case = explained(given, "saliency")
    strengths = case.strengths.numpy()
    by_hand = [
        spearmanr(strengths[2:].flatten(), strengths[:-2].flatten())[0],
        spearmanr(strengths[:, 2:].flatten(), strengths[:, :-2].flatten())[0],
    ]
    assert judged("shift", case).value == pytest.approx(np.mean(by_hand), abs=1e-6)
    assert abs(np.mean(by_hand)) < 0.3


def test_what_is_moved_is_moved_back() -> None:
    grid = torch.arange(20.0).reshape(1, 1, 4, 5)
    assert moved(grid, 1, 0)[0, 0, 1:].tolist() == grid[0, 0, :-1].tolist()
    assert moved(grid, 1, 0)[0, 0, 0].tolist() == grid[0, 0, 0].tolist()
    assert moved(grid, 0, -2)[0, 0, :, :3].tolist() == grid[0, 0, :, 2:].tolist()
    for down, right in ((1, 0), (-1, 0), (0, 2), (0, -2), (1, -1)):
        own, theirs = overlap(grid[0, 0], moved(grid, down, right)[0, 0], down, right)
        assert torch.equal(own, theirs)
        assert own.shape == (4 - abs(down), 5 - abs(right))


def test_a_picture_is_not_moved_out_of_itself() -> None:
    with pytest.raises(Incompatible, match="a picture of 12 x 12 pixels cannot be moved by 12"):
        judged("shift", small_case("saliency"), pixels=12)


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_pillows(channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 24, channels), dtype=np.uint8)
    smooth = np.asarray(np.sort(pixels, axis=1))
    coded = io.BytesIO()
    Image.fromarray(smooth[..., 0] if channels == 1 else smooth).save(coded, "JPEG", quality=75)
    expected = np.asarray(Image.open(coded), np.float32).reshape(smooth.shape)
    x = torch.from_numpy(smooth.astype(np.float32)).permute(2, 0, 1) / 255 * 4 - 2
    found = as_jpeg(x, (-2.0, 2.0), 75)
    ours = (found + 2) / 4 * 255
    np.testing.assert_allclose(ours.permute(1, 2, 0).numpy(), expected, atol=1e-3)
    assert not torch.equal(found, x)


def test_of_other_channels_there_is_no_jpeg() -> None:
    with pytest.raises(Incompatible, match="JPEG has pictures of 1 or 3 channels; this one has 2"):
        as_jpeg(torch.rand(2, 8, 8), (0.0, 1.0), 75)


def test_under_jpeg_a_gradient_that_is_constant_stays() -> None:
    given = picture_input(LinearPictures(weights_of_pictures()), picture())
    assert judged("jpeg", explained(given, "saliency")).value == pytest.approx(1)
    case = explained(given, "input-x-gradient")
    coded = as_jpeg(picture()[0], (0.0, 1.0), 75)
    theirs = (weights_of_pictures() * coded).sum(0)
    expected = spearmanr(case.strengths.flatten(), theirs.flatten())[0]
    assert judged("jpeg", case).value == pytest.approx(float(expected), abs=1e-5)


def test_another_seed() -> None:
    given = replace(picture_input(small_net(), picture()), segments=cells(SIDE, SIDE, 3))
    few = explained(given, "lime", samples=30, alpha=0.0)
    many = explained(given, "lime", samples=1500, alpha=0.0)
    assert judged("same-seed", few).value < judged("same-seed", many).value <= 1
    request = few.request
    assert request is not None
    other = replace(request, params=replace(request.params, seed=1))
    theirs = METHODS["lime"].explain(given, other).values
    expected = spearmanr(few.strengths.flatten(), theirs.sum(0).flatten())[0]
    found = judged("same-seed", few, seeds=1)
    assert found.value == pytest.approx(float(expected), abs=1e-6)
    assert (found.n, found.low) == (1, None)


def test_a_method_that_draws_nothing_says_so() -> None:
    found = judged("same-seed", small_case("saliency"))
    assert (found.value, found.low) == (1.0, None)
    assert "draws nothing" in found.note


def test_of_series_another_seed_and_no_shift() -> None:
    from dlexplain.evaluation.base import metrics_for

    weights = torch.randn((8, 3), generator=torch.Generator().manual_seed(1))
    case = explained(series_input(weights), "gradient-shap")
    assert judged("same-seed", case).value > 0.5
    assert not {"shift", "jpeg"} & metrics_for("series").keys()
    assert {"shift", "jpeg"} <= metrics_for("picture").keys()


def test_a_map_alone_is_refused() -> None:
    for name in ("shift", "jpeg", "same-seed"):
        with pytest.raises(Incompatible, match="came without their method"):
            judged(name, linear_case())


def test_maps_that_say_nothing_are_told() -> None:
    """A network that always says the same has a map of zeros, like no other."""
    given = picture_input(LinearPictures(0 * weights_of_pictures()), picture())
    shown = METHODS["saliency"]
    case = Case(given, weights_of_pictures().abs(), False, shown, shown.request("picture"))
    for name, count in (("jpeg", 1), ("shift", 4)):
        found = judged(name, case)
        assert found.value == 0
        assert found.note.startswith(f"{count} of the {count} maps that it is compared with say")
