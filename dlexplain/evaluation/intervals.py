"""Intervals of what is measured: of one explanation against random maps, and over many inputs."""

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BadInput
from dlexplain.results.quality import Measurement

LEAST = 3
"""Values of which an interval says something."""
LEAST_PAIRS = 4
RESAMPLES = 2000
AT_ONCE = 10_000_000
"""Draws in memory: of very many values all resamples at once would not fit."""


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


def bootstrap_mean(
    values: NDArray[np.float64], seed: int = 0, share: float = 0.95
) -> tuple[float, float, float]:
    """Mean of n values, and its interval by the percentiles of RESAMPLES means of n values drawn
    with replacement (Efron 1979, https://doi.org/10.1214/aos/1176344552).

    Raises BadInput for fewer than LEAST values.
    """
    _check(values)
    n, rng = len(values), np.random.default_rng(seed)
    rows = max(1, AT_ONCE // n)
    counts = [min(rows, RESAMPLES - first) for first in range(0, RESAMPLES, rows)]
    means = np.concatenate([values[rng.integers(0, n, (count, n))].mean(1) for count in counts])
    low, high = np.quantile(means, [(1 - share) / 2, (1 + share) / 2])
    return float(values.mean()), float(low), float(high)


def block_bootstrap_mean(
    values: NDArray[np.float64], block: int, seed: int = 0, share: float = 0.95
) -> tuple[float, float, float]:
    """Mean of n values in order, of which neighbours go together, and its interval by the
    percentiles of RESAMPLES means of blocks of neighbours, drawn with replacement from a circle
    (Politis and Romano 1992). A block of 1 is `bootstrap_mean`.

    Raises BadInput for fewer than two blocks, or than LEAST values.
    """
    _check(values)
    n = len(values)
    if n < 2 * block:
        raise BadInput(f"{n} values are too few for blocks of {block}; {2 * block} are needed")
    starts = np.random.default_rng(seed).integers(0, n, (RESAMPLES, -(-n // block)))
    places = (starts[..., None] + np.arange(block)).reshape(RESAMPLES, -1)[:, :n] % n
    low, high = np.quantile(values[places].mean(1), [(1 - share) / 2, (1 + share) / 2])
    return float(values.mean()), float(low), float(high)


def of_median(
    values: NDArray[np.float64], share: float = 0.95
) -> tuple[float, float | None, float | None]:
    """Median of n values, and its interval between two of them, whatever they are drawn from: from
    the k-th smallest to the k-th largest, k the largest for which

        2 P(B < k) <= 1 - share,  B binomial of n and 1/2

    (David and Nagaraja, Order Statistics, 2003, section 7.1). The ends are None where n is too
    small for it: below 6 at 95%. Raises BadInput without values.
    """
    from scipy.stats import binom

    if not len(values):
        raise BadInput("0 values have no median; 1 is needed")
    ordered, n = np.sort(values), len(values)
    k = int((2 * binom.cdf(np.arange(n), n, 0.5) <= 1 - share).sum())
    middle = float(np.median(ordered))
    return (middle, float(ordered[k - 1]), float(ordered[n - k])) if k else (middle, None, None)


def mean_of(values: NDArray[np.float64], seed: int = 0) -> Measurement:
    """The mean of n values; from LEAST on with its interval, see `bootstrap_mean`."""
    if len(values) < LEAST:
        return Measurement(float(values.mean()), n=len(values))
    return Measurement(*bootstrap_mean(values, seed), len(values))


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


def _check(values: NDArray[np.float64]) -> None:
    if len(values) < LEAST:
        raise BadInput(f"{len(values)} values are too few for an interval; {LEAST} are needed")
