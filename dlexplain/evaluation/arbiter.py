"""Where two maps of one input differ most, which of them is right: the places are covered, and the
model is asked.

Of each place the part of the input that the one map ranks most above the other is covered, and the
other way round; what the answer loses decides. The smallest cover that tells them apart is taken:
sizes are doubled until the two losses differ by more than what covers of that size at random
places differ by.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dlexplain.evaluation.case import Case
from dlexplain.evaluation.intervals import of_next
from dlexplain.evaluation.ranks import ranked
from dlexplain.results.quality import Arbitration

RANDOM = 16
"""Covers at random places of each size."""
SMALLEST, LARGEST = 1 / 16, 1 / 3
"""Side of a square as a share of a picture's; of other inputs, of the parts."""


@dataclass(frozen=True, eq=False)
class Cover:
    """stays  (parts,) True where a part stays
    places  of a picture row and column where the square begins; of others the parts' numbers
    """

    stays: Tensor
    places: tuple[int, ...]


def arbitrate(first: Case, second: Case) -> Arbitration:
    """Two cases of one input and one target.

    Raises Incompatible where the input has no parts, or Cancelled.
    """
    lead = _lead(first, second)
    if float(lead.abs().max()) < 1e-6:
        return Arbitration("", 0, (), (), 0.0, 0.0, (0.0, 0.0), first.said, RANDOM)
    found = None
    for size in _sizes(lead):
        found = _asked(first, lead, size)
        if found.winner:
            break
    assert found is not None
    return found


def _lead(first: Case, second: Case) -> Tensor:
    """How far the first map ranks each part above the second, -1 to 1: of a picture (height,
    width), of others (parts,)."""
    a, b = (
        torch.from_numpy(ranked(c.weights().double().numpy()[None])[0]) for c in (first, second)
    )
    lead = (a - b) / max(1, len(a) - 1)
    flat = first.strengths.dim() == 1 or first.given.modality.name == "series"
    return lead if flat else lead.view_as(first.strengths)


def _sizes(lead: Tensor) -> Iterator[int]:
    """From the smallest, twice as large each; of a picture the side of the square in pixels, of
    others how many parts."""
    whole = min(lead.shape) if lead.dim() == 2 else len(lead)
    size = max(1, round(SMALLEST * whole))
    while size <= max(1, LARGEST * whole):
        yield size
        size *= 2


def _asked(case: Case, lead: Tensor, size: int) -> Arbitration:
    generator = torch.Generator().manual_seed(case.seed + size)
    for_first, for_second = _cover(lead, size), _cover(-lead, size)
    random = [_random_cover(lead, size, generator) for _ in range(RANDOM)]
    stays = torch.stack([c.stays for c in (for_first, for_second, *random)])
    losses = (case.said - case.answers(stays)).numpy()
    _, low, high = of_next(losses[2:])
    difference = float(losses[0] - losses[1])
    # Two covers at random places differ by the square root of 2 times what one spreads.
    told_apart = abs(difference) > np.sqrt(2) * (high - low) / 2
    winner = "" if not told_apart else ("first" if difference > 0 else "second")
    return Arbitration(
        winner, size, for_first.places, for_second.places, float(losses[0]), float(losses[1]),
        (float(low), float(high)), case.said, RANDOM,
    )  # fmt: skip


def _cover(lead: Tensor, size: int) -> Cover:
    """Where the lead is greatest."""
    if lead.dim() == 1:
        best = lead.argsort(descending=True, stable=True)[:size]
        return _without(lead, best)
    mean = F.avg_pool2d(lead[None, None], size, stride=1)[0, 0]
    row, column = divmod(int(mean.argmax()), mean.shape[1])
    return _square(lead, row, column, size)


def _random_cover(lead: Tensor, size: int, generator: torch.Generator) -> Cover:
    if lead.dim() == 1:
        drawn = torch.randperm(len(lead), generator=generator)[:size]
        return _without(lead, drawn)
    rows, columns = (side - size + 1 for side in lead.shape)
    drawn = torch.rand(2, generator=generator)
    return _square(lead, int(drawn[0] * rows), int(drawn[1] * columns), size)


def _square(lead: Tensor, row: int, column: int, size: int) -> Cover:
    stays = torch.ones(lead.shape, dtype=torch.bool)
    stays[row : row + size, column : column + size] = False
    return Cover(stays.flatten(), (row, column))


def _without(lead: Tensor, parts: Tensor) -> Cover:
    stays = torch.ones(len(lead), dtype=torch.bool)
    stays[parts] = False
    return Cover(stays, tuple(int(part) for part in parts))
