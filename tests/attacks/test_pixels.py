"""Attacks that count pixels: their number, the closed form of a linear model, what is refused."""

from typing import Any

import pytest
import torch
from torch import Tensor

from dlexplain.attacks import ATTACKS, Budget
from dlexplain.attacks.losses import margin_loss
from dlexplain.attacks.victim import Victim
from dlexplain.errors import BadInput
from tests.attacks.test_attacks import _Two
from tests.attacks.victims import SIDE, linear, weight_of

QUICK: dict[str, dict[str, Any]] = {
    "one-pixel": {"population": 60, "rounds": 20},
    "patch": {"places": 2, "steps": 25},
}


def moved(victim: Victim, name: str, pixels: int, seed: int = 0, **more: Any) -> Tensor:
    attack, budget = ATTACKS[name], Budget("l0", pixels)
    attack.check(victim, budget)
    asked = attack.params({**QUICK[name], **more})
    return attack.run(victim, budget, asked, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("name", "pixels"),
    [("one-pixel", 1), ("one-pixel", 3), ("one-pixel", 9), ("patch", 1), ("patch", 9),
     ("patch", 10**4)],
)  # fmt: skip
def test_no_more_pixels_change_and_the_range_holds(name: str, pixels: int) -> None:
    victim = linear(count=3)
    found = moved(victim, name, pixels)
    touched = (found != victim.x).any(1).flatten(1).sum(1)
    assert touched.max() <= pixels
    assert found.min() >= 0 and found.max() <= 1
    assert torch.equal(found, moved(victim, name, pixels))


@pytest.mark.parametrize(("name", "pixels"), [("one-pixel", 32), ("patch", SIDE * SIDE)])
def test_a_large_budget_fools(name: str, pixels: int) -> None:
    victim = linear(count=3)
    assert victim.fooled(victim.logits(moved(victim, name, pixels))).all()


def test_more_pixels_than_can_be_looked_for_are_refused() -> None:
    with pytest.raises(BadInput, match="the budget is 1,000,000 pixels; One pixel takes up to 32"):
        moved(linear(count=1), "one-pixel", 10**6)


def unreachable() -> tuple[Victim, Tensor]:
    """Two classes, one out of reach, so that all of a budget is used; and by how much each value
    raises the margin, (3, SIDE, SIDE)."""
    victim = linear(count=2)
    two = Victim(_Two(victim), victim.x, victim.labels * 0, victim.progress, victim.chunks)
    weight = weight_of(victim)
    return two, weight[1] - weight[0]


def rise(victim: Victim, found: Tensor) -> Tensor:
    before, after = (margin_loss(victim.logits(x), victim.labels, None) for x in (victim.x, found))
    return after - before


def best_values(victim: Victim, gap: Tensor) -> Tensor:
    """(n, SIDE, SIDE) by how much a pixel of the best colour raises the margin."""
    return torch.where(gap > 0, gap * (1 - victim.x), -gap * victim.x).sum(1)


def test_one_pixel_comes_near_the_best_pixel_of_a_linear_model() -> None:
    victim, gap = unreachable()
    found = rise(victim, moved(victim, "one-pixel", 1, population=200, rounds=60))
    best = best_values(victim, gap).flatten(1).amax(1)
    assert (found <= best + 1e-4).all()
    assert (found >= 0.95 * best).all()


def test_a_patch_paints_the_best_colours_of_a_linear_model() -> None:
    victim, gap = unreachable()
    found = moved(victim, "patch", 4, places=1)
    assert not victim.fooled(victim.logits(found)).any()  # else it stops before it is done
    inside = (found != victim.x).any(1)
    assert (inside.flatten(1).sum(1) == 4).all()
    expected = (best_values(victim, gap) * inside).flatten(1).sum(1)
    torch.testing.assert_close(rise(victim, found), expected, rtol=1e-4, atol=1e-4)
    # The square is where the gradient's absolute values are most.
    mass = gap.abs().sum(0).unfold(0, 2, 1).unfold(1, 2, 1).sum((2, 3))
    assert float((gap.abs().sum(0) * inside[0]).sum()) == pytest.approx(float(mass.max()))


def test_a_target_is_reached() -> None:
    for name in QUICK:
        victim = linear(target=2, count=2)
        pixels = 32 if name == "one-pixel" else SIDE * SIDE
        assert (victim.logits(moved(victim, name, pixels)).argmax(1) == 2).all()


@pytest.mark.parametrize("pixels", [0, -1, 1.5, float("nan"), float("inf")])
def test_a_number_of_pixels_is_whole_and_from_one(pixels: float) -> None:
    with pytest.raises(BadInput, match=r"pixels; a whole number from 1 is accepted"):
        Budget("l0", pixels)


def test_usual_budgets() -> None:
    assert ATTACKS["one-pixel"].usual("l0", (3, 32, 32)) == 1
    assert ATTACKS["patch"].usual("l0", (3, 32, 32)) == 49
    assert ATTACKS["pgd"].usual("linf", (3, 32, 32)) == 8 / 255
    assert ATTACKS["pgd"].usual("l2", (3, 32, 32)) == 0.5
    assert ATTACKS["pgd"].usual("l2", (3, 224, 224)) == 3.5
    with pytest.raises(BadInput, match="PGD keeps a budget in L∞ or L2, not in L0"):
        ATTACKS["pgd"].check(linear(), Budget("l0", 3))
