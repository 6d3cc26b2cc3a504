"""How sure a classifier is, and how far two of them differ, from their probabilities."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def probabilities(logits: NDArray[np.floating]) -> Floats:
    """Softmax over the last axis, in double precision: (..., classes) -> the same."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    powers = np.exp(shifted)
    found: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return found


def entropy(p: Floats) -> Floats:
    """-Σ p log2 p over the last axis, in bits: 0 where one class has all, log2 of their number
    where all have the same. (..., classes) -> (...)"""
    found: Floats = -(p * np.log2(np.where(p > 0, p, 1))).sum(axis=-1)
    return np.maximum(found, 0.0)


def jensen_shannon(p: Floats, q: Floats) -> Floats:
    """H((p + q) / 2) - (H(p) + H(q)) / 2, in bits: 0 where both are the same, 1 where they have no
    class in common. (..., classes) twice -> (...)

    Lin, Divergence measures based on the Shannon entropy, IEEE Transactions on Information Theory
    37 (1991), https://doi.org/10.1109/18.61115.
    """
    found = entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2
    return np.clip(found, 0.0, 1.0)
