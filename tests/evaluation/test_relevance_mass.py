"""Relevance mass by hand, and by Quantus' RelevanceMassAccuracy."""

import numpy as np
import pytest
import torch

from dlexplain.evaluation.metrics.localisation import relevance_mass
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


def test_what_points_nowhere_has_no_mass() -> None:
    truth = torch.ones(3, dtype=torch.bool)
    assert relevance_mass(-torch.ones(3), truth) == 0.0
