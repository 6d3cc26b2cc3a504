"""Taking parts away in an order, and what the model says then.

Every metric that takes parts away goes through here: the same order of ties, the same shares, the
same random maps beside.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.evaluation.case import Case
from dlexplain.evaluation.intervals import of_next
from dlexplain.explainers.inputs.base import Features
from dlexplain.results.quality import Measurement, RemovalCurve

UNMOVED = "The model says the same, whatever is taken away."
ROUNDING = 1e-5
"""Of what a model says: what is no more may be rounding, of the network or of a blur."""


def ranks(weights: Tensor, generator: torch.Generator, first: int | None = None) -> Tensor:
    """(maps, parts) float32 weights -> (maps, parts) int32 places in the order, 0 for the largest;
    equal weights in a random order, so that an order of rows and columns counts for nothing.

    first  only so many places matter: all behind them are `first`
    """
    # The bits of floats order them, once those of negative ones are turned around; a random number
    # behind them decides between equal ones. One sort of whole numbers does for both.
    bits = (weights.float() + 0.0).numpy().view(np.int32).astype(np.int64)  # -0.0 is 0.0
    ordered = np.where(bits < 0, bits ^ 0x7FFFFFFF, bits)
    drawn = torch.randint(2**32, weights.shape, generator=generator).numpy()
    keys, many = (-ordered << 32) | drawn, weights.shape[1] if first is None else first
    found = torch.full(weights.shape, many, dtype=torch.int32)
    if many < weights.shape[1]:  # to find the first ones takes a tenth of the time of an order
        among = np.argpartition(keys, many, axis=1)[:, :many]
        ordered = np.argsort(np.take_along_axis(keys, among, axis=1), axis=1)
        order = np.take_along_axis(among, ordered, axis=1)
    else:
        order = np.argsort(keys, axis=1)
    places = torch.arange(many, dtype=torch.int32).expand(len(weights), many)
    return found.scatter_(1, torch.from_numpy(order), places)


def counts(shares: Sequence[float], parts: int, least: int = 0) -> list[int]:
    """How many parts each share is, to the nearest, and at least `least`."""
    return [min(parts, max(least, round(share * parts))) for share in shares]


def steps(points: int, parts: int) -> NDArray[np.float64]:
    """Shares from 0 to 1 at `points` even steps, or at each part where there are fewer."""
    return np.linspace(0.0, 1.0, min(points, parts) + 1)


def answers_without(
    case: Case,
    weights: Tensor,
    shares: Sequence[float],
    fill: str = "",
    keep: bool = False,
    *,
    least: int = 0,
    groups: Tensor | None = None,
    parts: Features | None = None,
) -> NDArray[np.float64]:
    """What the model says without the largest `shares` of the parts, or with them alone.

    weights  (maps, parts), or (maps, groups) where parts are taken away in groups
    least    so many are taken at least
    groups   (parts,) the number of each one's group
    parts    in the place of those of the case with that fill
    returns  (maps, shares); what is the same of all maps, or at several shares, is asked once
    """
    maps, count = weights.shape
    many = counts(shares, count, least)
    places = ranks(weights, torch.Generator().manual_seed(case.seed + 1), max(many, default=0))
    asked = sorted({_pair(one, taken, count) for one in range(maps) for taken in many})
    which, taking = torch.tensor(asked, dtype=torch.int32).unbind(1)

    def on(start: int, stop: int) -> Tensor:
        taken = places[which[start:stop]] < taking[start:stop, None]
        taken = taken if groups is None else taken[:, groups]
        return taken if keep else ~taken

    found = case.answers_of(len(asked), on, fill, parts)
    row = {pair: place for place, pair in enumerate(asked)}
    rows = [[row[_pair(one, taken, count)] for taken in many] for one in range(maps)]
    return found[torch.tensor(rows)].numpy()


def what_stays(case: Case, shares: Sequence[float]) -> Tensor:
    """(shares, parts) True where a part stays of what `answers_without` asks of the case's map."""
    places = ranks(case.weights()[None], torch.Generator().manual_seed(case.seed + 1))
    return places >= torch.tensor(counts(shares, places.shape[1]))[:, None]


def _pair(one: int, taken: int, count: int) -> tuple[int, int]:
    """Map and number taken; of none and of all it does not matter which map."""
    return (0 if taken in (0, count) else one, taken)


def area(shares: NDArray[np.float64], answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., points) -> (...,) under the curve by trapezoids, over shares from 0 to 1."""
    return np.asarray(np.trapezoid(answers, shares, axis=-1))


def gain_over_random(
    case: Case, points: int, maps: int, fill: str = "", keep: bool = False
) -> Measurement:
    """How much sooner the answer falls in the order of the map than in a random one, as the
    difference of the areas; with `keep` how much sooner it comes back."""
    weights = torch.cat([case.weights()[None], case.random_weights(maps)])
    shares = steps(points, weights.shape[1])
    found = answers_without(case, weights, shares.tolist(), fill, keep)
    return gain(shares, found, area(shares, found), keep, "with it alone" if keep else "without it")


def gain(
    shares: NDArray[np.float64],
    answers: NDArray[np.float64],
    figures: NDArray[np.float64],
    more: bool,
    name: str,
) -> Measurement:
    """What a map gains over random ones, the figure of a map being the less the better, or the
    `more` the better.

    answers  (1 + maps, shares), figures (1 + maps,), the map's own first
    The interval is that in which a random map's own gain would not lie: what is left after it has
    been taken off.
    """
    sign = 1.0 if more else -1.0
    mean, low, high = of_next(figures[1:])
    ends = sorted(sign * (float(figures[0]) - end) for end in (low, high))
    curve = RemovalCurve(name, shares, answers[0], answers[1:])
    note = UNMOVED if np.ptp(answers) <= ROUNDING * np.abs(answers).max() else ""
    return Measurement(
        sign * float(figures[0] - mean), ends[0], ends[1], len(figures) - 1, (curve,), note
    )
