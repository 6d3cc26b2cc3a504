"""A few pixels of any colour, found by differential evolution."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.attacks.base import Attack, Budget, register
from dlexplain.attacks.losses import margin_loss
from dlexplain.attacks.victim import Victim
from dlexplain.errors import BadInput
from dlexplain.params import number

MOST_PIXELS = 32
"""Where the search for the smallest number begins."""
BLOCK = 100
"""Candidates that are painted at once: of 224 pixels 60 MB."""
DIFFERENCE = 0.5
"""Weight of the difference of two candidates, as in the paper, which does not cross them either."""


@dataclass(frozen=True)
class OnePixelParams:
    population: int = number(100, "Candidates", low=8, high=2000, help="The paper takes 400.")
    rounds: int = number(30, "Rounds", low=1, high=500, help="The paper takes 100.")


@register
class OnePixel(Attack[OnePixelParams]):
    """One-pixel attack: the place and the colour of one pixel, or of a few, evolve until the class
    changes.

    Each candidate is k times (row, column, colour); each round makes a new one of three others,
    a + 0.5 (b - c), and keeps it where the margin rises. It asks for scores only. The budget is the
    number of pixels; each may take any colour.
    """

    name = "one-pixel"
    title = "One pixel"
    norms = ("l0",)
    gradients = False
    paper = "Su et al. 2019, https://arxiv.org/abs/1710.08864"
    Params = OnePixelParams

    def largest(self, norm: str, shape: tuple[int, ...]) -> float:
        return min(MOST_PIXELS, shape[-2] * shape[-1])

    def check(self, victim: Victim, budget: Budget) -> None:
        super().check(victim, budget)
        most = int(self.largest(budget.norm, tuple(victim.x.shape)))
        if budget.epsilon > most:
            raise BadInput(
                f"the budget is {budget.epsilon:,.0f} pixels; {self.title} takes up to {most}, "
                "since each makes what is looked for longer"
            )

    def evaluations(self, budget: Budget, params: OnePixelParams) -> int:
        return params.population * (params.rounds + 2)

    def run(
        self, victim: Victim, budget: Budget, params: OnePixelParams, generator: torch.Generator
    ) -> Tensor:
        moved = victim.x.clone()
        for row in range(len(victim.x)):
            seed = int(torch.randint(2**31 - 1, (1,), generator=generator))
            one = victim.rows(torch.tensor([row], device=victim.x.device))
            moved[row] = _evolved(one, int(budget.epsilon), params, seed)
        return moved


def _evolved(victim: Victim, pixels: int, params: OnePixelParams, seed: int) -> Tensor:
    """(channels, height, width) of the best candidate for the victim's only input."""
    from scipy.optimize import differential_evolution

    channels, height, width = victim.x.shape[1:]
    bounds = [(0.0, height - 1e-3), (0.0, width - 1e-3), *[(0.0, 1.0)] * channels] * pixels
    best: dict[str, Tensor] = {}

    def cost(candidates: NDArray[np.float64]) -> NDArray[np.float64]:
        """(dimensions, candidates) -> how far each is from fooling, below 0 where it does"""
        told = candidates.T.reshape(-1, pixels, 2 + channels)
        parts = [told[start : start + BLOCK] for start in range(0, len(told), BLOCK)]
        return np.concatenate([block(part) for part in parts])

    def block(told: NDArray[np.float64]) -> NDArray[np.float64]:
        painted = _painted(victim.x[0], told)
        rows = victim.rows(torch.zeros(len(painted), dtype=torch.long, device=painted.device))
        margins = margin_loss(rows.logits(painted), rows.labels, rows.target)
        margins = margins.nan_to_num(nan=-torch.inf).double()
        place = int(margins.argmax())
        if "margin" not in best or margins[place] > best["margin"]:
            best["margin"], best["x"] = margins[place], painted[place].clone()
        found: NDArray[np.float64] = -margins.clamp_min(-1e30).cpu().numpy()
        return found

    def enough(*_: object, **__: object) -> bool:
        return bool(best["margin"] > 0)

    generator = np.random.default_rng(seed)
    low, high = np.array(bounds).T
    start = generator.uniform(low, high, (params.population, len(bounds)))
    cost(start.T)
    if not enough():
        differential_evolution(
            cost, bounds, strategy="rand1bin", init=start, maxiter=params.rounds,
            mutation=DIFFERENCE, recombination=1.0, rng=generator, callback=enough, tol=0.0,
            polish=False, updating="deferred", vectorized=True,
        )  # fmt: skip
    return best["x"]


def _painted(x: Tensor, candidates: NDArray[np.float64]) -> Tensor:
    """(channels, height, width), (n, k, 2 + channels) -> (n, channels, height, width)"""
    told = torch.from_numpy(np.ascontiguousarray(candidates)).to(x.device)
    rows, columns = told[..., 0].long(), told[..., 1].long()
    painted = x.repeat(len(told), 1, 1, 1)
    which = torch.arange(len(told), device=x.device)
    for k in range(told.shape[1]):  # one after the other: two may lie at one place
        painted[which, :, rows[:, k], columns[:, k]] = told[:, k, 2:].to(x)
    return painted
