"""How alike two rankings are."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


def spearman(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Pearson's correlation of the ranks, equal values sharing theirs; NaN where all are equal.

    Spearman, "The Proof and Measurement of Association between Two Things", 1904.
    """
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def alike(a: Tensor, b: Tensor) -> float:
    """Spearman's correlation of the values of two maps of one shape."""
    return spearman(*(x.flatten().double().cpu().numpy() for x in (a, b)))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 1; equal values have the mean of their ranks."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    means: NDArray[np.float64] = np.cumsum(counts) - (counts - 1) / 2
    return means[places]


def top_intersection(a: NDArray[np.float64], b: NDArray[np.float64], part: float) -> float:
    """Of the `part` of places that are largest in `a`, how many are also among those of `b`: 0 to
    1, by chance `part`; of equal values the first count as larger. NaN where all are equal."""
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    count = max(1, round(part * len(a)))
    first, second = (np.argsort(-values, kind="stable")[:count] for values in (a, b))
    return len(np.intersect1d(first, second)) / count
