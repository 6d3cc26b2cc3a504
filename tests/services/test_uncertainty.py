"""Entropy and Jensen-Shannon divergence against hand-computed values and SciPy's."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.special import softmax

from dlexplain.services.pictures.uncertainty import entropy, jensen_shannon, probabilities


def test_entropy_by_hand() -> None:
    p = np.array([[1.0, 0, 0, 0], [0.25] * 4, [0.5, 0.5, 0, 0], [0.5, 0.25, 0.125, 0.125]])
    assert entropy(p).tolist() == pytest.approx([0, 2, 1, 1.75])


def test_divergence_by_hand() -> None:
    one, other = np.array([1.0, 0]), np.array([0.0, 1])
    assert jensen_shannon(one, one) == 0
    assert jensen_shannon(one, other) == pytest.approx(1)
    # m = (3/4, 1/4): H(m) - (0 + 1) / 2
    half = np.array([0.5, 0.5])
    assert jensen_shannon(one, half) == pytest.approx(0.8112781245 - 0.5)


def test_divergence_and_softmax_are_scipys() -> None:
    logits = np.random.default_rng(0).normal(0, 6, (2, 20, 1000)).astype(np.float32)
    p, q = probabilities(logits)
    np.testing.assert_allclose(p, softmax(logits[0].astype(np.float64), axis=-1), atol=1e-12)
    expected = jensenshannon(p, q, base=2, axis=-1) ** 2
    np.testing.assert_allclose(jensen_shannon(p, q), expected, atol=1e-9)


def test_large_logits_overflow_nothing() -> None:
    p = probabilities(np.array([1e4, 0, -1e4], np.float32))
    assert p.tolist() == [1, 0, 0]
    assert entropy(p) == 0
