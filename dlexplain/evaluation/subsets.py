"""Random parts that are taken away together, and what that costs the score.

What a map says of them is the sum of its values there; so one set of evaluations judges a map and
as many random ones as one likes.
"""

import torch
from torch import Tensor

from dlexplain.errors import Incompatible
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.removal import ROUNDING


def of_size(count: int, parts: int, size: int, generator: torch.Generator) -> Tensor:
    """(count, parts) True for `size` of each row, all subsets alike."""
    taken = torch.zeros((count, parts), dtype=torch.bool)
    for row in taken:
        row[torch.randperm(parts, generator=generator)[:size]] = True
    return taken


def neighbours(count: int, labels: Tensor, modality: str, generator: torch.Generator) -> Tensor:
    """(count, parts) True for parts that lie together.

    Of a picture a square, its side from 1 to half the picture's shorter side; of a series a stretch
    of one series, of 1 period to all; of a text 1 of its words to all but one, wherever they are.

    labels  of the shape that is shown, the number of each cell's part
    """
    parts = int(labels.max()) + 1

    def whole(low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (), generator=generator))

    if modality in ("picture", "box"):
        height, width = labels.shape[-2:]
        cells = torch.zeros((count, height, width), dtype=torch.bool)
        for row in cells:
            side = whole(1, max(1, min(height, width) // 2))
            top, left = whole(0, height - side), whole(0, width - side)
            row[top : top + side, left : left + side] = True
        return cells.view(count, -1)
    if modality == "series":
        window, series = labels.shape
        taken = torch.zeros((count, parts), dtype=torch.bool)
        for row in taken:
            length = whole(1, window)
            first, which = whole(0, window - length), whole(0, series - 1)
            row[labels[first : first + length, which]] = True
        return taken
    sizes = [whole(1, max(1, parts - 1)) for _ in range(count)]
    return torch.cat([of_size(1, parts, size, generator) for size in sizes])


def drops_without(case: Case, taken: Tensor, fill: str) -> Tensor:
    """(count, parts) -> (count,) the score less that without the parts, float64.

    Raises Incompatible where the score is the same whatever is taken away.
    """
    rows = torch.cat([torch.zeros_like(taken[:1]), taken])
    scores = case.answers_of(len(rows), lambda a, b: ~rows[a:b], fill, scored=True)
    return moved(scores)


def moved(scores: Tensor) -> Tensor:
    """(1 + count,) scores, that of the input as it is first -> (count,) how far each one is lower.

    Raises Incompatible where none is lower or higher.
    """
    drops = scores[0] - scores[1:]
    if float(drops.abs().max()) <= ROUNDING * max(1.0, abs(float(scores[0]))):
        raise Incompatible(
            f"the score stays {float(scores[0]):.4g}, whatever is changed of the input; what a map "
            "says of such changes can be neither right nor wrong"
        )
    return drops


def sums_over(weights: Tensor, taken: Tensor) -> Tensor:
    """(maps, parts) values, (count, parts) -> (maps, count) what each map says of the parts."""
    return weights.double() @ taken.double().T
