"""Which of several compressed models are worth a choice: the front of cost and quality, and its
knee."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    """A model by its name, what it costs, of which less is better, and how good it is, of which
    more is."""

    name: str
    cost: float
    quality: float


def front(points: Sequence[Point]) -> tuple[Point, ...]:
    """Those that no other dominates, the cheapest first: none costs as little or less and is as
    good or better, one of both strictly. Of equal ones the first stands for all."""
    found: list[Point] = []
    for point in sorted(points, key=lambda p: (p.cost, -p.quality)):
        if not found or point.quality > found[-1].quality:
            found.append(point)
    return tuple(found)


def knee(on_front: Sequence[Point]) -> Point | None:
    """The point of a front that lies farthest above the line between its ends.

        x = (cost - least) / (most - least),  y likewise of quality,  distance (y - x) / √2

    with both axes from 0 to 1, so that the ends lie at (0, 0) and (1, 1): left of the knee quality
    falls fast, right of it costs rise fast. It is a help for the eye and no statement that the
    point is significantly better. Satopaa et al., "Finding a 'Kneedle' in a Haystack", 2011,
    https://doi.org/10.1109/ICDCSW.2011.20.

    on_front  as `front` gives it
    None where there are fewer than three points, or none is above the line.
    """
    if len(on_front) < 3:
        return None
    first, last = on_front[0], on_front[-1]

    def above(point: Point) -> float:
        x = (point.cost - first.cost) / (last.cost - first.cost)
        y = (point.quality - first.quality) / (last.quality - first.quality)
        return y - x

    best = max(on_front[1:-1], key=above)
    return best if above(best) > 0 else None
