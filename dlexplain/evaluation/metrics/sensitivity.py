"""How far a map moves when the input moves a little."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from dlexplain.errors import Incompatible
from dlexplain.evaluation.base import Metric, register
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.intervals import mean_of
from dlexplain.evaluation.nearby import uniform_steps, values_at
from dlexplain.params import number
from dlexplain.results.quality import Measurement

LEAST_DISTANCE = 1e-10
"""Added to a distance of inputs, as Quantus does."""


def sensitivities(values: Tensor, near: Tensor) -> Tensor:
    """‖M(x') - M(x)‖ / ‖M(x)‖, Euclidean: how far each map near by is from the map, in lengths of
    it; as captum.metrics.sensitivity_max.

    values  (...), not all 0;  near  (count, ...);  returns (count,), 0 or more
    """
    moved: Tensor = (near - values).flatten(1).double().norm(dim=1)
    return moved / float(values.double().norm())


def lipschitz_ratios(values: Tensor, near: Tensor, steps: Tensor) -> Tensor:
    """‖m(x') - m(x)‖ / ‖x' - x‖, Euclidean, of maps m each of whose largest value is 1 or -1, so
    that maps in different units compare; as Quantus' LocalLipschitzEstimate.

    values  (...);  near  (count, ...);  steps  (count, ...) x' - x;  returns (count,), 0 or more
    """
    largest = near.flatten(1).abs().amax(1)
    scaled = near.flatten(1).double() / torch.where(largest > 0, largest, 1)[:, None].double()
    own = (values / values.abs().max()).flatten().double()
    moved: Tensor = (scaled - own).norm(dim=1)
    distances: Tensor = steps.flatten(1).double().norm(dim=1)
    return moved / (distances + LEAST_DISTANCE)


@dataclass(frozen=True)
class NearbyParams:
    samples: int = number(10, "Points", low=1, high=500, help="Inputs near this one.")
    radius: float = number(
        0.02,
        "Radius",
        low=0.0001,
        high=1.0,
        help="How far each number of the input moves at most: a share of the range from black to "
        "white, of the deviation of word vectors, or of one standard deviation of a series.",
    )


class _Nearby(Metric[NearbyParams]):
    family = "robustness"
    higher_is_better = False
    limits = (0.0, float("inf"))
    Params = NearbyParams
    averaged: ClassVar[bool] = False

    def check(self, case: Case) -> None:
        case.asked()
        if case.given.spread == 0:
            raise Incompatible(
                f"all numbers of the {case.given.modality.name} are the same: no share of their "
                "deviation leads to a point near by"
            )

    def ratios(self, case: Case, near: Tensor, steps: Tensor) -> Tensor:
        """(count, ...) twice -> (count,)"""
        return sensitivities(case.values, near)

    def measure(self, case: Case, params: NearbyParams) -> Measurement:
        near, steps = maps_nearby(case, params)
        ratios = self.ratios(case, near, steps).numpy()
        if not self.averaged:
            return Measurement(float(ratios.max()), n=len(ratios))
        return mean_of(ratios, case.seed)


def maps_nearby(case: Case, params: NearbyParams) -> tuple[Tensor, Tensor]:
    """The maps at points near by, (count, ...), and the steps to these, (count, ...)."""
    if ("nearby", params) not in case.shared:
        _, x = case.given.differentiable()
        generator = torch.Generator().manual_seed(case.seed)
        steps = uniform_steps(x, params.samples, params.radius * case.given.spread, generator)
        case.shared["nearby", params] = values_at(case, x + steps), steps.cpu()
    found: tuple[Tensor, Tensor] = case.shared["nearby", params]
    return found


@register
class MaxSensitivity(_Nearby):
    """How far the map moves at most when the input moves so little that nobody would see it.

    The largest distance of the maps of inputs near this one to its own map, in lengths of the
    map: 0 is a map that stays, 1 one that is as far off as no map at all. A method that shows the
    same whatever it is given is perfectly stable: read it beside what a map owes to the model.

    Formula: max over x' of ‖M(x') - M(x)‖ / ‖M(x)‖, x' uniform in a cube around x.
    """

    name = "max-sensitivity"
    title = "Max-sensitivity"
    paper = "Yeh et al. 2019, https://arxiv.org/abs/1901.09392"


@register
class AverageSensitivity(_Nearby):
    """How far the map moves on average when the input moves so little that nobody would see it.

    As max-sensitivity, with the mean over the inputs near this one; its interval is that of the
    mean over the points that were drawn.
    """

    name = "average-sensitivity"
    title = "Average sensitivity"
    paper = "Yeh et al. 2019, https://arxiv.org/abs/1901.09392"
    averaged = True


@register
class LocalLipschitz(_Nearby):
    """How fast the map can change near the input: its largest move relative to the input's.

    Maps are scaled to a largest value of 1 first. The figure depends on how many numbers an input
    has and what they are measured in, so it compares methods on one input, not inputs.

    Formula: max over x' of ‖m(x') - m(x)‖ / ‖x' - x‖, x' uniform in a cube around x.
    """

    name = "local-lipschitz"
    title = "Local Lipschitz estimate"
    paper = "Alvarez-Melis, Jaakkola 2018, https://arxiv.org/abs/1806.08049"

    def ratios(self, case: Case, near: Tensor, steps: Tensor) -> Tensor:
        return lipschitz_ratios(case.values, near, steps)
