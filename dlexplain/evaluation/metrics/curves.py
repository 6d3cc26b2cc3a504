"""Deletion and insertion: how soon the answer falls when what a map marks is taken away, and how
soon it comes back when that alone is there."""

from dataclasses import dataclass
from typing import ClassVar

from dlexplain.evaluation.base import Metric, register
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.fills import fill_param, read_fill
from dlexplain.evaluation.removal import gain_over_random
from dlexplain.params import number
from dlexplain.results.quality import Measurement


@dataclass(frozen=True)
class CurveParams:
    points: int = number(
        16, "Points", low=1, high=200, help="Of the curve: so many shares, evenly from 0 to all."
    )
    maps: int = number(
        16, "Random maps", low=3, high=200, help="With whose orders the map's own is compared."
    )
    fill: str = fill_param()


class _Curve(Metric[CurveParams]):
    family = "faithfulness"
    higher_is_better = True
    limits = (-1.0, 1.0)
    unit = "said"
    paper = "Petsiuk, Das, Saenko 2018, https://arxiv.org/abs/1806.07421"
    Params = CurveParams
    keep: ClassVar[bool]

    def check(self, case: Case) -> None:
        case.parts()

    def measure(self, case: Case, params: CurveParams) -> Measurement:
        fill = read_fill(case.given, params.fill)
        return gain_over_random(case, params.points, params.maps, fill, self.keep)


@register
class Deletion(_Curve):
    """How soon the answer falls when what the map marks is taken away, the most marked first.

    The area under the answer against the share taken away, less that of random maps of the same
    smoothness: 0 is no better than chance, more is better. An input with holes is one that the
    model has not learnt: what stands in the holes matters, and a random map's holes are filled
    alike.
    """

    name = "deletion"
    title = "Deletion"
    keep = False


@register
class Insertion(_Curve):
    """How soon the answer is there when what the map marks is put back, the most marked first.

    The area under the answer against the share put back, less that of random maps of the same
    smoothness: 0 is no better than chance, more is better.
    """

    name = "insertion"
    title = "Insertion"
    keep = True
