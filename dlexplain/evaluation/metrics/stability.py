"""Whether a map stays where nothing that matters changed: another seed, another place, JPEG."""

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dlexplain.errors import Incompatible
from dlexplain.evaluation.base import Metric, P, register
from dlexplain.evaluation.case import Case, strengths_of
from dlexplain.evaluation.intervals import mean_of
from dlexplain.evaluation.nearby import values_at
from dlexplain.evaluation.similarity import rank_correlations
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.recoding import as_jpeg
from dlexplain.params import as_dict, number
from dlexplain.results.quality import Measurement

PICTURES = ("picture", "box")
SEEDS = 2**31
"""Seeds of methods are below it."""
DRAWS_NOTHING = "The method draws nothing at random: the same map comes back."
NO_ORDER = "{} of the {} maps that it is compared with say nothing, and count as 0."


class _Stability(Metric[P]):
    family = "robustness"
    higher_is_better = True
    limits = (-1.0, 1.0)

    def check(self, case: Case) -> None:
        case.asked()


def compared(own: Tensor, others: Tensor, seed: int) -> Measurement:
    """The mean rank correlation of a map (...) with others (maps, ...), -1 to 1."""
    found, empty = rank_correlations(own, others)
    note = NO_ORDER.format(empty, len(others)) if empty else ""
    return replace(mean_of(found.numpy(), seed), note=note)


@dataclass(frozen=True)
class SeedParams:
    seeds: int = number(3, "Seeds", low=1, high=50, help="Other seeds; from 3 on an interval.")


@register
class SameSeed(_Stability[SeedParams]):
    """Does the same map come back when the method draws other random numbers?

    The mean rank correlation of the map with those under other seeds: 1 is the same order of all
    places, 0 none in common. A method that draws nothing has 1. Where it is low, more samples
    help.
    """

    name = "same-seed"
    title = "Under another seed"
    paper = "Spearman 1904, https://doi.org/10.2307/1412159"
    Params = SeedParams

    def measure(self, case: Case, params: SeedParams) -> Measurement:
        method, request = case.asked()
        if "seed" not in as_dict(request.params):
            return Measurement(1.0, n=0, note=DRAWS_NOTHING)
        maps = []
        for step in range(1, params.seeds + 1):
            other = (request.params.seed + step) % SEEDS
            changed = replace(request, params=replace(request.params, seed=other))
            found = method.explain(replace(case.given), changed)
            maps.append(strengths_of(torch.from_numpy(found.values), case.signed))
        return compared(case.strengths, torch.stack(maps), case.seed)


@dataclass(frozen=True)
class ShiftParams:
    pixels: int = number(2, "Pixels", low=1, high=100, help="Up, down, to the left and right.")


@register
class Shift(_Stability[ShiftParams]):
    """Does the map move along when the picture moves by two pixels?

    The picture is moved to each of the four sides, its edge repeated where nothing is known, and
    the map moved back; the mean rank correlation over what is in both: 1 is the same map. A method
    that follows a fixed grid, and a network with strides, mind such a move more than people do.
    """

    name = "shift"
    title = "Moved by two pixels"
    modalities = PICTURES
    paper = "Azulay, Weiss 2019, https://arxiv.org/abs/1805.12177"
    Params = ShiftParams

    def measure(self, case: Case, params: ShiftParams) -> Measurement:
        assert isinstance(case.given, PictureInput)
        by = params.pixels
        if by >= min(case.strengths.shape):
            size = " x ".join(map(str, case.strengths.shape))
            raise Incompatible(f"a picture of {size} pixels cannot be moved by {by} of them")
        moves = ((by, 0), (-by, 0), (0, by), (0, -by))
        pictures = torch.cat([moved(case.given.inputs, *move) for move in moves])
        maps = [strengths_of(values, case.signed) for values in values_at(case, pictures)]
        found, empty = [], 0
        for move, one in zip(moves, maps, strict=True):
            own, theirs = overlap(case.strengths, one, *move)
            alike, without = rank_correlations(own, theirs[None])
            found.append(float(alike))
            empty += without
        note = NO_ORDER.format(empty, len(maps)) if empty else ""
        return replace(mean_of(np.array(found), case.seed), note=note)


def moved(pictures: Tensor, down: int, right: int) -> Tensor:
    """(count, channels, height, width) moved, the edge repeated where nothing is known."""
    height, width = pictures.shape[-2:]
    sides = (max(right, 0), max(-right, 0), max(down, 0), max(-down, 0))
    wide = F.pad(pictures, sides, mode="replicate")
    top, left = max(-down, 0), max(-right, 0)
    return wide[..., top : top + height, left : left + width]


def overlap(own: Tensor, theirs: Tensor, down: int, right: int) -> tuple[Tensor, Tensor]:
    """(height, width) of the picture and of it moved -> of both what is in both, place by place."""
    height, width = own.shape
    rows = slice(max(-down, 0), height - max(down, 0))
    columns = slice(max(-right, 0), width - max(right, 0))
    there = slice(rows.start + down, rows.stop + down)
    return own[rows, columns], theirs[there, columns.start + right : columns.stop + right]


@dataclass(frozen=True)
class JpegParams:
    quality: int = number(75, "Quality", low=1, high=100, help="Of JPEG, as Pillow counts it.")


@register
class Jpeg(_Stability[JpegParams]):
    """Does the map stay when the picture is saved as JPEG, which nobody sees?

    The rank correlation of the map with that of the picture compressed at quality 75 and decoded:
    1 is the same order of all places.
    """

    name = "jpeg"
    title = "Under JPEG"
    modalities = PICTURES
    paper = "Dodge, Karam 2016, https://arxiv.org/abs/1604.04004"
    Params = JpegParams

    def measure(self, case: Case, params: JpegParams) -> Measurement:
        assert isinstance(case.given, PictureInput)
        x = case.given.inputs
        coded = as_jpeg(x[0].cpu(), case.given.model.value_range, params.quality).to(x)
        maps = values_at(case, coded[None])
        return compared(case.strengths, strengths_of(maps[0], case.signed)[None], case.seed)
