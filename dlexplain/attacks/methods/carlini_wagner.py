"""The least L2 change, by optimisation."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dlexplain.attacks.base import Attack, Budget, register
from dlexplain.attacks.losses import margin_loss
from dlexplain.attacks.projection import lengths, project
from dlexplain.attacks.victim import Victim
from dlexplain.params import number

SLACK = 0.999999
"""Inputs are drawn so far in from 0 and 1, where their tanh would be infinite."""


@dataclass(frozen=True)
class CarliniWagnerParams:
    steps: int = number(100, "Steps", low=1, high=10000, help="Of Adam, for each constant.")
    searches: int = number(5, "Searches", low=1, high=20, help="Values of the constant c tried.")
    rate: float = number(0.01, "Learning rate", low=1e-5, high=1.0, help="Of Adam.")
    constant: float = number(
        1.0, "First c", low=1e-6, high=1e6, help="What fooling weighs beside being near, at first."
    )
    confidence: float = number(
        0.0, "Confidence", low=0.0, high=100.0, help="By how much the wrong logit has to lead."
    )


@register
class CarliniWagner(Attack[CarliniWagnerParams]):
    """Carlini and Wagner's L2 attack: minimises ‖x' - x‖² + c · max(confidence - margin, 0) over w
    with x' = (1 + tanh w) / 2, so that the box holds by itself, by Adam; c is searched for by
    bisection.

    margin is above 0 where the model is fooled. Slow, and one of the least changes that are known:
    a defence that hides gradients does not stop it. What it needs beyond the budget is cut.
    """

    name = "carlini-wagner"
    title = "Carlini-Wagner"
    norms = ("l2",)
    minimal = True
    paper = "Carlini and Wagner 2017, https://arxiv.org/abs/1608.04644"
    Params = CarliniWagnerParams

    def evaluations(self, budget: Budget, params: CarliniWagnerParams) -> int:
        return params.steps * params.searches

    def run(
        self,
        victim: Victim,
        budget: Budget,
        params: CarliniWagnerParams,
        generator: torch.Generator,
    ) -> Tensor:
        return project(least_change(victim, params), victim.x, budget)


def least_change(victim: Victim, params: CarliniWagnerParams) -> Tensor:
    """(n, ...) the nearest that was seen to fool; the input itself where none was."""
    x, count = victim.x, len(victim.x)
    constant = torch.full((count,), params.constant, device=x.device)
    low, high = torch.zeros_like(constant), torch.full_like(constant, float("inf"))
    best, nearest = x.clone(), torch.full_like(constant, float("inf"))
    for _ in range(params.searches):
        found, distance = _descend(victim, constant, params)
        better = distance < nearest
        best[better], nearest = found[better], torch.minimum(distance, nearest)
        hit = distance.isfinite()
        high = torch.where(hit, torch.minimum(high, constant), high)
        low = torch.where(hit, low, torch.maximum(low, constant))
        halfway = (low + high) / 2
        constant = torch.where(high.isfinite(), halfway, 10 * constant)
    return best


def _descend(
    victim: Victim, constant: Tensor, params: CarliniWagnerParams
) -> tuple[Tensor, Tensor]:
    """The nearest that fooled on the way, and its distance; infinite where none did."""
    x = victim.x
    w = torch.atanh((2 * x - 1) * SLACK)
    moments = [torch.zeros_like(w), torch.zeros_like(w)]
    best, nearest = x.clone(), torch.full((len(x),), float("inf"), device=x.device)
    shape = (-1, *[1] * (x.dim() - 1))
    for step in range(1, params.steps + 1):
        moved = (torch.tanh(w) + 1) / 2
        uphill, margins, logits = victim.gradient(moved, margin_loss)
        change = moved - x
        distance = lengths(change).view(-1)
        hit = victim.fooled(logits) & (margins >= params.confidence) & (distance < nearest)
        best[hit], nearest[hit] = moved[hit], distance[hit]
        pulled = (margins < params.confidence).float() * constant
        slope = (2 * change - pulled.view(shape) * uphill) * 2 * moved * (1 - moved)
        w = w - params.rate * _adam(moments, slope, step)
    return best, nearest


def _adam(moments: list[Tensor], slope: Tensor, step: int) -> Tensor:
    """Kingma and Ba 2015: torch's would want one loss of all rows."""
    first, second = moments
    first.mul_(0.9).add_(slope, alpha=0.1)
    second.mul_(0.999).addcmul_(slope, slope, value=0.001)
    scaled = second / (1 - 0.999**step)
    return first / (1 - 0.9**step) / (scaled.sqrt() + 1e-8)
