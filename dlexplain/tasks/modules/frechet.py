"""How far two sets of feature vectors are apart, taken as normal distributions.

Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium",
2017, https://arxiv.org/abs/1706.08500
"""

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.floating]


def frechet_distance(features_a: Features, features_b: Features) -> float:
    """|m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)) of two (count, features) arrays.

    0 for equal means and covariances. It depends on the features and, since a covariance of few
    examples is uncertain, on the counts: compare only what was measured alike.
    """
    a, b = np.asarray(features_a, np.float64), np.asarray(features_b, np.float64)
    if min(len(a), len(b)) < 2:
        raise ValueError(f"{min(len(a), len(b))} vectors have no covariance; at least 2 are needed")
    between = a.mean(0) - b.mean(0)
    cov_a, cov_b = _covariance(a), _covariance(b)
    root = _root(cov_a)
    # C_a C_b has the eigenvalues of the symmetric C_a^(1/2) C_b C_a^(1/2).
    eigenvalues = np.linalg.eigvalsh(root @ cov_b @ root)
    cross = np.sqrt(eigenvalues.clip(min=0)).sum()
    return float(max(0.0, between @ between + np.trace(cov_a) + np.trace(cov_b) - 2 * cross))


def _covariance(features: NDArray[np.float64]) -> NDArray[np.float64]:
    off = features - features.mean(0)
    found: NDArray[np.float64] = off.T @ off / (len(features) - 1)
    return found


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The symmetric square root of a positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    found: NDArray[np.float64] = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    return found
