"""How far the maps of several methods agree, and what they say together."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BadInput
from dlexplain.evaluation.ranks import ranked, spearman_of
from dlexplain.results.quality import MapAgreement

Array = NDArray[np.float64]
SHARE = 0.1
"""Of the places, the largest; see `overlaps`."""


def correlations(maps: Array) -> Array:
    """(maps, places) -> (maps, maps) Spearman's rank correlations, -1 to 1, 1 on the diagonal."""
    found = np.stack([spearman_of(one, maps) for one in maps])
    np.fill_diagonal(found, 1.0)
    return found


def overlaps(maps: Array, share: float = SHARE) -> Array:
    """(maps, places) -> (maps, maps) of the `share` of places that are largest in the one, how many
    are among those of the other: 0 to 1, by chance `share`.

    Of equal values at the end of these each counts in part, and in both as far as in either.
    """
    count = max(1, round(share * maps.shape[1]))
    parts = np.stack([_top_parts(one, count) for one in maps])
    shared: Array = np.stack([np.minimum(one, parts).sum(1) for one in parts])
    shared /= count
    return shared


def alike(one: Array, other: Array, share: float = SHARE) -> tuple[float, float]:
    """Of two maps (places,) Spearman's rank correlation, -1 to 1, and the part of the `share` of
    places that are most marked, of the largest |value|, in the one that are so in the other, 0 to
    1. Maps of one order give 1, to the last digit. NaN and NaN where a map has no order, as all its
    values are one, it has one place, or some are not finite."""
    both = np.stack([one, other]).astype(np.float64)
    if both.shape[1] < 2 or not np.isfinite(both).all() or (np.ptp(both, axis=1) == 0).any():
        return float("nan"), float("nan")
    ranks, marked = ranked(both), ranked(np.abs(both))
    correlation = 1.0 if np.array_equal(*ranks) else float(spearman_of(both[0], both[1:])[0])
    if np.array_equal(*marked):
        return correlation, 1.0
    return correlation, float(overlaps(marked, share)[0, 1])


def _top_parts(values: Array, count: int) -> Array:
    """(places,) -> 1 for the largest `count`; of those level with the last what is left over."""
    least = np.partition(values, -count)[-count]
    above, level = values > least, values == least
    parts: Array = above + level * (count - above.sum()) / level.sum()
    return parts


def consensus(maps: Array) -> tuple[Array, Array]:
    """(maps, places) -> the mean over maps of their ranks, scaled to 0 for the least and 1 for the
    largest place, and the standard deviation of these; (places,) each."""
    scaled = (ranked(maps) - 1) / (maps.shape[1] - 1)
    return scaled.mean(0), scaled.std(0)


def agreement(maps: Array, methods: Sequence[str], share: float = SHARE) -> MapAgreement:
    """Of maps (methods, ...), one value a place, of one input and one target.

    Raises BadInput for fewer than two, for maps that say nothing, and for such of one place.
    """
    _check(maps, methods)
    flat = maps.reshape(len(maps), -1).astype(np.float64)
    together, spread = consensus(flat)
    return MapAgreement(
        methods=tuple(methods),
        share=share,
        correlations=correlations(flat),
        overlaps=overlaps(flat, share),
        consensus=together.reshape(maps.shape[1:]),
        spread=spread.reshape(maps.shape[1:]),
    )


def _check(maps: Array, methods: Sequence[str]) -> None:
    if len(maps) != len(methods):
        raise BadInput(f"{len(maps)} maps are given and {len(methods)} names of methods")
    if len(maps) < 2:
        raise BadInput(f"{len(maps)} maps are too few to agree; two are needed")
    if maps[0].size < 2:
        raise BadInput("the maps have one place, of which there is no order")
    for one, method in zip(maps, methods, strict=True):
        bad = int((~np.isfinite(one)).sum())
        if bad:
            raise BadInput(f"{bad:,} of the {one.size:,} values of {method} are not finite numbers")
        if np.ptp(one) == 0:
            raise BadInput(
                f"all values of {method} are {float(one.flat[0]):.3g}: it says nothing of where"
            )
