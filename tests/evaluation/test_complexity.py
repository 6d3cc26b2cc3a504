"""Complexity against Quantus and by hand."""

import math

import numpy as np
import pytest
import torch

from dlexplain.errors import BadInput
from dlexplain.evaluation.metrics.complexity import entropy, gini, places_that_count
from tests.evaluation.cases import SIDE, explained, judged, linear_case, series_input, text_input
from tests.quantus_metrics import quantus


@pytest.mark.parametrize("seed", range(3))
def test_they_are_quantus(seed: int) -> None:
    drawn = torch.randn((1, SIDE, SIDE), generator=torch.Generator().manual_seed(seed))
    values = drawn * (drawn.abs() > 0.5)
    pairs = (
        (quantus.Sparseness(disable_warnings=True), gini(values)),
        (quantus.Complexity(disable_warnings=True), entropy(values)),
        (quantus.EffectiveComplexity(disable_warnings=True), places_that_count(values, 1e-5)),
    )
    for metric, ours in pairs:
        (theirs,) = metric(
            torch.nn.Identity(),
            np.zeros((1, 1, SIDE, SIDE), np.float32),
            np.array([0]),
            a_batch=values[None].numpy().copy(),
        )
        assert ours == pytest.approx(float(theirs), abs=1e-4)


def test_by_hand() -> None:
    alike, alone = torch.full((5,), -0.2), torch.tensor([0.0, 0.0, 7.0, 0.0])
    assert gini(alike) == pytest.approx(0)
    assert gini(alone) == pytest.approx(3 / 4)
    assert gini(torch.tensor([1.0, 3.0])) == pytest.approx(0.25)
    assert entropy(alike) == pytest.approx(math.log(5))
    assert entropy(alone) == pytest.approx(0)
    assert places_that_count(torch.tensor([4.0, -2.0, 1.0, 0.0]), 0.25) == 2


@pytest.mark.parametrize("name", ["sparseness", "entropy", "effective-complexity"])
def test_of_every_kind_of_input(name: str) -> None:
    weights = torch.randn((8, 3), generator=torch.Generator().manual_seed(1))
    for given in (text_input(), series_input(weights)):
        assert judged(name, explained(given, "input-x-gradient")).value > 0
    assert judged(name, linear_case()).value > 0


def test_channels_that_cancel_are_a_map_of_zeros() -> None:
    half = torch.rand((1, SIDE, SIDE), generator=torch.Generator().manual_seed(0))
    with pytest.raises(BadInput, match="all values of the map are 0"):
        linear_case(torch.cat([half, -half]))
