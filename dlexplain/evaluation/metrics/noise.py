"""Whether the map of an input is that of inputs which nobody could tell from it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dlexplain.evaluation.base import Metric, register
from dlexplain.evaluation.case import Case, strengths_of
from dlexplain.evaluation.metrics.stability import compared
from dlexplain.evaluation.nearby import values_at
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


def near(x: Tensor, count: int, size: float, generator: torch.Generator) -> Tensor:
    """(1, ...) -> (count, ...) points x + N(0, (size · s)²), s the deviation of the values of x."""
    noise = torch.randn((count, *x.shape[1:]), generator=generator).to(x)
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

    def check(self, case: Case) -> None:
        case.asked()

    def measure(self, case: Case, params: NoiseParams) -> Measurement:
        maps = maps_near(case, params.samples, params.size)
        return compared(case.strengths, maps, case.seed)


def maps_near(case: Case, count: int, size: float) -> Tensor:
    """(count, ...) what the method shows of inputs with noise, of the shape of `strengths`."""
    _, x = case.given.differentiable()
    points = near(x, count, size, torch.Generator().manual_seed(case.seed))
    values = values_at(case, points)
    return torch.stack([strengths_of(one, case.signed) for one in values])
