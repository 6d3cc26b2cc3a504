"""The straight path from a baseline to an input, and the gradients on it added up.

Sundararajan, Taly, Yan, "Axiomatic Attribution for Deep Networks", 2017,
https://arxiv.org/abs/1703.01365.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from dlexplain.explain.base import Attributed, completeness_error
from dlexplain.explain.batching import Evaluator
from dlexplain.params import number

HALVED_AT_ONCE = 16
"""Intervals refined together: enough to fill a chunk, few enough to stop soon."""


def tolerance_param(default: float = 0.01) -> float:
    """The field of the Params of a method that adds steps."""
    found: float = number(
        default, "Tolerance", low=0.0, high=1.0, step=0.01,
        help="Largest completeness error, as a fraction, at which no step is added; 0 adds none.",
    )  # fmt: skip
    return found


def path_gradients(evaluator: Evaluator, x: Tensor, baseline: Tensor, steps: int) -> Tensor:
    """(x - x') times the integral of the gradient, by Gauss-Legendre; of one input, (1, ...)."""
    path = _Path(evaluator, x, baseline)
    path.start(steps)
    return path.values()


def integrated(
    evaluator: Evaluator,
    x: Tensor,
    baseline: Tensor,
    steps: int,
    tolerance: float,
    max_steps: int,
) -> Attributed:
    """The same, with steps added where the path is rough.

    Intervals in which the quadrature misses the change of the score the most are halved until the
    completeness error is at most `tolerance`, or `max_steps` gradients are spent; 0 adds none.
    """
    evaluator.progress.plan(steps + 2)
    path = _Path(evaluator, x, baseline)
    path.start(steps)
    score, nothing = evaluator.all_scores(torch.cat([x, baseline])).tolist()
    error = completeness_error(path.values(), score, nothing)
    note = ""
    if tolerance > 0 and error > tolerance:
        path.split_at_weights(nothing, score)
        while error > tolerance and path.gradients_taken < max_steps:
            path.halve_worst(max_steps - path.gradients_taken)
            error = completeness_error(path.values(), score, nothing)
        if error > tolerance:
            note = (
                f"The budget of {max_steps} steps was spent before the tolerance "
                f"of {tolerance:.1%} was met."
            )
        elif path.gradients_taken > steps:
            note = f"{path.gradients_taken} gradients were needed to meet the tolerance."
    return Attributed(path.values(), error, note, nothing)


def expected_gradients(
    evaluator: Evaluator,
    x: Tensor,
    background: Tensor,
    samples: int,
    generator: torch.Generator,
) -> Attributed:
    """E over b, α of (x - b) · ∂f(b + α(x - b))/∂x; of one input (1, ...).

    background  (count, ...): each is a baseline as often as any other, and the points are spread
                evenly over the paths
    Lundberg, Lee 2017, https://arxiv.org/abs/1705.07874; Erion et al. 2021.
    """
    evaluator.progress.plan(samples + len(background) + 1)
    scores = evaluator.all_scores(torch.cat([background, x]))
    which = torch.arange(samples) % len(background)
    alphas = (torch.arange(samples) + torch.rand(samples, generator=generator)) / samples
    alphas = alphas[torch.randperm(samples, generator=generator)].to(x)
    total = torch.zeros_like(x[0])

    def points(start: int, stop: int) -> Tensor:
        chosen = background[which[start:stop]]
        share = alphas[start:stop].view(-1, *[1] * (x.dim() - 1))
        return chosen + share * (x - chosen)

    for span, (gradients, _) in evaluator.gradients(points, samples):
        total += ((x - background[which[span]]) * gradients).sum(0)
    values = total / samples
    usual = float(scores[:-1].mean())
    error = completeness_error(values, float(scores[-1]), usual)
    return Attributed(values, error, baseline_score=usual)


@dataclass
class _Path:
    """The path x' + α(x - x') cut into intervals, each with one gradient that stands for it.

    left, right  ends of the intervals, in α;  miss  what each interval's quadrature lacks of the
    change of the score over it. Gauss-Legendre weights are such intervals too: they sum to 1.
    """

    evaluator: Evaluator
    x: Tensor
    baseline: Tensor
    gradients_taken: int = 0
    left: list[float] = field(default_factory=list)
    right: list[float] = field(default_factory=list)
    ends: list[tuple[float, float]] = field(default_factory=list)  # scores at left and right
    slopes: list[Tensor] = field(default_factory=list)  # gradient standing for the interval
    miss: list[float] = field(default_factory=list)
    total: Tensor | None = None  # sum of weight * gradient, of the shape of x

    def values(self) -> Tensor:
        """As one input, without the batch"""
        assert self.total is not None
        return ((self.x - self.baseline) * self.total)[0]

    def point(self, alphas: Tensor) -> Tensor:
        """(count,) -> (count, ...)"""
        share = alphas.to(self.x).view(-1, *[1] * (self.x.dim() - 1))
        return self.baseline + share * (self.x - self.baseline)

    def start(self, steps: int) -> None:
        """Gauss-Legendre quadrature with `steps` points."""
        nodes, weights = np.polynomial.legendre.leggauss(steps)
        alphas = torch.from_numpy((1 + nodes) / 2)
        shares = torch.from_numpy(weights / 2)
        self.total = torch.zeros_like(self.x)
        for span, gradients in self._gradients(alphas):
            self.slopes += list(gradients)
            share = shares[span].to(gradients)
            self.total += torch.einsum("n,n...->...", share, gradients)
        edges = torch.cat([torch.zeros(1, dtype=torch.float64), shares.cumsum(0)]).tolist()
        self.left, self.right = edges[:-1], edges[1:]

    def split_at_weights(self, nothing: float, score: float) -> None:
        """Evaluate the score between the intervals, to see where the quadrature misses."""
        inner = torch.tensor(self.right[:-1], dtype=torch.float64)
        between = self._scores(inner)
        scores = [nothing, *between, score]
        self.ends = list(pairwise(scores))
        self.miss = [self._miss(i) for i in range(len(self.left))]

    def halve_worst(self, budget: int) -> None:
        """Replace the intervals that miss the most by their halves, two gradients each."""
        assert self.total is not None
        worst = sorted(range(len(self.miss)), key=lambda i: -abs(self.miss[i]))
        worst = worst[: max(1, min(HALVED_AT_ONCE, budget // 2))]
        middles = [(self.left[i] + self.right[i]) / 2 for i in worst]
        quarters = [
            point
            for i, middle in zip(worst, middles, strict=True)
            for point in ((self.left[i] + middle) / 2, (middle + self.right[i]) / 2)
        ]
        self.evaluator.progress.plan(len(quarters))
        middle_scores = self._scores(torch.tensor(middles, dtype=torch.float64))
        halves = [
            gradient
            for _, part in self._gradients(torch.tensor(quarters, dtype=torch.float64))
            for gradient in part
        ]
        for place, i in enumerate(worst):
            left, right, (low, high) = self.left[i], self.right[i], self.ends[i]
            first, second = halves[2 * place], halves[2 * place + 1]
            width = (right - left) / 2
            self.total += width * (first + second) - (right - left) * self.slopes[i]
            self.right[i], self.ends[i], self.slopes[i] = (
                middles[place],
                (low, middle_scores[place]),
                first,
            )
            self.left.append(middles[place])
            self.right.append(right)
            self.ends.append((middle_scores[place], high))
            self.slopes.append(second)
            self.miss.append(self._miss(len(self.left) - 1))
            self.miss[i] = self._miss(i)

    def _miss(self, i: int) -> float:
        low, high = self.ends[i]
        estimate = ((self.x - self.baseline)[0] * self.slopes[i]).sum()
        return (high - low) - (self.right[i] - self.left[i]) * float(estimate)

    def _gradients(self, alphas: Tensor) -> Iterator[tuple[slice, Tensor]]:
        self.gradients_taken += len(alphas)
        for span, (gradients, _) in self.evaluator.gradients(
            lambda a, b: self.point(alphas[a:b]), len(alphas)
        ):
            yield span, gradients

    def _scores(self, alphas: Tensor) -> list[float]:
        self.evaluator.progress.plan(len(alphas))
        parts = self.evaluator.scores(lambda a, b: self.point(alphas[a:b]), len(alphas))
        return [score for _, part in parts for score in part.tolist()]
