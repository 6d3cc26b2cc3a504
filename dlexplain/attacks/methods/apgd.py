"""Auto-PGD: the step chooses itself."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from dlexplain.attacks.base import Attack, Budget, register
from dlexplain.attacks.losses import LOSSES, Loss
from dlexplain.attacks.projection import direction, project, random_start
from dlexplain.attacks.victim import Victim
from dlexplain.params import choice, number

MOMENTUM, RISES = 0.75, 0.75
"""Share of the new step beside the last one; share of steps that have to raise the loss."""
FIRST, SHORTER, LEAST = 0.22, 0.03, 0.06
"""Checkpoints, in shares of the steps: the first, by how much the gaps shorten, the least gap."""


@dataclass(frozen=True)
class APGDParams:
    steps: int = number(50, "Steps", low=3, high=1000, help="Gradients of each start.")
    starts: int = number(1, "Starts", low=1, high=50, help="Of an input that holds, so many tries.")
    loss: str = choice(
        "dlr", "Loss", ("cross-entropy", "dlr"),
        help="DLR does not vanish where a model is very sure; cross-entropy does.",
    )  # fmt: skip


@register
class APGD(Attack[APGDParams]):
    """Auto-PGD: projected gradient ascent with momentum, whose step begins at twice the budget and
    is halved, back at the best point so far, where the loss has stopped to rise.

    z = Π(x + η s), x' = Π(x + 0.75 (z - x) + 0.25 (x - x before)), s as in PGD. At checkpoints η is
    halved where fewer than 75% of the steps since the last one raised the loss, or neither η nor
    the best loss has changed since. There is no step size to choose wrongly.
    """

    name = "apgd"
    title = "APGD"
    norms = ("linf", "l2")
    paper = "Croce and Hein 2020, https://arxiv.org/abs/2003.01690"
    Params = APGDParams

    def evaluations(self, budget: Budget, params: APGDParams) -> int:
        return (params.steps + 1) * params.starts

    def run(
        self, victim: Victim, budget: Budget, params: APGDParams, generator: torch.Generator
    ) -> Tensor:
        found, left = victim.x.clone(), torch.arange(len(victim.x), device=victim.x.device)
        for _ in range(params.starts):
            here = victim.rows(left)
            begun = random_start(here.x, budget, generator)
            moved, done = climb(here, begun, budget, LOSSES[params.loss], params.steps)
            found[left] = moved
            left = left[~done]
            if not len(left):
                break
        return found


def checkpoints(steps: int) -> list[int]:
    """After which steps the step is looked at: p(j+1) = p(j) + max(p(j) - p(j-1) - 0.03, 0.06)."""
    shares = [0.0, FIRST]
    while shares[-1] < 1:
        shares.append(shares[-1] + max(shares[-1] - shares[-2] - SHORTER, LEAST))
    places = (math.ceil(round(share * steps, 6)) for share in shares[1:] if share <= 1)
    return sorted(set(places))


@dataclass
class _Climb:
    """The state of rows that are still to be fooled; every field is (n, ...) or (n,)."""

    index: Tensor
    x: Tensor
    before: Tensor
    gradient: Tensor
    losses: Tensor
    best_x: Tensor
    best_gradient: Tensor
    best: Tensor
    best_then: Tensor
    step: Tensor
    halved: Tensor
    rises: Tensor

    def keep(self, which: Tensor) -> None:
        for name, value in vars(self).items():
            setattr(self, name, value[which])


def climb(
    victim: Victim, begun: Tensor, budget: Budget, loss: Loss, steps: int
) -> tuple[Tensor, Tensor]:
    """From each point: where to, the best of what was seen, and whether it fools the model."""
    count, device = len(begun), begun.device
    found, done = begun.clone(), torch.zeros(count, dtype=torch.bool, device=device)
    gradient, losses, logits = victim.gradient(begun, loss)
    none = torch.zeros(count, device=device)
    state = _Climb(
        torch.arange(count, device=device), begun, begun, gradient, losses, begun, gradient,
        losses, losses, torch.full((count,), 2 * budget.epsilon, device=device), none.bool(), none,
    )  # fmt: skip
    _leave(victim, state, logits, found, done)
    marks, last = checkpoints(steps), 0
    for step in range(1, steps + 1):
        if not len(state.index):
            break
        _step(victim, state, budget, first=step == 1)
        rows = victim.rows(state.index)
        # The last point needs no gradient, but its loss and whether it fools come with it.
        gradient, losses, logits = rows.gradient(state.x, loss)
        state.rises += losses > state.losses
        state.gradient, state.losses = gradient, losses
        better = losses > state.best
        wide = _wide(better, begun)
        state.best = torch.where(better, losses, state.best)
        state.best_x = torch.where(wide, state.x, state.best_x)
        state.best_gradient = torch.where(wide, gradient, state.best_gradient)
        _leave(victim, state, logits, found, done)
        if step in marks:
            _halve(state, step - last)
            last = step
    found[state.index] = state.best_x
    return found, done


def _step(victim: Victim, state: _Climb, budget: Budget, first: bool) -> None:
    x, origin = state.x, victim.x[state.index]
    ahead = x + _wide(state.step, x) * direction(state.gradient, budget)
    ahead = project(ahead, origin, budget)
    if not first:
        with_momentum = x + MOMENTUM * (ahead - x) + (1 - MOMENTUM) * (x - state.before)
        ahead = project(with_momentum, origin, budget)
    state.before, state.x = x, ahead


def _halve(state: _Climb, since: int) -> None:
    """At a checkpoint, of so many steps: halve the step of rows that do not get on, and take them
    back to their best point."""
    slow = state.rises < RISES * since
    stuck = ~state.halved & (state.best_then >= state.best)
    halve = slow | stuck
    state.step = torch.where(halve, state.step / 2, state.step)
    state.x = torch.where(_wide(halve, state.x), state.best_x, state.x)
    state.gradient = torch.where(_wide(halve, state.x), state.best_gradient, state.gradient)
    state.losses = torch.where(halve, state.best, state.losses)
    state.halved, state.best_then = halve, state.best
    state.rises = torch.zeros_like(state.rises)


def _leave(victim: Victim, state: _Climb, logits: Tensor, found: Tensor, done: Tensor) -> None:
    """Rows that fool the model now are done."""
    hit = victim.rows(state.index).fooled(logits)
    found[state.index[hit]] = state.x[hit]
    done[state.index[hit]] = True
    state.keep(~hit)


def _wide(values: Tensor, x: Tensor) -> Tensor:
    """(n,) -> (n, 1, ...), as x has axes"""
    return values.view(-1, *[1] * (x.dim() - 1))
