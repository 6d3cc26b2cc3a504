"""What the most marked parts are worth: they are taken away, and as many at random."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dlexplain.evaluation.base import Metric, register
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.fills import fill_param, read_fill
from dlexplain.evaluation.intervals import of_next
from dlexplain.evaluation.removal import ROUNDING, UNMOVED, answers_without
from dlexplain.params import number
from dlexplain.results.quality import Measurement, RemovalCurve

SHOWN = (0.1, 0.3, 0.5)
"""Shares whose removal is drawn."""


@dataclass(frozen=True)
class TopParams:
    share: float = number(0.1, "Share", low=0.001, high=0.999, help="Of the most marked parts.")
    maps: int = number(
        16, "Random maps", low=3, high=200, help="Whose most marked parts are taken away instead."
    )
    fill: str = fill_param()


@register
class TopRemoval(Metric[TopParams]):
    """What the answer loses with the tenth that the map marks most, beyond what it loses with
    a random tenth.

    The interval is where the difference would lie for all but 5% of random maps of the same
    smoothness: with 0 in it the map is not told from chance. The parts that are taken away are
    replaced (`fill`), which makes an input such as the model has not learnt; a random tenth is
    replaced in the same way.
    """

    name = "top-removal"
    title = "Removing the most marked"
    family = "faithfulness"
    higher_is_better = True
    limits = (-1.0, 1.0)
    unit = "said"
    paper = "Samek et al. 2017, https://arxiv.org/abs/1509.06321"
    Params = TopParams

    def measure(self, case: Case, params: TopParams) -> Measurement:
        fill = read_fill(case.given, params.fill)
        least = 1 / case.parts().count
        shares = (max(params.share, least), *(s for s in SHOWN if s > params.share))
        return removed(case, shares, params.maps, fill)


def removed(case: Case, shares: Sequence[float], maps: int, fill: str) -> Measurement:
    """f(x without a random share) - f(x without the most marked share), of the first of the shares.

    Of the others only the map's own answers are asked, for the curve.
    """
    own = answers_without(case, case.weights()[None], (0.0, *shares), fill)[0]
    random = answers_without(case, case.random_weights(maps), shares[:1], fill)[:, 0]
    mean, low, high = of_next(random)
    curve = RemovalCurve(
        "without it",
        np.array((0.0, *shares)),
        own,
        np.stack([np.full(maps, own[0]), random], 1),
    )
    moved = max(float(np.ptp(own)), float(np.abs(random - own[0]).max()))
    note = UNMOVED if moved <= ROUNDING else ""
    gain = float(mean - own[1])
    return Measurement(gain, low - float(own[1]), high - float(own[1]), maps, (curve,), note)
