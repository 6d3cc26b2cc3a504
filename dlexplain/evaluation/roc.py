"""The ROC of a score that is to be higher on one side than on the other: its area, what passes at a
threshold, and how sure both are."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BadInput
from dlexplain.evaluation.intervals import LEAST, RESAMPLES
from dlexplain.results.words import Z95

TRUE_POSITIVES = 0.95
BLOCK = 250
"""Resamples at once."""
HALVINGS = 60
Floats = NDArray[np.float64]


def roc(inside: Floats, outside: Floats) -> tuple[Floats, Floats]:
    """Rates of `outside` and of `inside` that reach each threshold, both from 0 to 1; ties are one
    step."""
    check(inside, outside)
    scores = np.concatenate([inside, outside])
    is_inside = np.r_[np.ones(len(inside)), np.zeros(len(outside))]
    order = np.argsort(-scores, kind="stable")
    last = np.r_[np.flatnonzero(np.diff(scores[order])), len(scores) - 1]  # of each tie
    hits = np.cumsum(is_inside[order])[last]
    false = 1 + last - hits
    return np.r_[0.0, false / len(outside)], np.r_[0.0, hits / len(inside)]


def auroc(inside: Floats, outside: Floats) -> float:
    """The chance that one of `inside` has a higher score than one of `outside`, ties counting half:
    the area under the ROC curve, 0 to 1 (Mann and Whitney 1947). Raises BadInput."""
    check(inside, outside)
    ordered = np.sort(outside)
    below = np.searchsorted(ordered, inside, "left")
    upto = np.searchsorted(ordered, inside, "right")
    return float((below + upto).sum() / (2 * len(inside) * len(outside)))


def newcombe_interval(area: float, inside: int, outside: int) -> tuple[float, float]:
    """Newcombe's 95% interval of an area under a ROC: the areas A with |area - A| <= z SE(A), where

        SE(A)^2 = A (1 - A) (1 + (N - 1) ((1 - A) / (2 - A) + A / (1 + A))) / (m n)

    and N = (m + n) / 2.

    It is to the area what Wilson's is to a proportion, so it holds at 0 and 1 too. Newcombe,
    Confidence intervals for an effect size measure based on the Mann-Whitney statistic, part 2,
    Statistics in Medicine 25 (2006), https://doi.org/10.1002/sim.2324.
    """
    if not 0 <= area <= 1 or min(inside, outside) < 1:
        raise BadInput(f"the area is {area} of {inside} and {outside}; 0 to 1, of 1 or more")
    half = (inside + outside) / 2 - 1

    def is_within(a: float) -> bool:
        spread = a * (1 - a) * (1 + half * ((1 - a) / (2 - a) + a / (1 + a))) / (inside * outside)
        return bool(abs(area - a) <= Z95 * spread**0.5)

    return _edge(area, 0.0, is_within), _edge(area, 1.0, is_within)


def resampled_interval(
    inside: Floats, outside: Floats, seed: int = 0, share: float = 0.95
) -> tuple[float, float]:
    """Percentiles of RESAMPLES areas, both sides drawn anew with replacement.

    Where every pair is in order no resample can be otherwise: there the end is Newcombe's. Raises
    BadInput for fewer than LEAST of a side.
    """
    check(inside, outside, LEAST)
    found = auroc(inside, outside)
    if found in (0.0, 1.0):
        return newcombe_interval(found, len(inside), len(outside))
    drawn = _resampled(inside, outside, np.random.default_rng(seed))
    low, high = np.quantile(drawn, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def threshold_at(inside: Floats, true_positives: float = TRUE_POSITIVES) -> float:
    """The largest value that at least this part of `inside` reaches."""
    return float(np.sort(inside)[int((1 - true_positives) * len(inside) + 1e-9)])


def false_positive_rate(
    inside: Floats, outside: Floats, true_positives: float = TRUE_POSITIVES
) -> float:
    """The part of `outside` that reaches the threshold which that part of `inside` reaches: "FPR at
    95% TPR", 0 to 1. Raises BadInput."""
    check(inside, outside)
    return float((outside >= threshold_at(inside, true_positives)).mean())


def check(inside: Floats, outside: Floats, least: int = 1) -> None:
    """Raises BadInput where a side has fewer scores, or one that is no number."""
    for side, values in (("inside", inside), ("outside", outside)):
        if values.ndim != 1 or len(values) < least:
            raise BadInput(
                f"there are {len(values)} scores from {side}; at least {least} are needed"
            )
        if not np.isfinite(values).all():
            raise BadInput(f"a score from {side} is NaN or infinite")


def _resampled(inside: Floats, outside: Floats, generator: np.random.Generator) -> Floats:
    """(RESAMPLES,) areas. How often each is drawn weighs the comparisons, which are made once."""
    n, m, found = len(inside), len(outside), []
    wins = (inside[:, None] > outside) + np.float32(0.5) * (inside[:, None] == outside)
    for _ in range(0, RESAMPLES, BLOCK):
        of_inside, of_outside = (
            generator.multinomial(size, np.full(size, 1 / size), BLOCK).astype(np.float32)
            for size in (n, m)
        )
        found.append(((of_inside @ wins) * of_outside).sum(1, dtype=np.float64) / (n * m))
    return np.concatenate(found)


def _edge(inner: float, outer: float, is_within: Callable[[float], bool]) -> float:
    """Where, between a value inside and the end, it stops to be inside: by bisection."""
    if inner == outer or is_within(outer):
        return outer
    for _ in range(HALVINGS):
        middle = (inner + outer) / 2
        inner, outer = (middle, outer) if is_within(middle) else (inner, middle)
    return inner
