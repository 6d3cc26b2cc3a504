"""The straight path from a baseline to an input, and the gradients on it added up.

Sundararajan, Taly, Yan, "Axiomatic Attribution for Deep Networks", 2017,
https://arxiv.org/abs/1703.01365.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from dlexplain.explain.base import Attributed, completeness_error
from dlexplain.explain.batching import Evaluator
from dlexplain.params import number

NODES = 5
"""Points of a panel: many enough for a smooth path, few enough to be given up at a kink."""
HALVED_AT_ONCE = 2
"""Panels refined together: enough to fill a chunk, few enough to stop soon."""


def tolerance_param(default: float = 0.01) -> float:
    """The field of the Params of a method that adds steps."""
    found: float = number(
        default, "Tolerance", low=0.0, high=1.0, step=0.01,
        help="Largest completeness error, as a fraction, at which no step is added; 0 adds none.",
    )  # fmt: skip
    return found


def path_gradients(evaluator: Evaluator, x: Tensor, baseline: Tensor, steps: int) -> Tensor:
    """(x - x') times the integral of the gradient, by Gauss-Legendre; of one input, (1, ...)."""
    (values,) = _Path(evaluator, x, baseline, steps).integrals([(0.0, 1.0)])
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
    `max_steps` gradients are spent. A tolerance of 0 is one rule of `steps` points.
    """
    if tolerance == 0:
        evaluator.progress.plan(steps + 2)
        values = path_gradients(evaluator, x, baseline, steps)
        score, nothing = evaluator.all_scores(torch.cat([x, baseline])).tolist()
        return Attributed(values, completeness_error(values, score, nothing), "", nothing)
    nodes = min(NODES, steps, max_steps)
    path = _Path(evaluator, x, baseline, nodes)
    first = min(steps, max_steps) // nodes
    evaluator.progress.plan((nodes + 1) * first + 1)
    edges = np.linspace(0, 1, first + 1).tolist()
    scores = path.scores(edges)
    nothing, score = scores[0], scores[-1]
    panels = path.panels(edges, scores)
    taken = nodes * first
    while True:
        values = torch.stack([panel.values for panel in panels]).sum(0)
        error = completeness_error(values, score, nothing)
        affordable = (max_steps - taken) // (2 * nodes)
        if error <= tolerance or affordable == 0:
            break
        panels.sort(key=lambda panel: -abs(panel.miss))
        bad = _worst(panels, tolerance * abs(score - nothing) / 2, affordable)
        evaluator.progress.plan((2 * nodes + 1) * bad)
        panels = path.halved(panels[:bad]) + panels[bad:]
        taken += 2 * nodes * bad
    note = ""
    if error > tolerance:
        note = (
            f"The budget of {max_steps} steps was spent before the tolerance "
            f"of {tolerance:.1%} was met."
        )
    elif taken > steps:
        note = f"{taken} gradients were needed to meet the tolerance."
    return Attributed(values, error, note, nothing)


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


@dataclass(frozen=True)
class _Panel:
    """A part of the path.

    left, right        its ends, in α
    at_left, at_right  the scores there
    values             (x - x') times the integral of the gradient over it, of one input
    """

    left: float
    right: float
    at_left: float
    at_right: float
    values: Tensor

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2

    @property
    def miss(self) -> float:
        """What the quadrature lacks of the change of the score."""
        return self.at_right - self.at_left - float(self.values.double().sum())


def _worst(panels: list[_Panel], bearable: float, affordable: int) -> int:
    """How many of the panels, the worst first, to halve so that the others miss `bearable`."""
    rest = sum(abs(panel.miss) for panel in panels)
    for count, panel in enumerate(panels, 1):
        rest -= abs(panel.miss)
        if rest <= bearable or count == min(HALVED_AT_ONCE, affordable):
            return count
    return len(panels)


@dataclass(frozen=True)
class _Path:
    """The path x' + α(x - x') of one input, (1, ...); `nodes` points on each part of it."""

    evaluator: Evaluator
    x: Tensor
    baseline: Tensor
    nodes: int

    def point(self, alphas: Tensor) -> Tensor:
        """(count,) -> (count, ...)"""
        share = alphas.to(self.x).view(-1, *[1] * (self.x.dim() - 1))
        return self.baseline + share * (self.x - self.baseline)

    def panels(self, edges: list[float], scores: list[float]) -> list[_Panel]:
        """Those between the edges, the score at each of which is known."""
        spans = list(pairwise(edges))
        found = zip(spans, pairwise(scores), self.integrals(spans), strict=True)
        return [_Panel(*span, *ends, values) for span, ends, values in found]

    def halved(self, panels: list[_Panel]) -> list[_Panel]:
        """Both halves of each."""
        between = self.scores([panel.middle for panel in panels])
        spans = [
            span
            for panel in panels
            for span in ((panel.left, panel.middle), (panel.middle, panel.right))
        ]
        ends = [
            pair
            for panel, score in zip(panels, between, strict=True)
            for pair in ((panel.at_left, score), (score, panel.at_right))
        ]
        found = zip(spans, ends, self.integrals(spans), strict=True)
        return [_Panel(*span, *pair, values) for span, pair, values in found]

    def integrals(self, spans: list[tuple[float, float]]) -> list[Tensor]:
        """Of each span, (x - x') times the integral of the gradient, by Gauss-Legendre."""
        places, weights = np.polynomial.legendre.leggauss(self.nodes)
        left, right = np.array(spans).T[:, :, None]
        alphas = torch.from_numpy((left + (right - left) * (1 + places) / 2).ravel())
        shares = torch.from_numpy(((right - left) * weights / 2).ravel())
        totals = [torch.zeros_like(self.x[0]) for _ in spans]
        for at, gradients in self._gradients(alphas):
            for i, gradient in enumerate(gradients, at.start):
                totals[i // self.nodes].add_(gradient, alpha=float(shares[i]))
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
