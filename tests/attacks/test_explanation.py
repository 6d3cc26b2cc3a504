"""An attack on the explanation: within the budget, of the same class, with another map."""

import copy

import pytest
import torch
from torch import Tensor, nn

import dlexplain as dx
from dlexplain.attacks import Budget
from dlexplain.attacks.explanation import ExplanationParams, move_map, saliency, softened
from dlexplain.attacks.victim import Victim
from dlexplain.errors import Incompatible
from tests.attacks.victims import digits, linear, victim_of, weight_of

SIDE = 8


class Halves(nn.Module):
    """Two units of equal slope, of which one sees the left half and one the right; each opens where
    its half is bright enough, and a bias decides the class."""

    def __init__(self) -> None:
        super().__init__()
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        grey = x.mean(1)
        halves = torch.stack([grey[..., : SIDE // 2], grey[..., SIDE // 2 :]], 1).sum((2, 3))
        opened = self.act(halves - SIDE * SIDE / 4).sum(1)
        return torch.stack([5 + opened, -opened], 1)


def halves() -> Victim:
    model = dx.wrap(Halves(), classes=["a", "b"], input_shape=(3, SIDE, SIDE))
    x = torch.full((1, 3, SIDE, SIDE), 0.505)
    x[..., SIDE // 2 :] = 0.495  # the left one is open, the right one is shut
    return victim_of(model, x)


def run(victim: Victim, epsilon: float = 0.02, steps: int = 20) -> Tensor:
    params = ExplanationParams(steps=steps, share=0.5)
    generator = torch.Generator().manual_seed(0)
    return move_map(victim, Budget("linf", epsilon), params, generator)


def overlap(victim: Victim, moved: Tensor, share: float) -> float:
    """Of the largest places of the map of the input, the part that is among those of the moved."""
    count = round(share * victim.x[0, 0].numel())
    first, second = (
        set(saliency(victim, x)[0].flatten().topk(count).indices.tolist())
        for x in (victim.x, moved)
    )
    return len(first & second) / count


def test_the_map_goes_to_the_other_half() -> None:
    victim = halves()
    moved = run(victim)
    assert overlap(victim, moved, 0.5) < 0.05
    found = saliency(victim, moved)[0]
    assert found[:, SIDE // 2 :].sum() > 0.95 * found.sum()


@pytest.mark.parametrize("epsilon", [0.004, 0.05])
def test_the_class_stays_within_the_budget_and_the_map_of_a_network_moves(epsilon: float) -> None:
    whole = digits()
    victim = whole.rows(torch.arange(4))
    params = ExplanationParams(steps=15)
    moved = move_map(victim, Budget("linf", epsilon), params, torch.Generator().manual_seed(0))
    assert (moved - victim.x).abs().max() <= epsilon + 1e-6
    assert moved.min() >= 0 and moved.max() <= 1
    assert torch.equal(victim.logits(moved).argmax(1), victim.labels)
    again = move_map(victim, Budget("linf", epsilon), params, torch.Generator().manual_seed(0))
    assert torch.equal(moved, again)
    if epsilon == 0.05:
        shared = [overlap(victim.rows(torch.tensor([i])), moved[i : i + 1], 0.1) for i in range(4)]
        assert sum(shared) / 4 < 0.6


def test_a_map_without_a_slope_of_its_own_is_not_called_stable() -> None:
    with pytest.raises(Incompatible, match="its ReLUs are called as functions, or it is linear"):
        run(linear(), 0.01)


def test_saliency_of_a_linear_model_is_its_weights() -> None:
    victim = linear()
    expected = weight_of(victim)[victim.labels].abs().sum(1)
    torch.testing.assert_close(saliency(victim, victim.x), expected, rtol=1e-4, atol=1e-5)


def test_softened_is_near_and_leaves_the_model_alone() -> None:
    torch.manual_seed(0)
    shared = nn.ReLU(inplace=True)
    model = nn.Sequential(nn.Linear(4, 8), shared, nn.Linear(8, 8), nn.ReLU6(), shared)
    before = copy.deepcopy(model)
    smooth = softened(model)
    x = 3 * torch.randn(50, 4)
    assert not any(isinstance(one, nn.ReLU | nn.ReLU6) for one in smooth.modules())
    torch.testing.assert_close(smooth(x), model(x), atol=0.1, rtol=0)
    assert str(model) == str(before)
    wide = 10 * torch.linspace(-1, 1, 101)
    six = softened(nn.Sequential(nn.ReLU6()))
    torch.testing.assert_close(six(wide), wide.clamp(0, 6), atol=0.03, rtol=0)
