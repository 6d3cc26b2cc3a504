"""Shapley values, exactly: every combination of the input's parts is scored."""

from dataclasses import dataclass
from math import factorial
from typing import ClassVar

import torch
from torch import Tensor

from dlexplain.errors import ParamError
from dlexplain.explainers.base import Attributed, Explainer, Family, register, summed_up
from dlexplain.explainers.inputs.base import ModelInput, Need

MOST = 2**14
"""Evaluations that are accepted: more would be estimated as well by sampling, far sooner."""


@dataclass(frozen=True)
class ExactParams:
    """There is nothing to choose: nothing is drawn."""


@register
class ShapleyValues(Explainer[ExactParams]):
    """Shapley values of the parts of the input, superpixels, words or blocks of periods, without
    sampling: the score of every combination of them is asked for, 2^K of K parts, so it is for few
    parts. It is what Kernel SHAP and Shapley Value Sampling estimate. The values sum to f(x) less
    the mean score of the baselines.

    Formula: phi_i = sum over S without i of |S|! (K - |S| - 1)! / K! (f(S with i) - f(S))
    """

    name = "shapley-values"
    title = "Shapley Values (exact)"
    family: ClassVar[Family] = "perturbation"
    needs: ClassVar[frozenset[Need]] = frozenset({"features"})
    uses = ("players", "precision")
    complete = True
    linear = True
    usual: ClassVar = {"picture": {"regions": 10}, "series": {"block": 100, "baseline": "average"}}
    paper = "Shapley 1953; Lundberg, Lee 2017, https://arxiv.org/abs/1705.07874"
    Params = ExactParams

    def attribute(self, given: ModelInput, params: ExactParams) -> Attributed:
        features = given.features()
        count, baselines = features.count, features.baselines
        if 2**count * baselines > MOST:
            times = f" from each of {baselines} baselines" if baselines > 1 else ""
            raise ParamError(
                f"{count} parts have 2^{count} combinations{times}; at most {MOST:,} evaluations "
                "are accepted. Take fewer and larger parts, or Shapley Value Sampling"
            )
        given.progress.plan(2**count * baselines)
        on = combinations(count).repeat(baselines, 1)
        scores = features.scores(on, torch.arange(baselines).repeat_interleave(2**count))
        mean = scores.view(baselines, -1).mean(0)  # (combinations,)
        values = features.shared(shapley_values(mean))
        return summed_up(values, float(mean[-1]), float(mean[0]))


def combinations(count: int) -> Tensor:
    """(2^count, count) all of them; part i is in combination c where bit i of c is set."""
    numbers = torch.arange(2**count)
    return (numbers[:, None] >> torch.arange(count)) & 1 == 1


def shapley_values(scores: Tensor) -> Tensor:
    """(2^K,) the score of each of `combinations(K)` -> (K,)"""
    count = len(scores).bit_length() - 1
    on = combinations(count)
    sizes = on.sum(1)
    weights = torch.tensor(
        [factorial(s) * factorial(count - s - 1) / factorial(count) for s in range(count)]
    )
    values = []
    for part in range(count):
        without = torch.nonzero(~on[:, part]).flatten()
        gain = scores[without + 2**part] - scores[without]
        values.append((weights[sizes[without]] * gain).sum())
    return torch.stack(values)
