"""Faithfulness correlation: does the sum of a map's values over random parts go with what taking
them away costs?"""

from dataclasses import dataclass

import torch
from torch import Tensor

from dlexplain.errors import Incompatible
from dlexplain.evaluation.base import Metric, register
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.fills import fill_param, read_fill
from dlexplain.evaluation.intervals import of_correlation
from dlexplain.evaluation.subsets import drops_without, of_size, sums_over
from dlexplain.explainers.base import seeded
from dlexplain.params import number
from dlexplain.results.quality import Measurement

ROUNDING = 1e-12
"""Share of a sum's size: a smaller variance is none."""


@dataclass(frozen=True)
class CorrelationParams:
    subsets: int = number(100, "Subsets", low=8, high=2000, help="How many are taken away.")
    share: float = number(
        0.2, "Share", low=0.001, high=0.9, help="Of the parts, that are taken away at once."
    )
    maps: int = number(
        16,
        "Random maps",
        low=3,
        high=200,
        help="Compared with the map; they cost no evaluation.",
    )
    fill: str = fill_param()


def correlation(sums: Tensor, drops: Tensor) -> Tensor:
    """(..., n), (n,) -> (...) Pearson's correlation, from -1 to 1; 0 of sums that are all the same.

    sums  of a map's values over each subset;  drops  f(x) - f(x without the subset)
    """
    a, b = (values - values.mean(-1, keepdim=True) for values in (sums, drops))
    a = torch.where(a.abs() <= ROUNDING * sums.abs().amax(-1, keepdim=True), 0.0, a)
    least = torch.finfo(a.dtype).tiny
    sizes = (a**2).sum(-1).sqrt() * (b**2).sum().sqrt()
    found: Tensor = (a * b).sum(-1) / sizes.clamp_min(least)
    return found.clamp(-1, 1)


@register
class FaithfulnessCorrelation(Metric[CorrelationParams]):
    """Whether parts that the map values more cost more when they are taken away.

    Random parts, a fifth of all, are taken away together, again and again, and the sum of the map's
    values over them is correlated with the fall of the score: 1 is in step, 0 is unrelated, and
    random maps of the same smoothness stand beside. Of a picture with many pixels all sums over
    scattered ones are about the same, and all correlations small; compare with the random maps.
    """

    name = "faithfulness-correlation"
    title = "Faithfulness correlation"
    family = "faithfulness"
    higher_is_better = True
    limits = (-1.0, 1.0)
    paper = "Bhatt, Weller, Moura 2020, https://arxiv.org/abs/2005.00631"
    Params = CorrelationParams

    def check(self, case: Case) -> None:
        case.parts()

    def measure(self, case: Case, params: CorrelationParams) -> Measurement:
        fill = read_fill(case.given, params.fill)
        parts = case.parts(fill).count
        size = min(parts - 1, max(1, round(params.share * parts)))
        taken = of_size(params.subsets, parts, size, seeded(case.seed + 4))
        drops = drops_without(case, taken, fill)
        if float(drops.std(correction=0)) <= ROUNDING * float(drops.abs().max()):
            raise Incompatible(
                f"{params.subsets} subsets of {size} parts each cost the score "
                f"{float(drops[0]):.4g}; what is the same goes with nothing"
            )
        weights = torch.cat([case.weights()[None], case.random_weights(params.maps)])
        found = correlation(sums_over(weights, taken), drops).tolist()
        low, high = of_correlation(found[0], params.subsets)
        return Measurement(found[0], low, high, params.subsets, random=tuple(found[1:]))
