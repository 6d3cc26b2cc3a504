"""Integrated Gradients where the integral is known: scores that depend on one sum of the picture.

For f(x) = g(w · x) the value of each pixel is its share of w · (x - x') times g(w · x) - g(w · x').
"""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from dlexplain.explain.path import NODES
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
