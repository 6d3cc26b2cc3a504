"""Projected gradient ascent on the past of series."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dlexplain.attacks.base import register
from dlexplain.attacks.forecasts import ForecastVictim, SeriesAttack
from dlexplain.params import number

SHARES = 2.5
"""Budgets that all steps together are long."""


@dataclass(frozen=True)
class ForecastPGDParams:
    steps: int = number(20, "Steps", low=1, high=1000, help="Gradients of each start.")
    starts: int = number(
        3, "Starts", low=1, high=50, help="The past as it is, then random points of the budget."
    )


@register
class ForecastPGD(SeriesAttack[ForecastPGDParams]):
    """Projected gradient ascent on a forecast: every past value of every series may move by the
    budget, in standard deviations of its series, and moves so that the forecast becomes as large
    (or as small) as can be found.

    x ← Π(x + α sign(∇ forecast)), α = 2.5 ε / steps, from the past as it is and from random points
    of the budget (Madry et al. 2018); the best of all points on the way is kept. Of a linear model
    that is x + ε sign(w), the optimum, which moves the forecast by ε Σ|w|.
    """

    name = "forecast-pgd"
    title = "PGD on the past"
    paper = "Madry et al. 2018, https://arxiv.org/abs/1706.06083"
    Params = ForecastPGDParams

    def evaluations(self, params: ForecastPGDParams) -> int:
        return (params.steps + 1) * params.starts

    def run(
        self, victim: ForecastVictim, params: ForecastPGDParams, generator: torch.Generator
    ) -> Tensor:
        x = victim.x
        drawn = torch.rand((params.starts - 1, *x.shape[1:]), generator=generator)
        noise = (2 * drawn - 1) * victim.epsilon
        moved = torch.cat([x, victim.project(x + noise.to(x))])
        best = moved.clone()
        reached = torch.full((len(moved),), float("-inf"), device=x.device)
        step = min(1.0, SHARES / params.steps) * victim.epsilon
        for _ in range(params.steps):
            gradient, scores = victim.gradients(moved)
            best, reached = _better(best, reached, moved, scores)
            moved = victim.project(moved + step * gradient.sign())
        best, reached = _better(best, reached, moved, victim.scores(moved))
        return best[reached.argmax()][None]


def _better(best: Tensor, reached: Tensor, moved: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """Of each start the point with the larger score; what is no number is none."""
    more = scores > reached
    return torch.where(more[:, None, None], moved, best), torch.where(more, scores, reached)
