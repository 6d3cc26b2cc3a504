"""Comprehensiveness and sufficiency: what is left of the answer without the words that a map marks,
and with them alone."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.errors import Incompatible
from dlexplain.evaluation.base import Metric, register
from dlexplain.evaluation.case import FEW_PARTS, Case
from dlexplain.evaluation.fills import fill_param, read_fill
from dlexplain.evaluation.removal import answers_without, gain
from dlexplain.explainers.inputs.series import blocks
from dlexplain.params import number
from dlexplain.results.quality import Measurement

SHARES = np.array([0.01, 0.05, 0.1, 0.2, 0.5])
"""Of the words, as in the paper; at least one word."""
STRETCH = 3
"""Periods of one series that are taken away together."""


@dataclass(frozen=True)
class RationaleParams:
    maps: int = number(
        16, "Random orders", low=3, high=200, help="With which the map's own order is compared."
    )
    fill: str = fill_param()


def mean_fall(said: float, answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., shares) -> (...,) mean over the shares of said - answer.

    Without the words that are marked most this is the comprehensiveness, with them alone the
    sufficiency: Σ_k p(x) - p(x without, or with, the k% marked most) / |shares|.
    """
    return np.asarray(said - answers.mean(-1))


def stretches(labels: Tensor) -> Tensor:
    """(window, series) the number of each value's part -> (parts,) that of each part's stretch."""
    window, series = labels.shape
    found = torch.empty(labels.numel(), dtype=torch.int64)
    found[labels.flatten()] = blocks(window, series, min(STRETCH, window)).flatten()
    return found


class _Rationale(Metric[RationaleParams]):
    family = "faithfulness"
    modalities: ClassVar = ("text", "token", "next-token", "translation", "series")
    higher_is_better = True
    limits = (-1.0, 1.0)
    unit = "said"
    paper = "DeYoung et al. 2020, https://arxiv.org/abs/1911.03429"
    Params = RationaleParams
    keep: ClassVar[bool]

    def check(self, case: Case) -> None:
        groups = _groups(case)
        if groups is not None and int(groups.max()) + 1 < FEW_PARTS:
            raise Incompatible("the window is one stretch; an order of what counts needs two")

    def measure(self, case: Case, params: RationaleParams) -> Measurement:
        fill = read_fill(case.given, params.fill)
        weights = torch.cat([case.weights()[None], case.random_weights(params.maps)])
        groups = _groups(case)
        if groups is not None:
            sums = torch.zeros((len(weights), int(groups.max()) + 1))
            weights = sums.index_add_(1, groups, weights)
        shares = SHARES.tolist()
        answers = answers_without(case, weights, shares, fill, self.keep, least=1, groups=groups)
        falls = mean_fall(case.said, answers)
        name = "with the marked alone" if self.keep else "without the marked"
        return gain(SHARES, answers, falls, not self.keep, name)


def _groups(case: Case) -> Tensor | None:
    """What is taken away together; None where each part is by itself."""
    labels = case.parts().labels
    return stretches(labels) if case.given.modality.name == "series" else None


@register
class Comprehensiveness(_Rationale):
    """How far the answer falls without the words that the map marks most.

    The mean over 1, 5, 10, 20 and 50% of the words, at least one, more than that of random orders
    of the same values: 0 is no better than chance, more is better. Of a series, stretches of three
    periods of one series are taken away. A text with gaps is one that the model has not learnt.
    """

    name = "comprehensiveness"
    title = "Comprehensiveness"
    keep = False


@register
class Sufficiency(_Rationale):
    """How little the answer falls when the words that the map marks most are left alone.

    The mean fall over 1, 5, 10, 20 and 50% of the words, at least one, less than that of random
    orders of the same values: 0 is no better than chance, more is better. Of a series, stretches of
    three periods of one series stay. A few words alone are a text that the model has not learnt.
    """

    name = "sufficiency"
    title = "Sufficiency"
    keep = True
