"""How many places a map needs to say what it says."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dlexplain.evaluation.base import Metric, register
from dlexplain.evaluation.case import Case
from dlexplain.explainers.base import NoParams
from dlexplain.params import number
from dlexplain.results.quality import Measurement


def gini(values: Tensor) -> float:
    """Gini index of the sizes a of n values, in order from the smallest:

        Σ_i (2i - n - 1) a_i / (n Σ_i a_i),  i from 1

    0 where all are equal, 1 - 1/n where one alone is not 0. Not for values that are all 0.
    """
    sizes = values.double().abs().flatten().sort().values
    n = len(sizes)
    places = torch.arange(1, n + 1, dtype=torch.float64)
    return float(((2 * places - n - 1) * sizes).sum() / (n * sizes.sum()))


def entropy(values: Tensor) -> float:
    """- Σ p ln p with the shares p of the sizes of the values, in nats: from 0, where one alone is
    not 0, to ln n, where all n are equal. Not for values that are all 0."""
    shares = values.double().abs().flatten()
    shares = shares / shares.sum()
    return float(-torch.xlogy(shares, shares).sum())


def places_that_count(values: Tensor, least: float) -> int:
    """How many values are larger, in size, than `least` times the largest one."""
    shares = values.double().abs()
    return int((shares > least * shares.max()).sum())


@register
class Sparseness(Metric[NoParams]):
    """Is the map about few places? The Gini index of the sizes of its values.

    0 is all places alike, 1 one place alone. A sparse map is easier to read; whether it is right is
    another question.
    """

    name = "sparseness"
    title = "Sparseness"
    family = "complexity"
    higher_is_better = True
    limits = (0.0, 1.0)
    paper = "Chalasani et al. 2020, https://arxiv.org/abs/1810.06583"
    Params = NoParams

    def measure(self, case: Case, params: NoParams) -> Measurement:
        return Measurement(gini(case.strengths))


@register
class Entropy(Metric[NoParams]):
    """Over how many places is the map spread? The entropy of the shares of its values' sizes.

    exp of it is about a number of places: 0 nats is one, ln n all n alike. Less is easier to read;
    whether it is right is another question. Compares maps of inputs of the same size.
    """

    name = "entropy"
    title = "Entropy"
    family = "complexity"
    higher_is_better = False
    limits = (0.0, float("inf"))
    unit = "nats"
    paper = "Bhatt, Weller, Moura 2020, https://arxiv.org/abs/2005.00631"
    Params = NoParams

    def measure(self, case: Case, params: NoParams) -> Measurement:
        return Measurement(entropy(case.strengths))


@dataclass(frozen=True)
class EffectiveParams:
    least: float = number(
        1e-5, "Least", low=0.0, high=1.0, help="Share of the largest value; less is nothing."
    )


@register
class EffectiveComplexity(Metric[EffectiveParams]):
    """How many places count at all? Those whose value, in size, is more than a share of the
    largest.

    Less is easier to read; whether it is right is another question. Compares maps of inputs of the
    same size.
    """

    name = "effective-complexity"
    title = "Effective complexity"
    family = "complexity"
    higher_is_better = False
    limits = (1.0, float("inf"))
    unit = "places"
    paper = "Nguyen, Martinez 2020, https://arxiv.org/abs/2007.07584"
    Params = EffectiveParams

    def measure(self, case: Case, params: EffectiveParams) -> Measurement:
        return Measurement(float(places_that_count(case.strengths, params.least)))
