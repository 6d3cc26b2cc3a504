"""CSS colours and plotly's scales of colours, as red, green, blue and opacity from 0 to 1."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgba
from numpy.typing import NDArray
from plotly.colors import get_colorscale

RGBA = tuple[float, float, float, float]
CLEAR: RGBA = (0.0, 0.0, 0.0, 0.0)
_CALL = re.compile(r"rgba?\(([^)]*)\)")


def rgba(colour: object, opacity: float = 1.0) -> RGBA:
    """ "rgba(0,114,178,0.5)", "#0072B2" or "white"; opacity  times its own"""
    text = str(colour)
    found = _CALL.fullmatch(text.replace(" ", ""))
    if found:
        parts = [float(part) for part in found[1].split(",")]
        red, green, blue = (part / 255 for part in parts[:3])
        own = parts[3] if len(parts) > 3 else 1.0
    else:
        red, green, blue, own = to_rgba(text)
    return red, green, blue, own * opacity


def on_scale(
    values: NDArray[np.float64], low: float, high: float, scale: Any, reverse: bool = False
) -> NDArray[np.float64]:
    """(...) -> (..., 4); NaN is clear."""
    stops = get_colorscale(scale) if isinstance(scale, str) else scale
    places = np.array([float(place) for place, _ in stops])
    colours = np.array([rgba(colour) for _, colour in stops])
    share = np.clip((values - low) / ((high - low) or 1.0), 0, 1)
    share = 1 - share if reverse else share
    known = np.nan_to_num(share)
    found = np.stack([np.interp(known, places, colours[:, part]) for part in range(4)], axis=-1)
    found[np.isnan(values)] = CLEAR
    return found


def ends(
    values: NDArray[np.float64], low: Any, high: Any, middle: Any = None
) -> tuple[float, float]:
    """Where a scale ends: as given, else where the values do; around the middle where there is."""
    known = values[np.isfinite(values)]
    least, most = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    if middle is not None:
        reach = max(most - middle, middle - least)
        least, most = middle - reach, middle + reach
    return (
        least if low is None else float(low),
        most if high is None else float(high),
    )


def each(colour: Any, count: int, cycle: str, of: dict[str, Any]) -> list[RGBA]:
    """The colour of each of `count` marks: one for all, one each, or numbers on a scale.

    of  the marker: colorscale, cmin, cmax, opacity
    """
    opacity = of.get("opacity", 1.0)
    shares = [float(opacity)] * count if np.ndim(opacity) == 0 else [float(o) for o in opacity]
    if colour is None:
        colour = cycle
    if isinstance(colour, str):
        return [rgba(colour, share) for share in shares]
    if not len(colour):
        return []
    if isinstance(colour[0], str):
        return [rgba(one, share) for one, share in zip(colour, shares, strict=False)]
    numbers = np.asarray(colour, dtype=float)
    low, high = ends(numbers, of.get("cmin"), of.get("cmax"), of.get("cmid"))
    scale = of.get("colorscale") or "Viridis"
    found = on_scale(numbers, low, high, scale, bool(of.get("reversescale")))
    return [(r, g, b, a * share) for (r, g, b, a), share in zip(found, shares, strict=False)]


def ink_on(colour: Sequence[float]) -> str:
    """Black or white, whichever is read better on a colour over white paper."""
    red, green, blue, own = colour
    light = own * (0.299 * red + 0.587 * green + 0.114 * blue) + (1 - own)
    return "#16202A" if light > 0.55 else "white"
