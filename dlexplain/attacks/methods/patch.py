"""A square of any colours, at the place where the class is decided."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from dlexplain.attacks.base import Attack, Budget, register
from dlexplain.attacks.losses import LOSSES
from dlexplain.attacks.victim import Victim
from dlexplain.params import number

SHARE = 0.06
"""Of the picture that is usual for the patch."""


@dataclass(frozen=True)
class PatchParams:
    steps: int = number(50, "Steps", low=1, high=1000, help="Gradients at each place.")
    step_size: float = number(0.05, "Step", low=0.001, high=1.0, help="Black to white is 1.")
    places: int = number(
        3,
        "Places",
        low=1,
        high=100,
        help="The first is where gradients are largest, then at random.",
    )


@register
class Patch(Attack[PatchParams]):
    """Adversarial patch: a square of any colours, which covers a part of the picture, is painted by
    gradient ascent. Everything else stays as it is.

    p ← clip(p + α sign(∇ loss), 0, 1) within the square; the first place is where the sum of the
    gradient's absolute values is largest, further ones are drawn. The budget is the number of
    pixels, of which the largest square is taken. It is painted for this picture: one for all
    pictures, as Brown et al. print it, needs a larger square.
    """

    name = "patch"
    title = "Patch"
    norms = ("l0",)
    paper = (
        "Karmon et al. 2018, https://arxiv.org/abs/1801.02608; Brown et al. 2017, "
        "https://arxiv.org/abs/1712.09665"
    )
    Params = PatchParams

    def usual(self, norm: str, shape: tuple[int, ...]) -> float:
        return max(1, math.floor(math.sqrt(SHARE * shape[-2] * shape[-1]))) ** 2

    def largest(self, norm: str, shape: tuple[int, ...]) -> float:
        return min(shape[-2], shape[-1]) ** 2

    def evaluations(self, budget: Budget, params: PatchParams) -> int:
        return (params.steps + 1) * params.places + 1

    def run(
        self, victim: Victim, budget: Budget, params: PatchParams, generator: torch.Generator
    ) -> Tensor:
        height, width = victim.x.shape[-2:]
        side = min(math.isqrt(int(budget.epsilon)), height, width)
        gradient, _, _ = victim.gradient(victim.x, LOSSES["cross-entropy"])
        found = victim.x.clone()
        left = torch.arange(len(found), device=found.device)
        for place in range(params.places):
            here = victim.rows(left)
            inside = (
                _decisive(gradient[left], side)
                if place == 0
                else _anywhere(len(left), height, width, side, generator).to(found.device)
            )
            moved, done = _paint(here, inside, params)
            found[left] = moved
            left = left[~done]
            if not len(left):
                break
        return found


def _paint(victim: Victim, inside: Tensor, params: PatchParams) -> tuple[Tensor, Tensor]:
    """inside  (n, 1, height, width) bool -> the painted inputs, and whether each fools"""
    moved = torch.where(inside, 0.5, victim.x)
    left = torch.arange(len(moved), device=moved.device)
    for _ in range(params.steps):
        here = victim.rows(left)
        gradient, _, logits = here.gradient(moved[left], LOSSES["cross-entropy"])
        going = ~here.fooled(logits)
        left, gradient = left[going], gradient[going]
        if not len(left):
            break
        step = params.step_size * gradient.sign() * inside[left]
        moved[left] = (moved[left] + step).clamp(0.0, 1.0)
    done = torch.ones(len(moved), dtype=torch.bool, device=moved.device)
    if len(left):
        here = victim.rows(left)
        done[left] = here.fooled(here.logits(moved[left]))
    return moved, done


def _decisive(gradient: Tensor, side: int) -> Tensor:
    """(n, 1, height, width) bool: the square in which the gradient's absolute values are most."""
    mass = F.avg_pool2d(gradient.abs().sum(1, keepdim=True), side, stride=1)
    place = mass.flatten(1).argmax(1)
    height, width = gradient.shape[-2:]
    return _square(place // mass.shape[-1], place % mass.shape[-1], height, width, side)


def _anywhere(count: int, height: int, width: int, side: int, generator: torch.Generator) -> Tensor:
    top = torch.randint(height - side + 1, (count,), generator=generator)
    left = torch.randint(width - side + 1, (count,), generator=generator)
    return _square(top, left, height, width, side)


def _square(top: Tensor, left: Tensor, height: int, width: int, side: int) -> Tensor:
    rows = torch.arange(height, device=top.device) - top[:, None]
    columns = torch.arange(width, device=top.device) - left[:, None]
    down, across = (rows >= 0) & (rows < side), (columns >= 0) & (columns < side)
    return (down[:, :, None] & across[:, None, :])[:, None]
