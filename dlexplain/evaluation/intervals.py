"""Intervals of what is measured: of one explanation against random maps, and over many inputs."""

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BadInput

LEAST = 3
"""Values of which an interval says something."""
LEAST_PAIRS = 4
RESAMPLES = 2000


def of_next(values: NDArray[np.float64], share: float = 0.95) -> tuple[float, float, float]:
    """Mean of n independent values, and where the next one lies with probability `share`:
    mean ± t(n - 1) s sqrt(1 + 1/n), with the sample's deviation s. Exact for normal values.

    Raises BadInput for fewer than LEAST values.
    """
    from scipy.stats import t

    _check(values)
    n, mean = len(values), float(values.mean())
    half = float(t.ppf((1 + share) / 2, n - 1) * values.std(ddof=1) * np.sqrt(1 + 1 / n))
    return mean, mean - half, mean + half


def of_correlation(r: float, n: int, share: float = 0.95) -> tuple[float, float]:
    """Of Pearson's correlation of n pairs: tanh(artanh r ± z / sqrt(n - 3)) (Fisher 1921), about
    right where the pairs are normal.

    Raises BadInput for fewer than LEAST_PAIRS.
    """
    from scipy.stats import norm

    if n < LEAST_PAIRS:
        raise BadInput(f"{n} pairs are too few for an interval; {LEAST_PAIRS} are needed")
    if abs(r) >= 1:
        return r, r
    half = float(norm.ppf((1 + share) / 2)) / np.sqrt(n - 3)
    return float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half))


def bootstrap_mean(
    values: NDArray[np.float64], seed: int = 0, share: float = 0.95
) -> tuple[float, float, float]:
    """Mean of n values, and its interval by the percentiles of RESAMPLES means of n values drawn
    with replacement (Efron 1979, https://doi.org/10.1214/aos/1176344552).

    Raises BadInput for fewer than LEAST values.
    """
    _check(values)
    drawn = np.random.default_rng(seed).integers(0, len(values), (RESAMPLES, len(values)))
    means = values[drawn].mean(1)
    low, high = np.quantile(means, [(1 - share) / 2, (1 + share) / 2])
    return float(values.mean()), float(low), float(high)


def _check(values: NDArray[np.float64]) -> None:
    if len(values) < LEAST:
        raise BadInput(f"{len(values)} values are too few for an interval; {LEAST} are needed")
