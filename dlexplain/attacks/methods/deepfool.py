"""To the nearest boundary, as if the model were linear, again and again."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dlexplain.attacks.base import Attack, Budget, register
from dlexplain.attacks.projection import lengths, project
from dlexplain.attacks.victim import Victim
from dlexplain.params import number

BEYOND = 1e-4
"""Added to each step, as the authors' code does: else it comes to stand on the boundary itself,
where the last digit of a float decides."""


@dataclass(frozen=True)
class DeepFoolParams:
    steps: int = number(50, "Steps", low=1, high=500, help="Linear steps at most.")
    overshoot: float = number(
        0.02, "Overshoot", low=0.0, high=1.0, help="How far beyond the boundary, as a share."
    )
    candidates: int = number(
        10, "Classes", low=2, high=100, help="So many most probable classes are compared."
    )


@register
class DeepFool(Attack[DeepFoolParams]):
    """DeepFool: the shortest way over the nearest boundary of a model that is taken as linear where
    it stands, repeated until the class changes.

    Of each other class k among the most probable: f = z_k - z_y, w = ∇z_k - ∇z_y; the nearest has
    the least |f| / ‖w‖ (L2) or |f| / ‖w‖₁ (L∞), and the step is |f| / ‖w‖² · w, or
    |f| / ‖w‖₁ · sign(w). Of a linear model one step is the exact distance. What it needs beyond the
    budget is cut at the budget, and may then not fool.
    """

    name = "deepfool"
    title = "DeepFool"
    norms = ("l2", "linf")
    minimal = True
    targeted = False
    paper = "Moosavi-Dezfooli, Fawzi, Frossard 2016, https://arxiv.org/abs/1511.04599"
    Params = DeepFoolParams

    def evaluations(self, budget: Budget, params: DeepFoolParams) -> int:
        return params.steps + 1

    def run(
        self, victim: Victim, budget: Budget, params: DeepFoolParams, generator: torch.Generator
    ) -> Tensor:
        return project(least_change(victim, budget.norm, params), victim.x, budget)


def least_change(victim: Victim, norm: str, params: DeepFoolParams) -> Tensor:
    """(n, ...) just beyond the boundary, within [0, 1], however far that is."""
    x, total = victim.x, torch.zeros_like(victim.x)
    left = torch.arange(len(x), device=x.device)
    first = victim.logits(x)
    # The labels' own class first, then the most probable others, as they were at the input.
    others = first.scatter(1, victim.labels[:, None], float("-inf"))
    count = min(params.candidates, first.shape[1]) - 1
    classes = torch.cat([victim.labels[:, None], others.topk(count, 1).indices], 1)
    moved = x.clone()
    for _ in range(params.steps):
        rows = victim.rows(left)
        gradients, logits = rows.jacobian_rows(moved[left], classes[left])
        going = ~rows.fooled(logits)
        left, gradients, logits = left[going], gradients[going], logits[going]
        if not len(left):
            break
        chosen = logits.gather(1, classes[left])
        total[left] += _step(gradients, chosen, norm)
        moved[left] = (x[left] + (1 + params.overshoot) * total[left]).clamp(0.0, 1.0)
    return moved


def _step(gradients: Tensor, chosen: Tensor, norm: str) -> Tensor:
    """gradients (n, k, ...), logits (n, k), both of the right class first -> (n, ...)"""
    normal = gradients[:, 1:] - gradients[:, :1]
    gap = (chosen[:, :1] - chosen[:, 1:]).abs()
    size = normal.flatten(2).norm(p=1 if norm == "linf" else 2, dim=2).clamp_min(1e-12)
    nearest = (gap / size).argmin(1)
    rows = torch.arange(len(nearest), device=nearest.device)
    along, far = normal[rows, nearest], (gap / size)[rows, nearest]
    unit = along.sign() if norm == "linf" else along / lengths(along).clamp_min(1e-12)
    step: Tensor = (far + BEYOND).view(-1, *[1] * (along.dim() - 1)) * unit
    return step
