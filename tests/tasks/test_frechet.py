"""The Frechet distance against closed forms and an independent matrix root."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from dlexplain.tasks.modules.judge import frechet_distance


def draws(count: int, size: int, seed: int, spread: float = 1.0, off: float = 0.0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    mixing = generator.normal(size=(size, size))
    return spread * generator.normal(size=(count, size)) @ mixing + off


def reference(a: np.ndarray, b: np.ndarray) -> float:
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    cross = np.trace(sqrtm(cov_a @ cov_b)).real
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(cov_a + cov_b) - 2 * cross)


@pytest.mark.parametrize(("size", "counts"), [(2, (50, 70)), (8, (300, 100)), (20, (90, 4000))])
def test_it_equals_the_formula_with_scipys_root(size: int, counts: tuple[int, int]) -> None:
    a, b = draws(counts[0], size, 1), draws(counts[1], size, 2, spread=1.5, off=0.3)
    assert frechet_distance(a, b) == pytest.approx(reference(a, b), rel=1e-6)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)


def test_one_dimension_is_means_and_deviations_apart() -> None:
    a, b = draws(40, 1, 3), draws(60, 1, 4, spread=2, off=5)
    expected = (a.mean() - b.mean()) ** 2 + (a.std(ddof=1) - b.std(ddof=1)) ** 2
    assert frechet_distance(a, b) == pytest.approx(expected)


def test_a_shift_costs_its_square_and_nothing_else() -> None:
    a = draws(100, 6, 5)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(a, a + 2) == pytest.approx(6 * 4)
    assert frechet_distance(a, a[::-1]) == pytest.approx(0, abs=1e-6)


def test_features_that_never_vary_are_no_trouble() -> None:
    a = np.hstack([draws(50, 3, 6), np.zeros((50, 2))]).astype(np.float32)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-4)
    assert frechet_distance(a, a + np.float32(1)) == pytest.approx(5, rel=1e-4)


def test_one_vector_has_no_covariance() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        frechet_distance(draws(1, 3, 7), draws(9, 3, 8))
