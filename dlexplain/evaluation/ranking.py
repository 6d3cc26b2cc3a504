"""Whether methods can be told apart by their ranks over many examples.

Demsar, Statistical Comparisons of Classifiers over Multiple Data Sets, JMLR 7 (2006),
https://jmlr.org/papers/v7/demsar06a.html: Friedman's test, then Nemenyi's critical difference.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def example_ranks(gains: Floats) -> Floats:
    """(examples, metrics, methods) gains, more is better -> (examples, methods) ranks, 1 is best.

    Of each metric of an example the methods are ranked, ties sharing the mean of their ranks, and
    what could not be measured (NaN) shares the last; then the means over the metrics are ranked in
    turn. So an example is one block of the test, however many metrics, which go together, it has.
    A metric of which nothing was measured does not count, nor does an example without any.
    """
    from scipy.stats import rankdata

    found = []
    for example in gains:
        known = example[~np.isnan(example).all(axis=1)]
        if len(known):
            worst = np.where(np.isnan(known), -np.inf, known)
            found.append(rankdata(rankdata(-worst, axis=1).mean(axis=0)))
    return np.array(found, dtype=np.float64).reshape(len(found), gains.shape[2])


def friedman(ranks: Floats) -> tuple[float, float]:
    """(blocks, methods) ranks -> chi-squared and its p-value, of k - 1 degrees of freedom.

        12 N / (k (k + 1)) (Σ R_j² - k (k + 1)² / 4) / (1 - Σ (t³ - t) / (N k (k² - 1)))

    with the mean ranks R_j and the sizes t of ties. Where everything is tied: 0 and 1.
    """
    from scipy.stats import chi2

    blocks, k = ranks.shape
    means = ranks.mean(axis=0)
    plain = 12 * blocks / (k * (k + 1)) * (np.sum(means**2) - k * (k + 1) ** 2 / 4)
    ties = sum(int(t**3 - t) for row in ranks for t in np.unique(row, return_counts=True)[1])
    untied = 1 - ties / (blocks * k * (k**2 - 1))
    if untied <= 0:
        return 0.0, 1.0
    found = max(0.0, float(plain / untied))
    return found, float(chi2.sf(found, k - 1))


def critical_difference(methods: int, blocks: int, level: float = 0.05) -> float:
    """Nemenyi's: mean ranks that differ by less are not told apart.

        CD = q / √2 √(k (k + 1) / (6 N))

    with q of the studentized range of k groups and infinitely many degrees of freedom.
    """
    spread = float(np.sqrt(methods * (methods + 1) / (6 * blocks)))
    return _studentized(methods, level) / float(np.sqrt(2)) * spread


@lru_cache(maxsize=64)
def _studentized(methods: int, level: float) -> float:
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(1 - level, methods, np.inf))
