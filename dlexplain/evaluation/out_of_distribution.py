"""Scores that are high for inputs like those of the training and low for others."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BadInput
from dlexplain.evaluation.calibration import softmax

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


@dataclass(frozen=True, eq=False)
class RelativeMahalanobis:
    """The Mahalanobis score less that of one Gaussian of all training inputs:
    -min over classes of (MD_c(f) - MD_0(f)).

    What all inputs share, near or far, cancels; only what tells classes apart counts. Ren et al.
    2021, https://arxiv.org/abs/2106.09022.
    """

    by_class: Mahalanobis
    of_all: Mahalanobis

    @classmethod
    def fit(cls, features: NDArray[np.floating], labels: NDArray[np.int64]) -> Self:
        """As Mahalanobis.fit; the background is fitted without labels. Raises BadInput."""
        return cls(
            Mahalanobis.fit(features, labels),
            Mahalanobis.fit(features, np.zeros(len(labels), np.int64)),
        )

    def score(self, features: NDArray[np.floating]) -> Floats:
        """(n, d) -> (n,)"""
        return self.by_class.score(features) - self.of_all.score(features)
