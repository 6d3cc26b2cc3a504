"""Relevance mass by hand, and by Quantus' RelevanceMassAccuracy."""

import numpy as np
import pytest
import torch

from dlexplain.errors import BadInput
from dlexplain.evaluation.relevance_mass import relevance_mass
from tests.evaluation.cases import LinearPictures, picture, picture_input
from tests.quantus_metrics import quantus


def test_by_hand() -> None:
    values = torch.tensor([[1.0, 2.0], [-5.0, 1.0]])
    truth = torch.tensor([[True, False], [True, False]])
    assert relevance_mass(values, truth) == pytest.approx(1 / 4)


def test_a_model_that_sees_the_mark_alone_has_mass_1() -> None:
    weights = torch.zeros((3, 12, 12))
    weights[:, 9:, 9:] = 0.5
    given = picture_input(LinearPictures(weights), picture())
    evaluator, x = given.differentiable()
    gradients, _ = evaluator.all_gradients(x)
    exact = (gradients[0] * x)[0].sum(0)  # weights times x
    truth = torch.zeros((12, 12), dtype=torch.bool)
    truth[9:, 9:] = True
    assert relevance_mass(exact, truth) == 1.0
    assert relevance_mass(exact, ~truth) == 0.0


def test_a_map_that_marks_nothing_has_the_masks_share() -> None:
    truth = torch.zeros((10, 10), dtype=torch.bool)
    truth[:2, :5] = True
    assert relevance_mass(torch.ones((10, 10)), truth) == pytest.approx(0.1)


@pytest.mark.filterwarnings("ignore")
def test_as_quantus_has_it() -> None:
    generator = torch.Generator().manual_seed(0)
    maps = torch.rand((5, 8, 8), generator=generator)
    masks = torch.zeros((5, 8, 8), dtype=torch.bool)
    masks[:, 2:5, 3:7] = True
    metric = quantus.RelevanceMassAccuracy(normalise=False, disable_warnings=True)
    # It takes maps that are given, and asks the model nothing.
    theirs = metric(
        model=None,
        x_batch=np.zeros((5, 1, 8, 8)),
        y_batch=np.zeros(5, int),
        a_batch=maps[:, None].numpy(),
        s_batch=masks[:, None].numpy(),
        channel_first=True,
    )
    ours = [relevance_mass(one, mask) for one, mask in zip(maps, masks, strict=True)]
    assert ours == pytest.approx(theirs, abs=1e-6)


def test_what_points_nowhere_is_told() -> None:
    truth = torch.ones(3, dtype=torch.bool)
    with pytest.raises(BadInput, match="no value of the map is above 0"):
        relevance_mass(torch.tensor([0.0, -1.0, 0.0]), truth)
    with pytest.raises(BadInput, match="1 of the 3 values are not finite"):
        relevance_mass(torch.tensor([1.0, float("nan"), 0.0]), truth)
    with pytest.raises(BadInput, match=r"the map is \(2,\) and the mask \(3,\)"):
        relevance_mass(torch.ones(2), truth)
