"""Projected gradient ascent."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dlexplain.attacks.base import Attack, Budget, register
from dlexplain.attacks.losses import LOSSES, Loss
from dlexplain.attacks.projection import direction, project, random_start
from dlexplain.attacks.victim import Victim
from dlexplain.params import choice, flag, number


@dataclass(frozen=True)
class PGDParams:
    steps: int = number(20, "Steps", low=1, high=1000, help="Gradients of each start.")
    starts: int = number(1, "Starts", low=1, high=50, help="Of an input that holds, so many tries.")
    step_size: float = number(
        0.0, "Step", low=0.0, high=1.0,
        help="Length of a step, as a share of the budget; 0 takes 2.5 budgets over the steps.",
    )  # fmt: skip
    random: bool = flag(True, "Random start", help="Begin at a random point within the budget.")
    loss: str = choice("cross-entropy", "Loss", tuple(LOSSES), help="What is made large.")


@register
class PGD(Attack[PGDParams]):
    """Projected gradient descent: FGSM in many small steps, each followed by a projection onto the
    budget's ball.

    x ← Π(x + α sign(∇ loss)), α = 2.5 ε / steps (Madry et al. 2018), from a random point of the
    ball. An input that is fooled stays as it is and costs nothing further; one that holds is tried
    from further starts.
    """

    name = "pgd"
    title = "PGD"
    norms = ("linf", "l2")
    paper = "Madry et al. 2018, https://arxiv.org/abs/1706.06083"
    Params = PGDParams

    def evaluations(self, budget: Budget, params: PGDParams) -> int:
        return (params.steps + 1) * params.starts

    def run(
        self, victim: Victim, budget: Budget, params: PGDParams, generator: torch.Generator
    ) -> Tensor:
        found, left = victim.x.clone(), torch.arange(len(victim.x), device=victim.x.device)
        for start in range(params.starts):
            here = victim.rows(left)
            # The first of several starts may be the input itself; the others have to differ.
            drawn = params.random or start > 0
            begun = random_start(here.x, budget, generator) if drawn else here.x
            moved, done = climb(here, begun, budget, params)
            found[left] = moved
            left = left[~done]
            if not len(left):
                break
        return found


def climb(
    victim: Victim, begun: Tensor, budget: Budget, params: PGDParams
) -> tuple[Tensor, Tensor]:
    """From each point as long as it does not fool the model: where to, and whether it does."""
    share = params.step_size or min(1.0, 2.5 / params.steps)
    loss: Loss = LOSSES[params.loss]
    moved, left = begun.clone(), torch.arange(len(begun), device=begun.device)
    for _ in range(params.steps):
        here = victim.rows(left)
        gradient, _, logits = here.gradient(moved[left], loss)
        going = ~here.fooled(logits)  # the others are where they want to be
        left, gradient = left[going], gradient[going]
        if not len(left):
            break
        step = share * budget.epsilon * direction(gradient, budget)
        moved[left] = project(moved[left] + step, victim.x[left], budget)
    done = torch.ones(len(begun), dtype=torch.bool, device=begun.device)
    if len(left):
        here = victim.rows(left)
        done[left] = here.fooled(here.logits(moved[left]))
    return moved, done
