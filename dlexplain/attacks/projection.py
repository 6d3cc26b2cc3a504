"""Balls around inputs, within the unit box."""

import torch
from torch import Tensor

from dlexplain.attacks.base import Budget


def lengths(change: Tensor) -> Tensor:
    """(n, ...) -> (n, 1, ...) Euclidean lengths, to divide by."""
    found: Tensor = change.flatten(1).norm(dim=1)
    return found.view(-1, *[1] * (change.dim() - 1))


def project(moved: Tensor, x: Tensor, budget: Budget) -> Tensor:
    """The nearest point to each of `moved` that is within the budget of x and in [0, 1].

    For L∞ exactly; for L2 the change is shortened and then cut at the box, which only shortens it
    further, so that both hold.
    """
    change = moved - x
    if budget.norm == "linf":
        change = change.clamp(-budget.epsilon, budget.epsilon)
    else:
        change = change * (budget.epsilon / lengths(change).clamp_min(1e-12)).clamp_max(1.0)
    return (x + change).clamp(0.0, 1.0)


def direction(gradient: Tensor, budget: Budget) -> Tensor:
    """The steepest ascent of length 1 in the norm: the sign, or the gradient over its length; none
    along what the gradient does not know (NaN)."""
    gradient = gradient.nan_to_num(0.0)
    if budget.norm == "linf":
        return gradient.sign()
    # Made large first: of a model that is very sure it is so small that its squares are 0.
    most = gradient.flatten(1).abs().amax(1).view(-1, *[1] * (gradient.dim() - 1))
    scaled = gradient / most.clamp_min(torch.finfo(gradient.dtype).tiny)
    return scaled / lengths(scaled).clamp_min(1e-12)


def random_start(x: Tensor, budget: Budget, generator: torch.Generator) -> Tensor:
    """A point drawn evenly from the ball around each x, cut at the box."""
    noise = torch.empty(x.shape)
    if budget.norm == "linf":
        noise.uniform_(-budget.epsilon, budget.epsilon, generator=generator)
    else:
        noise.normal_(generator=generator)
        size = noise[0].numel()
        radius = torch.rand(len(x), generator=generator) ** (1 / size) * budget.epsilon
        noise = noise / lengths(noise) * radius.view(-1, *[1] * (x.dim() - 1))
    return project(x + noise.to(x.device), x, budget)
