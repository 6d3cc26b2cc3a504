"""Means of a few independent values: their interval, and whether two of them differ."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def of_mean(values: NDArray[np.float64], share: float = 0.95) -> tuple[NDArray[np.float64], ...]:
    """Mean, deviation and interval of the mean over the first axis, (n, ...) -> four of (...,):

        mean ± t(n - 1) s / sqrt(n),  s with n - 1

    Exact for independent normal values (Student 1908). Deviation and interval are NaN where n is 1.
    """
    from scipy.stats import t

    n, mean = len(values), values.mean(0)
    if n < 2:
        unknown = np.full_like(mean, np.nan)
        return mean, unknown, unknown, unknown
    sd = values.std(0, ddof=1)
    half = t.ppf((1 + share) / 2, n - 1) * sd / np.sqrt(n)
    return mean, sd, mean - half, mean + half


@dataclass(frozen=True)
class Welch:
    """Mean of the second minus mean of the first, its 95% interval, and the two-sided p."""

    difference: float
    low: float
    high: float
    p: float


def welch(first: Sequence[float], second: Sequence[float]) -> Welch | None:
    """Welch's t-test of two samples of at least two values, whose deviations may differ.

        t = (m2 - m1) / sqrt(v1 + v2)
        with (v1 + v2)² / (v1² / (n1 - 1) + v2² / (n2 - 1)) degrees of freedom, v = s² / n

    None where neither sample has any spread: then t is not defined. Welch, The generalization of
    "Student's" problem when several different population variances are involved, Biometrika 34
    (1947).
    """
    from scipy.stats import t

    samples = np.asarray(first, float), np.asarray(second, float)
    n1, n2 = map(len, samples)
    difference = float(samples[1].mean() - samples[0].mean())
    v1, v2 = (float(each.var(ddof=1)) / len(each) if np.ptp(each) else 0.0 for each in samples)
    if not v1 + v2:
        return None
    freedom = (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))
    error = float(np.sqrt(v1 + v2))
    half = float(t.ppf(0.975, freedom)) * error
    p = 2 * float(t.sf(abs(difference) / error, freedom))
    return Welch(difference, difference - half, difference + half, p)


def holm(p: Sequence[float]) -> list[float]:
    """p values corrected for how many there are, in the order given:

        the k-th smallest of m becomes max over j <= k of min(1, (m - j + 1) p_j)

    Keeps the chance of any false difference below the level. Holm, A simple sequentially rejective
    multiple test procedure, Scandinavian Journal of Statistics 6 (1979).
    """
    corrected, highest = [0.0] * len(p), 0.0
    for rank, place in enumerate(sorted(range(len(p)), key=lambda place: p[place])):
        highest = max(highest, min(1.0, (len(p) - rank) * p[place]))
        corrected[place] = highest
    return corrected
