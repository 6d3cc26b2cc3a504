"""Random squares: an attack that sees scores alone."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from dlexplain.attacks.base import Attack, Budget, register
from dlexplain.attacks.losses import margin_loss
from dlexplain.attacks.projection import project
from dlexplain.attacks.victim import Victim
from dlexplain.params import number

HALVED = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)
"""Of 10,000 queries, after which the squares' share of the picture is halved."""


@dataclass(frozen=True)
class SquareParams:
    queries: int = number(500, "Queries", low=2, high=20000, help="Answers asked for, an input.")
    share: float = number(
        0.8, "First share", low=0.001, high=1.0, help="Of the picture that the first square covers."
    )


@register
class Square(Attack[SquareParams]):
    """Square attack: random search. It begins with vertical stripes of ±ε, then sets a random
    square to ±ε, a sign a channel, and keeps it where the margin rises; the squares shrink.

    It asks for scores only, so it works where a model has no gradients, or hides them: a defence
    that it beats while PGD does not is one that masks gradients (Athalye et al. 2018).
    """

    name = "square"
    title = "Square"
    norms = ("linf",)
    gradients = False
    paper = "Andriushchenko et al. 2020, https://arxiv.org/abs/1912.00049"
    Params = SquareParams

    def evaluations(self, budget: Budget, params: SquareParams) -> int:
        return params.queries

    def run(
        self, victim: Victim, budget: Budget, params: SquareParams, generator: torch.Generator
    ) -> Tensor:
        x = victim.x
        count, channels, height, width = x.shape
        signs = _signs((count, channels, 1, width), generator).to(x)
        moved = project(x + budget.epsilon * signs, x, budget)
        margins = _margins(victim, moved)
        left = torch.nonzero(margins <= 0)[:, 0]
        for query in range(1, params.queries):
            if not len(left):
                break
            tried = moved[left]
            side = _side(params, query, height, width)
            for row in range(len(left)):
                top = _below(height - side + 1, generator)
                start = _below(width - side + 1, generator)
                at = (row, slice(None), slice(top, top + side), slice(start, start + side))
                new = budget.epsilon * _signs((channels, 1, 1), generator).to(x)
                tried[at] = (x[left[row]][at[1:]] + new).clamp(0.0, 1.0)
            found = _margins(victim.rows(left), tried)
            better = found > margins[left]
            moved[left[better]], margins[left[better]] = tried[better], found[better]
            left = left[margins[left] <= 0]
        return moved


def _margins(victim: Victim, x: Tensor) -> Tensor:
    """(n,), above 0 where the model is fooled; one that says NaN is as far off as can be."""
    found = margin_loss(victim.logits(x), victim.labels, victim.target)
    return found.nan_to_num(nan=float("-inf"))


def _side(params: SquareParams, query: int, height: int, width: int) -> int:
    """Of the square at this query, in pixels."""
    place = query / params.queries * 10000
    share: float = params.share / 2 ** sum(place > mark for mark in HALVED)
    return max(1, min(round(math.sqrt(share * height * width)), height, width))


def _signs(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.randint(2, shape, generator=generator) * 2.0 - 1


def _below(most: int, generator: torch.Generator) -> int:
    return int(torch.randint(most, (1,), generator=generator))
