"""One step along the sign of the gradient."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dlexplain.attacks.base import Attack, Budget, register
from dlexplain.attacks.losses import cross_entropy_loss
from dlexplain.attacks.projection import direction, project
from dlexplain.attacks.victim import Victim


@dataclass(frozen=True)
class FGSMParams:
    """None: the budget is its only step."""


@register
class FGSM(Attack[FGSMParams]):
    """Fast gradient sign method: x + ε sign(∇ loss), in one step; in L2 along the gradient itself.

    The cheapest attack there is, and the weakest: a model that withstands it may fall to PGD. The
    loss is cross-entropy. On a linear model it is the best that can be done.
    """

    name = "fgsm"
    title = "FGSM"
    norms = ("linf", "l2")
    paper = "Goodfellow, Shlens, Szegedy 2015, https://arxiv.org/abs/1412.6572"
    Params = FGSMParams

    def evaluations(self, budget: Budget, params: FGSMParams) -> int:
        return 1

    def run(
        self, victim: Victim, budget: Budget, params: FGSMParams, generator: torch.Generator
    ) -> Tensor:
        gradient, _, _ = victim.gradient(victim.x, cross_entropy_loss)
        return project(victim.x + budget.epsilon * direction(gradient, budget), victim.x, budget)
