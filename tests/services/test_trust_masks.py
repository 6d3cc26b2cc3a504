"""Tables of trust where it is known which pixels are the evidence."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import dlexplain as dx
from dlexplain.data.fit import Fit
from dlexplain.data.views import mask_view
from dlexplain.errors import BadInput
from dlexplain.services.pictures import sets
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.quality.subjects import subject_of

SIDE = 12
SEEN = (slice(2, 6), slice(3, 9))
"""Where the network looks."""


class Spot(nn.Module):
    """Two classes by the brightness of SEEN."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        score = self.weight * (x[(..., *SEEN)].flatten(1).sum(1) - 36)
        return torch.stack([score, -score], 1)


@pytest.fixture(scope="module")
def spot() -> LoadedModel:
    return dx.wrap(Spot(), classes=["bright", "dark"], input_shape=(3, SIDE, SIDE))


def folder_of(where: Path, masks: int, side: int = SIDE) -> str:
    for index in range(6):
        drawn = np.random.default_rng(index)
        Image.fromarray(drawn.integers(0, 256, (SIDE, SIDE, 3), np.uint8)).save(
            where / f"{index}.png"
        )
        if index < masks:
            mask = np.zeros((side, side), np.uint8)
            mask[SEEN] = 255
            Image.fromarray(mask).save(where / f"{index}.mask.png")
    return str(where)


def test_masks_beside_pictures_are_no_pictures_and_judge_where_maps_point(
    spot: LoadedModel, tmp_path: Path
) -> None:
    found = dx.trust(spot, folder_of(tmp_path, 6), ("saliency", "occlusion"), count=20)
    assert found.found == 6  # not 12
    assert {"relevance-mass", "pointing-game"} <= {metric.name for metric in found.metrics}
    exact = found.cell("saliency", "relevance-mass")
    assert (exact.mean, exact.n) == (pytest.approx(1.0), 6)
    assert found.cell("saliency", "pointing-game").mean == 1.0
    wider = found.cell("occlusion", "relevance-mass").mean
    assert wider is not None
    assert 0 < wider < 1  # its window reaches over the edge


def test_without_masks_nothing_is_said_of_where(spot: LoadedModel, tmp_path: Path) -> None:
    found = dx.trust(spot, folder_of(tmp_path, 0), ("saliency", "occlusion"), count=6)
    assert "relevance-mass" not in {metric.name for metric in found.metrics}


def test_a_mask_of_another_size_is_told_and_its_picture_left_out(
    spot: LoadedModel, tmp_path: Path
) -> None:
    data = folder_of(tmp_path, 2, side=SIDE + 1)
    found = subject_of(spot).examples(data, 6, 0)
    assert len(found.known) == 4
    assert sum("is 13 x 13 pixels" in note and "12 x 12" in note for note in found.notes) == 2


def test_a_mask_is_another_question(spot: LoadedModel, tmp_path: Path) -> None:
    data, out = folder_of(tmp_path, 6), tmp_path.parent / "out"
    dx.trust(spot, data, ("saliency", "occlusion"), ("relevance-mass",), count=6, out=out)
    Image.fromarray(np.full((SIDE, SIDE), 255, np.uint8)).save(tmp_path / "0.mask.png")
    with pytest.raises(BadInput, match="its examples were others, or have changed since"):
        dx.trust(
            spot, data, ("saliency", "occlusion"), ("relevance-mass",), count=6, out=out,
            resume=True,
        )  # fmt: skip


def test_masks_of_a_data_set_are_those_of_its_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    own = ("shapes", (("side", 32), ("count", 100), ("texture", 0.0)))
    monkeypatch.setattr(sets, "own_data", lambda entry, path="": own)
    entry: Any = SimpleNamespace(source="run", name="r")
    masks = sets.masks_of_test(entry)
    pictures = sets._test_part(*own)
    assert masks is not None
    assert len(masks) == len(pictures)
    for mask, picture in zip(masks, pictures, strict=True):
        assert 0.01 < mask.mean() < 0.7
        pixels = picture.pixels.astype(float)
        assert pixels[mask].std(0).mean() < pixels.std((0, 1)).mean()  # one colour


@pytest.mark.parametrize("how", ["crop", "pad", "squash"])
def test_a_mask_goes_the_way_of_its_picture(how: Any) -> None:
    mask = np.zeros((60, 100), bool)
    mask[20:40, 30:70] = True
    seen = mask_view(mask, Fit(how), 50, 40)
    assert seen.shape == (40, 40)
    width, height = {
        "crop": (50 / 60 * 40 / 40, 50 / 60 * 20 / 40),  # the short side to 50, the middle 40
        "pad": (40 / 100, 40 / 100 * 20 / 40),  # the long side to 40
        "squash": (40 / 100, 20 / 60),
    }[how]
    assert seen.any(0).mean() == pytest.approx(width, abs=0.03)
    assert seen.any(1).mean() == pytest.approx(height, abs=0.03)
