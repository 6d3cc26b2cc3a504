"""How alike two rankings are."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def spearman(a: Array, b: Array) -> float:
    """Pearson's correlation of the ranks, equal values sharing theirs; NaN where all are equal.

    Spearman, "The Proof and Measurement of Association between Two Things", 1904.
    """
    return float(spearman_of(a, b[None])[0])


def spearman_of(a: Array, others: Array) -> Array:
    """(places,), (maps, places) -> (maps,) each one's with `a`; NaN where one has no order."""
    if len(a) < 2:
        return np.full(len(others), np.nan)
    ranks = ranked(np.concatenate([a[None], others]))
    ranks -= ranks.mean(1, keepdims=True)
    lengths = np.linalg.norm(ranks, axis=1)
    products, sizes = ranks[1:] @ ranks[0], lengths[1:] * lengths[0]
    found = np.full(len(others), np.nan)
    np.divide(products, sizes, out=found, where=sizes > 0)
    return found


def ranked(values: Array) -> Array:
    """(maps, places) -> the same, from 1; equal values have the mean of their ranks."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(values, axis=1), dtype=np.float64)


def top_intersection(a: Array, b: Array, part: float) -> float:
    """Of the `part` of places that are largest in `a`, how many are also among those of `b`: 0 to
    1, by chance `part`; of equal values the first count as larger. NaN where all are equal."""
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    count = max(1, round(part * len(a)))
    first, second = (np.argsort(-values, kind="stable")[:count] for values in (a, b))
    return len(np.intersect1d(first, second)) / count
