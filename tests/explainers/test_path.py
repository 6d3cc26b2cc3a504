"""Integrated Gradients where the integral is known: scores that depend on one sum of the picture.

For f(x) = g(w · x) the value of each pixel is its share of w · (x - x') times g(w · x) - g(w · x').
"""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from dlexplain.explainers.base import Attributed
from dlexplain.explainers.batching import BatchSizes, Evaluator, Target
from dlexplain.explainers.path import NODES, _spread, expected_gradients
from dlexplain.explainers.progress import Progress
from dlexplain.results import Attribution
from tests.tiny import SIDE, explain, fixed, linear_net, picture, prepared


class OfOneSum(nn.Module):
    """One class, whose score is g of a sum that goes from 0 at black to 1 at the picture."""

    def __init__(self, g: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.g = g
        weights = linear_net()[1].weight[1].detach()  # type: ignore[union-attr,index]
        self.whole = float(((picture()[0] + 1).flatten() * weights).sum())  # black is -1
        self.weights = nn.Parameter(weights / self.whole)

    def forward(self, x: Tensor) -> Tensor:
        return self.g((x + 1).flatten(1) @ self.weights)[:, None]


def integrated(net: OfOneSum, **params: float) -> Attribution:
    return explain(net, "integrated-gradients", target=0, baseline="black", **params)


def expected(net: OfOneSum, change: float) -> Tensor:
    shares = (picture()[0] + 1) * net.weights.detach().reshape(3, SIDE, SIDE)
    return shares * change


def test_a_smooth_path_takes_no_more_than_the_steps() -> None:
    net = OfOneSum(lambda s: torch.sin(3 * s))
    found = integrated(net, steps=2 * NODES, tolerance=0.001)
    change = float(torch.sin(torch.tensor(3.0)))
    torch.testing.assert_close(
        torch.tensor(found.values), expected(net, change), rtol=1e-3, atol=1e-6
    )
    assert found.note == ""
    assert found.evaluations == 2 * NODES + 3  # gradients, and scores at the ends of two panels


@pytest.mark.parametrize("place", [0.05, 0.37, 0.93])
def test_a_jump_is_found_and_the_steps_go_there(place: float) -> None:
    net = OfOneSum(lambda s: torch.sigmoid(300 * (s - place)))
    coarse = integrated(net, steps=20, tolerance=0)
    found = integrated(net, steps=20, tolerance=0.01, max_steps=200)
    assert coarse.completeness_error > 0.1  # twenty points, none of them on the jump
    assert found.completeness_error <= 0.01
    torch.testing.assert_close(torch.tensor(found.values), expected(net, 1.0), rtol=0.01, atol=1e-6)
    assert found.evaluations < 130


@pytest.mark.parametrize("budget", [2, 6, 23])
def test_no_more_gradients_than_the_budget(budget: int) -> None:
    model = prepared(OfOneSum(lambda s: torch.sigmoid(300 * (s - 0.37))))
    taken = 0

    def counted(_module: nn.Module, given: tuple[Tensor, ...], _score: Tensor) -> None:
        nonlocal taken
        taken += len(given[0]) if given[0].requires_grad else 0

    model.module.register_forward_hook(counted)
    found = explain(
        model, "integrated-gradients", target=0, chunks=fixed(model, 8), baseline="black", steps=20,
        tolerance=1e-6, max_steps=budget,
    )  # fmt: skip
    assert f"budget of {budget} steps was spent" in found.note
    assert budget - 2 * NODES < taken <= budget


@pytest.mark.parametrize(("samples", "paths"), [(100, 16), (16, 16), (10, 16), (32, 1), (200, 7)])
def test_random_points_are_spread_over_each_path_and_over_all(samples: int, paths: int) -> None:
    found = _spread(samples, paths, torch.Generator().manual_seed(0))
    assert found.shape == (samples,) and float(found.min()) >= 0 and float(found.max()) <= 1
    which = torch.arange(samples) % paths
    for path in range(min(samples, paths)):
        mine = found[which == path]
        parts = (mine * len(mine)).long().clamp_max(len(mine) - 1)
        assert sorted(parts.tolist()) == list(range(len(mine)))  # one in each even part
    if samples == paths:
        assert sorted((found * samples).long().tolist()) == list(range(samples))


def test_too_few_random_points_are_told() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(3 * SIDE * SIDE, 8), nn.Tanh(), nn.Linear(8, 2)
    ).eval()
    with torch.no_grad():
        net[1].weight *= 20  # a rough path
    model, x = prepared(net), picture()
    background = torch.randn((3, *x.shape[1:]))

    def explained(samples: int) -> Attributed:
        evaluator = Evaluator(model, Target(0), Progress(), BatchSizes())
        drawn = torch.Generator().manual_seed(0)
        return expected_gradients(evaluator, x, background, samples, drawn)

    few, many = explained(3), explained(20_000)
    assert few.completeness_error > 0.1 and "more samples" in few.note
    assert many.completeness_error < 0.02 and many.note == ""
    assert many.score == pytest.approx(float(net(x)[0, 0].detach()), rel=1e-4)
