"""Integrated Gradients, with a tolerance that adds steps where the path needs them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlexplain.explain.base import Attributed, Run, completeness_error, register
from dlexplain.explain.baselines import baseline_choice, make_baseline
from dlexplain.explain.methods.gradients import GradientMethod
from dlexplain.params import number

HALVED_AT_ONCE = 16
"""Intervals refined together: enough to fill a chunk, few enough to stop soon."""


@register
class IntegratedGradients(GradientMethod):
    """Follows the straight path from a baseline, where nothing is to be seen, to the picture, and
    adds up the gradients on the way. What is added up must equal the difference of the two scores
    (completeness); the error beside the map says how nearly it does. With a tolerance, steps are
    added where the path is rough until the error is small enough or the budget is spent.

    Formula: (x - x') · ∫ ∂f(x' + α(x - x'))/∂x dα, by Gauss-Legendre quadrature; refined by
    halving the intervals in which the quadrature misses the change of the score the most.
    """

    name = "integrated-gradients"
    title = "Integrated Gradients"
    signed = True
    complete = True
    paper = "Sundararajan, Taly, Yan 2017, https://arxiv.org/abs/1703.01365"

    @dataclass(frozen=True)
    class Params:
        steps: int = number(50, "Steps", low=2, high=1000, help="Points on the path at first.")
        baseline: str = baseline_choice()
        tolerance: float = number(
            0.05,
            "Tolerance",
            low=0.0,
            high=1.0,
            step=0.01,
            help="Largest completeness error, as a fraction, at which no step is added; "
            "0 adds none.",
        )
        max_steps: int = number(
            600, "Budget", low=2, high=10000, help="Most gradients to spend on one map."
        )
        seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="For the noise baseline.")

    def evaluations(self, params: Any) -> int:
        return int(params.steps)

    def maps(self, run: Run, inputs: Tensor, params: Any) -> Iterator[tuple[slice, Tensor]]:
        for i in range(inputs.shape[0]):
            path = self._path(run, inputs[i : i + 1], params)
            path.start(params.steps)
            yield slice(i, i + 1), path.values()[None]

    def attribute(self, run: Run, params: Any) -> Attributed:
        run.progress.plan(params.steps)
        path = self._path(run, run.inputs, params)
        path.start(params.steps)
        score, nothing = run.score(), run.score(path.baseline)
        error = completeness_error(path.values(), score, nothing)
        note = ""
        if params.tolerance > 0 and error > params.tolerance:
            path.split_at_weights(nothing, score)
            while error > params.tolerance and path.gradients_taken < params.max_steps:
                path.halve_worst(params.max_steps - path.gradients_taken)
                error = completeness_error(path.values(), score, nothing)
            if error > params.tolerance:
                note = (
                    f"The budget of {params.max_steps} steps was spent before the tolerance "
                    f"of {params.tolerance:.1%} was met."
                )
            elif path.gradients_taken > params.steps:
                note = f"{path.gradients_taken} gradients were needed to meet the tolerance."
        return Attributed(path.values(), error, note)

    @staticmethod
    def _path(run: Run, inputs: Tensor, params: Any) -> "_Path":
        baseline = make_baseline(params.baseline, inputs, run.model.value_range, params.seed)
        return _Path(run, inputs, baseline)


@dataclass
class _Path:
    """The path x' + α(x - x') cut into intervals, each with one gradient that stands for it.

    left, right  ends of the intervals, in α;  miss  what each interval's quadrature lacks of the
    change of the score over it. Gauss-Legendre weights are such intervals too: they sum to 1.
    """

    run: Run
    x: Tensor
    baseline: Tensor
    gradients_taken: int = 0
    left: list[float] = field(default_factory=list)
    right: list[float] = field(default_factory=list)
    ends: list[tuple[float, float]] = field(default_factory=list)  # scores at left and right
    slopes: list[Tensor] = field(default_factory=list)  # gradient standing for the interval
    miss: list[float] = field(default_factory=list)
    total: Tensor | None = None  # sum of weight * gradient, (1, channels, height, width)

    def values(self) -> Tensor:
        """(channels, height, width)"""
        assert self.total is not None
        return ((self.x - self.baseline) * self.total)[0]

    def point(self, alphas: Tensor) -> Tensor:
        """(count,) -> (count, channels, height, width)"""
        share = alphas.to(self.x)[:, None, None, None]
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
            self.total += torch.einsum("n,nchw->chw", share, gradients)
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
        self.run.progress.plan(len(quarters))
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
        for span, (gradients, _) in self.run.evaluator.gradients(
            lambda a, b: self.point(alphas[a:b]), len(alphas)
        ):
            yield span, gradients

    def _scores(self, alphas: Tensor) -> list[float]:
        self.run.progress.plan(len(alphas))
        parts = self.run.evaluator.scores(lambda a, b: self.point(alphas[a:b]), len(alphas))
        return [score for _, part in parts for score in part.tolist()]
