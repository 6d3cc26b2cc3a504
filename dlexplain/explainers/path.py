"""The straight path from a baseline to an input, and the gradients on it added up.

Sundararajan, Taly, Yan, "Axiomatic Attribution for Deep Networks", 2017,
https://arxiv.org/abs/1703.01365.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.explainers.base import Attributed, completeness_error, summed_up
from dlexplain.explainers.batching import Evaluator
from dlexplain.params import number

NODES = 5
"""Points of a panel: many enough for a smooth path, few enough to be given up at a jump."""
SMOOTH = 16
"""Of a smooth path, a half misses at least so many times less than the whole."""
HALVED_AT_ONCE = 2
"""Panels refined together: enough to fill a chunk, few enough to stop soon."""


def tolerance_param(default: float = 0.01) -> float:
    """The field of the Params of a method that adds steps."""
    found: float = number(
        default,
        "Tolerance",
        low=0.0,
        high=1.0,
        step=0.01,
        help="Largest completeness error, as a fraction, at which no step is added; 0 adds none.",
    )
    return found


def path_gradients(evaluator: Evaluator, x: Tensor, baseline: Tensor, steps: int) -> Tensor:
    """(x - x') times the integral of the gradient, by Gauss-Legendre; of one input, (1, ...)."""
    (values,) = _Path(evaluator, x, baseline).integrals([_Part(0.0, 1.0, steps)])
    return values


def integrated(
    evaluator: Evaluator,
    x: Tensor,
    baseline: Tensor,
    steps: int,
    tolerance: float,
    max_steps: int,
) -> Attributed:
    """The same, with steps added where the path is rough.

    The path is cut into panels of NODES points each, at most `steps` in all. What a panel's
    quadrature misses is known, since its values must sum to the change of the score over it; the
    panels that miss the most are halved until the completeness error is at most `tolerance`, or
    `max_steps` gradients are spent; where that helps little, with fewer points. A tolerance of 0 is
    one rule of `steps` points.
    """
    if tolerance == 0:
        evaluator.progress.plan(steps + 2)
        values = path_gradients(evaluator, x, baseline, steps)
        score, nothing = evaluator.all_scores(torch.cat([x, baseline])).tolist()
        return summed_up(values, score, nothing)
    nodes = min(NODES, steps, max_steps)
    first = min(steps, max_steps) // nodes
    path = _Path(evaluator, x, baseline)
    evaluator.progress.plan((nodes + 1) * first + 1)
    edges = np.linspace(0, 1, first + 1).tolist()
    scores = path.scores(edges)
    nothing, score = scores[0], scores[-1]
    parts = [_Part(left, right, nodes) for left, right in pairwise(edges)]
    panels = path.panels(parts, list(pairwise(scores)))
    taken = nodes * first
    while True:
        values = torch.stack([panel.values for panel in panels]).sum(0)
        error = completeness_error(values, score, nothing)
        panels.sort(key=lambda panel: -abs(panel.miss))
        bad = _worst(panels, tolerance * abs(score - nothing) / 2, max_steps - taken)
        if error <= tolerance or bad == 0:
            break
        spent = sum(2 * panel.nodes_of_halves for panel in panels[:bad])
        evaluator.progress.plan(spent + bad)
        panels = path.halved(panels[:bad]) + panels[bad:]
        taken += spent
    note = ""
    if error > tolerance:
        note = (
            f"The budget of {max_steps} steps was spent before the tolerance "
            f"of {tolerance:.1%} was met."
        )
    elif taken > steps:
        note = f"{taken} gradients were needed to meet the tolerance."
    return summed_up(values, score, nothing, note)


FEW_SAMPLES = ", since they are a mean over random points: more samples bring that down"


def expected_gradients(
    evaluator: Evaluator,
    x: Tensor,
    background: Tensor,
    samples: int,
    generator: torch.Generator,
) -> Attributed:
    """E over b, α of (x - b) · ∂f(b + α(x - b))/∂x; of one input (1, ...).

    background  (count, ...): each is a baseline as often as any other, and the points are spread
                evenly over each path and over all of them
    Lundberg, Lee 2017, https://arxiv.org/abs/1705.07874; Erion et al. 2021.
    """
    evaluator.progress.plan(samples + len(background) + 1)
    scores = evaluator.all_scores(torch.cat([background, x]))
    which = torch.arange(samples) % len(background)
    alphas = _spread(samples, len(background), generator).to(x)
    total = torch.zeros_like(x[0])

    def points(start: int, stop: int) -> Tensor:
        chosen = background[which[start:stop]]
        share = alphas[start:stop].view(-1, *[1] * (x.dim() - 1))
        return chosen + share * (x - chosen)

    for span, (gradients, _) in evaluator.gradients(points, samples):
        for part in (x - background[which[span]]) * gradients:
            total += part  # one by one, so that the sum does not depend on the chunk
    values = total / samples
    usual, score = float(scores[:-1].mean()), float(scores[-1])
    return summed_up(values, score, usual, because=FEW_SAMPLES)


def _spread(samples: int, paths: int, generator: torch.Generator) -> Tensor:
    """(samples,) places on paths that take turns: the n of one path lie in n even parts of it, and
    where in their part differs evenly from path to path."""
    turns = torch.arange(samples) // paths
    mine = torch.bincount(torch.arange(samples) % paths, minlength=paths)  # (paths,)
    rounds = -(-samples // paths)
    order = torch.stack([torch.randperm(paths, generator=generator) for _ in range(rounds)])
    within = (order.flatten()[:samples] + torch.rand(samples, generator=generator)) / paths
    return (turns + within) / mine[torch.arange(samples) % paths]


class _Part(NamedTuple):
    """From `left` to `right`, in α, by a rule of `nodes` points."""

    left: float
    right: float
    nodes: int


@dataclass(frozen=True)
class _Panel:
    """A part of the path and what was found there.

    at_left, at_right  the scores at its ends
    values             (x - x') times the integral of the gradient over it, of one input
    whole              what the panel missed of which this is a half; infinity of the first ones
    """

    part: _Part
    at_left: float
    at_right: float
    values: Tensor
    whole: float = float("inf")

    @property
    def middle(self) -> float:
        return (self.part.left + self.part.right) / 2

    @cached_property
    def miss(self) -> float:
        """What the quadrature lacks of the change of the score."""
        return self.at_right - self.at_left - float(self.values.double().sum())

    @property
    def nodes_of_halves(self) -> int:
        """Fewer where halving helped little: there the gradient jumps, and no rule is better."""
        rough = abs(self.miss) > abs(self.whole) / SMOOTH
        return max(1, self.part.nodes // 2) if rough else self.part.nodes

    def halves(self) -> tuple[_Part, _Part]:
        nodes = self.nodes_of_halves
        return _Part(self.part.left, self.middle, nodes), _Part(self.middle, self.part.right, nodes)


def _worst(panels: list[_Panel], bearable: float, affordable: int) -> int:
    """How many of the panels, the worst first, to halve so that the others miss `bearable`."""
    rest = sum(abs(panel.miss) for panel in panels)
    for count, panel in enumerate(panels[:HALVED_AT_ONCE]):
        affordable -= 2 * panel.nodes_of_halves
        if affordable < 0 or (count and rest <= bearable):
            return count
        rest -= abs(panel.miss)
    return min(HALVED_AT_ONCE, len(panels))


@dataclass(frozen=True)
class _Path:
    """The path x' + α(x - x') of one input, (1, ...)."""

    evaluator: Evaluator
    x: Tensor
    baseline: Tensor

    def point(self, alphas: Tensor) -> Tensor:
        """(count,) -> (count, ...)"""
        share = alphas.to(self.x).view(-1, *[1] * (self.x.dim() - 1))
        return self.baseline + share * (self.x - self.baseline)

    def panels(self, parts: list[_Part], ends: list[tuple[float, float]]) -> list[_Panel]:
        """Of parts, the scores at whose ends are known."""
        found = zip(parts, ends, self.integrals(parts), strict=True)
        return [_Panel(part, *scores, values) for part, scores, values in found]

    def halved(self, panels: list[_Panel]) -> list[_Panel]:
        """Both halves of each."""
        between = self.scores([panel.middle for panel in panels])
        parts = [part for panel in panels for part in panel.halves()]
        ends = [
            pair
            for panel, score in zip(panels, between, strict=True)
            for pair in ((panel.at_left, score), (score, panel.at_right))
        ]
        halves = self.panels(parts, ends)
        return [replace(half, whole=panels[i // 2].miss) for i, half in enumerate(halves)]

    def integrals(self, parts: list[_Part]) -> list[Tensor]:
        """Of each, (x - x') times the integral of the gradient, by Gauss-Legendre."""
        rules = [_rule(part) for part in parts]
        alphas = torch.from_numpy(np.concatenate([places for places, _ in rules]))
        shares = np.concatenate([weights for _, weights in rules]).tolist()
        owners = [i for i, part in enumerate(parts) for _ in range(part.nodes)]
        totals = [torch.zeros_like(self.x[0]) for _ in parts]
        for at, gradients in self._gradients(alphas):
            for i, gradient in enumerate(gradients, at.start):
                totals[owners[i]].add_(gradient, alpha=shares[i])
        return [(self.x - self.baseline)[0] * total for total in totals]

    def scores(self, alphas: list[float]) -> list[float]:
        points = torch.tensor(alphas, dtype=torch.float64)
        parts = self.evaluator.scores(lambda a, b: self.point(points[a:b]), len(alphas))
        return [score for _, part in parts for score in part.tolist()]

    def _gradients(self, alphas: Tensor) -> Iterator[tuple[slice, Tensor]]:
        for span, (gradients, _) in self.evaluator.gradients(
            lambda a, b: self.point(alphas[a:b]), len(alphas)
        ):
            yield span, gradients


def _rule(part: _Part) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places in α and weights, which sum to the part's length."""
    places, weights = np.polynomial.legendre.leggauss(part.nodes)
    half = (part.right - part.left) / 2
    return part.left + half * (1 + places), half * weights
