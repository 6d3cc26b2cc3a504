"""ROAD: removal that leaves no trace. What is taken away is imputed from what is around it, so that
the shape of the hole tells the model little."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.evaluation.base import Metric, register
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.removal import answers_without, gain
from dlexplain.explainers.base import seeded
from dlexplain.explainers.inputs.base import Features
from dlexplain.explainers.inputs.picture import LINEAR
from dlexplain.params import number
from dlexplain.results.quality import Measurement

FIRST, LAST = 0.1, 0.9
"""Shares of the pixels that the paper takes away."""


@dataclass(frozen=True)
class RoadParams:
    points: int = number(
        9, "Points", low=1, high=81, help="Shares taken away, evenly from 10% to 90% of the pixels."
    )
    noise: float = number(
        0.01,
        "Noise",
        low=0.0,
        high=0.5,
        help="Deviation of the noise on imputed pixels, of the range from black to white.",
    )
    maps: int = number(
        16, "Random maps", low=3, high=200, help="With whose orders the map's own is compared."
    )


def road_shares(points: int) -> NDArray[np.float64]:
    """(points,) from FIRST to LAST; one alone is in the middle."""
    middle = np.array([(FIRST + LAST) / 2])
    return middle if points == 1 else np.linspace(FIRST, LAST, points)


def with_noise(parts: Features, example: Tensor, deviation: float, seed: int) -> Features:
    """The parts of a picture, where normal noise is added to the pixels that are taken away.

    example  (1, channels, height, width);  deviation  in its units
    The noise is the same in every picture that is made, so that maps differ in their orders alone.
    """
    noise = deviation * torch.randn(example.shape, generator=seeded(seed)).to(example)

    def make(on: Tensor, which: Tensor) -> Tensor:
        taken = ~on.bool().view(-1, 1, *example.shape[2:])
        return parts.make(on, which).addcmul_(taken.to(noise), noise)

    return replace(parts, make=make)


class _Road(Metric[RoadParams]):
    family = "faithfulness"
    modalities: ClassVar = ("picture", "box")
    higher_is_better = True
    limits = (-1.0, 1.0)
    unit = "said"
    paper = "Rong et al. 2022, https://arxiv.org/abs/2202.00449"
    Params = RoadParams
    most: ClassVar[bool]

    def check(self, case: Case) -> None:
        case.parts(LINEAR)

    def measure(self, case: Case, params: RoadParams) -> Measurement:
        _, inputs = case.given.differentiable()
        low, high = case.given.model.value_range
        deviation = params.noise * (high - low)
        parts = with_noise(case.parts(LINEAR), inputs, deviation, case.seed + 2)
        weights = torch.cat([case.weights()[None], case.random_weights(params.maps)])
        shares = road_shares(params.points)
        order = weights if self.most else -weights
        found = answers_without(case, order, shares.tolist(), parts=parts)
        name = f"without the {'most' if self.most else 'least'} marked"
        return gain(shares, found, found.mean(1), not self.most, name)


@register
class RoadMost(_Road):
    """How far the answer falls when the most marked pixels are imputed from those around them.

    The mean answer over 10 to 90% of the pixels taken away, less than that of random maps of the
    same smoothness: 0 is no better than chance, more is better. Each pixel that is taken away
    becomes the mean of its neighbours and gets a little noise, so the shape of what is taken away
    tells less than that of a hole of one colour; a wide smooth spot is still one that no
    photograph has.
    """

    name = "road-most"
    title = "ROAD, most relevant first"
    most = True


@register
class RoadLeast(_Road):
    """How long the answer stays when the least marked pixels are imputed from those around them.

    The mean answer over 10 to 90% of the pixels taken away, more than that of random maps of the
    same smoothness: 0 is no better than chance, more is better. Pixels are imputed as in ROAD,
    most relevant first.
    """

    name = "road-least"
    title = "ROAD, least relevant first"
    most = False
