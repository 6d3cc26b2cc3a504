"""Taking parts away in an order, and what the model says then.

Every metric that takes parts away goes through here: the same order of ties, the same shares, the
same random maps beside.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.evaluation.case import Case
from dlexplain.evaluation.intervals import of_next
from dlexplain.results.quality import Measurement, RemovalCurve

UNMOVED = "The model says the same, whatever is taken away."
ROUNDING = 1e-7
"""Of what a model says."""


def ranks(weights: Tensor, generator: torch.Generator) -> Tensor:
    """(maps, parts) weights -> (maps, parts) int32 places in the order, 0 for the largest; equal
    weights in a random order, so that an order of rows and columns counts for nothing."""
    mixed = torch.rand(weights.shape, generator=generator).argsort(1)
    order = mixed.gather(1, weights.gather(1, mixed).argsort(dim=1, descending=True, stable=True))
    found = torch.empty_like(order, dtype=torch.int32)
    places = torch.arange(weights.shape[1], dtype=torch.int32).expand_as(found)
    return found.scatter_(1, order, places)


def counts(shares: Sequence[float], parts: int) -> list[int]:
    """How many parts each share is, to the nearest."""
    return [min(parts, round(share * parts)) for share in shares]


def steps(points: int, parts: int) -> NDArray[np.float64]:
    """Shares from 0 to 1 at `points` even steps, or at each part where there are fewer."""
    return np.linspace(0.0, 1.0, min(points, parts) + 1)


def answers_without(
    case: Case, weights: Tensor, shares: Sequence[float], fill: str = "", keep: bool = False
) -> NDArray[np.float64]:
    """What the model says without the largest `shares` of the parts, or with them alone.

    weights  (maps, parts);  returns (maps, shares)
    """
    stays = what_stays(case, weights, shares, keep)
    maps, points = len(weights), len(shares)
    return case.answers_of(maps * points, stays, fill).view(maps, points).numpy()


def what_stays(
    case: Case, weights: Tensor, shares: Sequence[float], keep: bool = False
) -> Callable[[int, int], Tensor]:
    """Rows (start, stop) of the maps * shares inputs, share by share of each map -> (rows, parts)
    True where a part stays; made as they are needed, since all together they would be large."""
    places = ranks(weights, torch.Generator().manual_seed(case.seed + 1))
    many = torch.tensor(counts(shares, weights.shape[1]), dtype=torch.int32)

    def on(start: int, stop: int) -> Tensor:
        rows = torch.arange(start, stop)
        taken = places[rows // len(many)] < many[rows % len(many), None]
        return taken if keep else ~taken

    return on


def area(shares: NDArray[np.float64], answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., points) -> (...,) under the curve by trapezoids, over shares from 0 to 1."""
    return np.asarray(np.trapezoid(answers, shares, axis=-1))


def gain_over_random(
    case: Case, points: int, maps: int, fill: str = "", keep: bool = False
) -> Measurement:
    """How much sooner the answer falls in the order of the map than in a random one, as the
    difference of the areas; with `keep` how much sooner it comes back.

    The interval is that in which a random map's own gain would not lie: what is left after it has
    been taken off.
    """
    weights = torch.cat([case.weights()[None], case.random_weights(maps)])
    shares = steps(points, weights.shape[1])
    found = answers_without(case, weights, shares.tolist(), fill, keep)
    areas = area(shares, found)
    sign = 1.0 if keep else -1.0
    mean, low, high = of_next(areas[1:])
    ends = sorted(sign * (areas[0] - end) for end in (low, high))
    curve = RemovalCurve("with it alone" if keep else "without it", shares, found[0], found[1:])
    note = UNMOVED if np.ptp(found) <= ROUNDING else ""
    return Measurement(sign * float(areas[0] - mean), ends[0], ends[1], maps, (curve,), note)
