"""Scores that are high for inputs like those of the training and low for others, and how well such
a score tells the two apart."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BadInput
from dlexplain.evaluation.calibration import softmax
from dlexplain.evaluation.intervals import LEAST, RESAMPLES
from dlexplain.results.words import Z95

TRUE_POSITIVES = 0.95
BLOCK = 250
"""Resamples at once."""
Floats = NDArray[np.float64]


def maximum_softmax(logits: NDArray[np.floating]) -> Floats:
    """max over classes of softmax(z), (n, classes) -> (n,), 1 / classes to 1.

    Hendrycks and Gimpel 2017, https://arxiv.org/abs/1610.02136.
    """
    found: Floats = softmax(logits).max(1)
    return found


def negative_energy(logits: NDArray[np.floating], temperature: float = 1.0) -> Floats:
    """-E(x) = T log Σ exp(z_c / T), (n, classes) -> (n,).

    Liu et al. 2020, https://arxiv.org/abs/2010.03759.
    """
    from scipy.special import logsumexp

    found: Floats = temperature * logsumexp(logits.astype(np.float64) / temperature, axis=1)
    return found


@dataclass(frozen=True, eq=False)
class Mahalanobis:
    """-min over classes of (f - μ_c)ᵀ Σ⁻¹ (f - μ_c), of features f of the last layer but one.

    means      (classes, features), of the training inputs of each class
    precision  (features, features), the inverse of the covariance that all classes share

    Lee et al. 2018, https://arxiv.org/abs/1807.03888, without their input preprocessing and their
    mixture of layers, both of which are tuned on inputs from outside.
    """

    means: Floats
    precision: Floats

    @classmethod
    def fit(
        cls,
        features: NDArray[np.floating],
        labels: NDArray[np.int64],
        shrinkage: float | None = None,
    ) -> Self:
        """features  (n, d) of training inputs;  labels  (n,) their classes
        shrinkage  of the covariance towards a multiple of the identity, 0 to 1; by default Ledoit
                   and Wolf's (2004)

        Raises BadInput for fewer than two inputs of a class, or a covariance without an inverse.
        """
        from sklearn.covariance import ledoit_wolf, shrunk_covariance

        features = features.astype(np.float64)
        classes, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
        if features.ndim != 2 or len(features) != len(labels) or not len(labels):
            raise BadInput(f"features are {features.shape} and labels {labels.shape}")
        if not np.isfinite(features).all():
            raise BadInput("the model's features are NaN or infinite")
        if counts.min() < 2:
            raise BadInput(
                f"class {classes[counts.argmin()]} has one training input; a covariance takes two "
                "or more of each"
            )
        means = np.stack([features[places == c].mean(0) for c in range(len(classes))])
        centred = features - means[places]
        if shrinkage is None:
            covariance, _ = ledoit_wolf(centred, assume_centered=True)
        else:
            covariance = shrunk_covariance(centred.T @ centred / len(centred), shrinkage)
        try:
            return cls(means, np.linalg.inv(covariance))
        except np.linalg.LinAlgError as error:
            raise BadInput("the features' covariance has no inverse; shrinkage helps") from error

    def score(self, features: NDArray[np.floating]) -> Floats:
        """(n, d) -> (n,), at most 0"""
        best = np.full(len(features), np.inf)
        for mean in self.means:
            away = features.astype(np.float64) - mean
            best = np.minimum(best, ((away @ self.precision) * away).sum(1))
        return -best


def auroc(inside: Floats, outside: Floats) -> float:
    """The chance that one of `inside` has a higher score than one of `outside`, ties counting half:
    the area under the ROC curve, 0 to 1. Raises BadInput."""
    _check(inside, outside)
    return _auroc(inside, outside)


def auroc_interval(
    inside: Floats, outside: Floats, seed: int = 0, share: float = 0.95
) -> tuple[float, float]:
    """Percentiles of RESAMPLES areas, both sides drawn anew with replacement.

    Where every pair is in order no resample can be otherwise: there the end is where Hanley and
    McNeil's deviation at that end reaches the area found (Newcombe 2006,
    https://doi.org/10.1002/sim.2324). Raises BadInput for fewer than LEAST of a side.
    """
    _check(inside, outside, LEAST)
    found = _auroc(inside, outside)
    if found == 1.0:
        return _least(len(inside), len(outside)), 1.0
    if found == 0.0:
        return 0.0, 1 - _least(len(inside), len(outside))
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
    _check(inside, outside)
    return float((outside >= threshold_at(inside, true_positives)).mean())


def _auroc(inside: Floats, outside: Floats) -> float:
    from scipy.stats import rankdata

    n, m = len(inside), len(outside)
    ranks = rankdata(np.concatenate([inside, outside]))
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


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


def _least(n: int, m: int) -> float:
    """The lower end of an area of 1."""
    from scipy.optimize import brentq

    half = (n + m) / 2 - 1

    def beyond(area: float) -> float:
        more = half * (1 - area) / (2 - area) + half * area / (1 + area)
        return float((1 - area) - Z95 * np.sqrt(area * (1 - area) * (1 + more) / (n * m)))

    return float(brentq(beyond, 0.0, 1 - 1e-12))


def _check(inside: Floats, outside: Floats, least: int = 1) -> None:
    for side, values in (("inside", inside), ("outside", outside)):
        if values.ndim != 1 or len(values) < least:
            raise BadInput(
                f"there are {len(values)} scores from {side}; at least {least} are needed"
            )
        if np.isnan(values).any():
            raise BadInput(f"a score from {side} is NaN")
