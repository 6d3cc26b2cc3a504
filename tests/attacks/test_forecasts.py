"""An attack on a forecast: the optimum of a linear model, within the budget."""

from typing import Any

import numpy as np
import pytest
import torch

from dlexplain.attacks import attacks_for
from dlexplain.attacks.forecasts import ForecastVictim
from dlexplain.explainers.batching import BatchSizes
from dlexplain.explainers.progress import Progress
from tests.forecasters import HORIZON, NAMES, WINDOW, linear, weights

BOUND = 5.0


def victim(outputs: list[int], epsilon: float, size: float = 1.0) -> ForecastVictim:
    model = linear()
    drawn = torch.randn((1, WINDOW, len(NAMES)), generator=torch.Generator().manual_seed(0))
    chosen = torch.zeros(HORIZON * 2 * 7)
    chosen[outputs] = 1 / len(outputs)
    return ForecastVictim(
        model.prepared, size * drawn, chosen, epsilon, BOUND, Progress(), BatchSizes()
    )


def run(given: ForecastVictim, seed: int = 0, **params: Any) -> torch.Tensor:
    attack = attacks_for("series")["forecast-pgd"]
    generator = torch.Generator().manual_seed(seed)
    found: torch.Tensor = attack.run(given, attack.params(params), generator)
    return found


def gradient(given: ForecastVictim) -> torch.Tensor:
    return given.gradients(given.x)[0]


@pytest.mark.parametrize("outputs", [[3], [3, 17, 31]])
@pytest.mark.parametrize("steps", [1, 2, 20])
def test_on_a_linear_model_the_optimum_is_found(outputs: list[int], steps: int) -> None:
    """max of w · (x + δ) over |δ| ≤ ε is w · x + ε Σ|w|, at δ = ε sign(w)."""
    given = victim(outputs, 0.1)
    w = gradient(given)
    found = run(given, steps=steps)
    torch.testing.assert_close(found, given.x + 0.1 * w.sign(), atol=1e-6, rtol=0)
    gained = float(given.scores(found) - given.scores(given.x))
    assert gained == pytest.approx(0.1 * float(w.abs().sum()), rel=1e-4)


def test_its_gradient_is_the_models_weights() -> None:
    given = victim([3], 0.1)  # step 1, the first target, the median
    scale = 2.0  # of the first step's changes of the first target, which is no logarithm
    np.testing.assert_allclose(
        gradient(given)[0].numpy(), scale * weights(linear())[0, 0], rtol=1e-5
    )


@pytest.mark.parametrize("epsilon", [0.01, 0.5, 4.0])
def test_the_budget_and_the_bound_hold(epsilon: float) -> None:
    given = victim([3], epsilon, size=2.0)
    found = run(given, starts=4)
    assert float((found - given.x).abs().max()) <= epsilon + 1e-6
    assert float(found.abs().max()) <= BOUND


def test_the_same_seed_is_the_same_attack_and_evaluations_are_as_announced() -> None:
    given = victim([3], 0.3)
    first, second = run(given, 5), run(given, 5)
    assert torch.equal(first, second)
    attack = attacks_for("series")["forecast-pgd"]
    asked = attack.params({"steps": 7, "starts": 2})
    one = victim([3], 0.3)
    attack.run(one, asked, torch.Generator().manual_seed(0))
    assert one.progress.done == attack.evaluations(asked) == 16
