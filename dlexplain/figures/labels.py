"""Where the names of points stand, so that they cover neither points nor lines nor each other."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

Place = tuple[float, float]
"""Across and up, each from 0 to 1 of the axis."""
CORNERS = {
    "top right": (1, 1),
    "bottom right": (1, -1),
    "top left": (-1, 1),
    "bottom left": (-1, -1),
}
"""plotly's names of a text's side, the best first."""
WIDTHS, HEIGHT = (290.0, 640.0), 280.0
"""Of the axes in pixels: on a phone, and in a window."""
LETTER, LINE, GAP = 6.5, 13.0, 6.0
"""A letter's width, a line's height, and from a point's middle to its text, in pixels."""
DOTS = 24
"""Along each line, that a text should not cover."""


def corners(
    points: Sequence[Place], names: Sequence[str], lines: Iterable[tuple[Place, Place]] = ()
) -> list[str]:
    """The side of each point, one of CORNERS, on which its name covers least.

    names  "" for a point without;  lines  from place to place
    """
    dots = [dot for line in lines for dot in _along(*line)]
    found: list[str] = []
    texts: list[tuple[Place, str, str]] = []
    for point, name in zip(points, names, strict=True):
        others = [one for one in points if one != point]

        def cost(corner: str, point: Place = point, name: str = name,
                 others: list[Place] = others) -> int:  # fmt: skip
            return sum(_covered(point, name, corner, [*others, *dots], texts, w) for w in WIDTHS)

        best = min(CORNERS, key=cost)
        found.append(best)
        if name:
            texts.append((point, name, best))
    return found


def _covered(
    point: Place, name: str, corner: str, dots: Sequence[Place],
    texts: Sequence[tuple[Place, str, str]], width: float,
) -> int:  # fmt: skip
    """How much a text covers; being cut off counts most."""
    own = _box(point, name, corner, width)
    cut = own[0] < -LETTER or own[1] > width + LETTER or own[3] > HEIGHT + LINE / 2
    on_dots = sum(own[0] <= x * width <= own[1] and own[2] <= y * HEIGHT <= own[3] for x, y in dots)
    boxes = [_box(*text, width) for text in texts]
    on_texts = sum(
        own[0] < b[1] and b[0] < own[1] and own[2] < b[3] and b[2] < own[3] for b in boxes
    )
    return 100 * cut + 10 * on_texts + on_dots


def _box(point: Place, name: str, corner: str, width: float) -> tuple[float, float, float, float]:
    """left, right, bottom, top in pixels."""
    (across, up), (x, y) = CORNERS[corner], (point[0] * width, point[1] * HEIGHT)
    ends_x = (x + across * GAP, x + across * (GAP + LETTER * len(name)))
    ends_y = (y + up * GAP / 2, y + up * (GAP / 2 + LINE))
    return min(ends_x), max(ends_x), min(ends_y), max(ends_y)


def _along(start: Place, end: Place) -> list[Place]:
    parts = [step / (DOTS - 1) for step in range(DOTS)]
    return [(start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1])) for t in parts]


def polyline(places: Sequence[Place]) -> list[tuple[Place, Place]]:
    """The lines that join the places in turn."""
    return list(pairwise(places))
