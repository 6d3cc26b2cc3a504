"""WCAG 2.2's contrast of two colours: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""

import re
from collections.abc import Sequence

Colour = tuple[float, float, float]
"""Red, green and blue, 0 to 255."""


def hexadecimal(text: str) -> Colour:
    """ "#0B6E75" """
    red, green, blue = (float(int(text[place : place + 2], 16)) for place in (1, 3, 5))
    return red, green, blue


def css(text: str) -> tuple[Colour, float]:
    """rgb(1, 2, 3) or rgba(1, 2, 3, 0.5): the colour and its opacity"""
    numbers = [float(one) for one in re.findall(r"[\d.]+", text)]
    red, green, blue, opacity = (*numbers, 1.0)[:4]
    return (red, green, blue), opacity


def over(front: Colour, opacity: float, back: Colour) -> Colour:
    red, green, blue = (opacity * a + (1 - opacity) * b for a, b in zip(front, back, strict=True))
    return red, green, blue


def luminance(colour: Sequence[float]) -> float:
    """L = 0.2126 R + 0.7152 G + 0.0722 B of the linear parts, 0 to 1"""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (part / 255 for part in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """(L1 + 0.05) / (L2 + 0.05), 1 to 21"""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
