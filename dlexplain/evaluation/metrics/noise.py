"""Whether the map of an input is that of inputs which nobody could tell from it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dlexplain.evaluation.base import Metric, register
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.intervals import of_mean
from dlexplain.evaluation.ranks import alike
from dlexplain.params import number
from dlexplain.results.quality import Measurement


@dataclass(frozen=True)
class NoiseParams:
    samples: int = number(8, "Samples", low=1, high=100, help="Inputs near this one.")
    size: float = number(
        0.02,
        "Size",
        low=1e-6,
        high=1.0,
        help="Deviation of the noise, as a share of the deviation of the input's own values.",
    )


def near(x: Tensor, size: float, generator: torch.Generator) -> Tensor:
    """x + N(0, (size · s)²), s the deviation of the values of x; of the shape of x."""
    noise = torch.randn(x.shape, generator=generator).to(x)
    spread = x.std() if x.numel() > 1 else x.abs().sum()
    return x + size * spread * noise


@register
class Noise(Metric[NoiseParams]):
    """How much of the map's order of places stays when the input is changed too little to see.

    Spearman's rank correlation of the map with those of inputs with a little noise (of a text in
    its word vectors), and the interval of its mean: 1 is the same order, 0 none. A map that changes
    so much tells of the noise, not of the input.
    """

    name = "noise"
    title = "The same under noise"
    family = "robustness"
    higher_is_better = True
    limits = (-1.0, 1.0)
    paper = "Ghorbani, Abid, Zou 2019, https://arxiv.org/abs/1710.10547"
    Params = NoiseParams

    def measure(self, case: Case, params: NoiseParams) -> Measurement:
        _, x = case.given.differentiable()
        generator = torch.Generator().manual_seed(case.seed)
        inputs = [near(x, params.size, generator) for _ in range(params.samples)]
        maps = [case.again(case.given.at(one)) for one in inputs]
        return of_mean([alike(case.strengths, one) for one in maps], self.limits)
