"""Friedman's test and Nemenyi's critical difference against Demsar's example and scipy."""

import numpy as np
import pytest
from scipy.stats import friedmanchisquare

from dlexplain.evaluation.ranking import critical_difference, example_ranks, friedman

DEMSAR = np.array([
    [4, 3, 2, 1], [1, 2, 3, 4], [4, 1, 2, 3], [4, 1, 3, 2], [4, 2, 3, 1], [1, 2.5, 4, 2.5],
    [3, 2, 4, 1], [2.5, 2.5, 4, 1], [4, 3, 2, 1], [2.5, 2.5, 2.5, 2.5], [4, 2.5, 1, 2.5],
    [3, 2, 4, 1], [4, 1, 2, 3], [3, 1, 4, 2],
])  # fmt: skip
"""Table 6 of Demsar 2006: ranks of four variants of C4.5 on 14 data sets."""


def test_demsars_example() -> None:
    """The paper: mean ranks 3.143, 2.000, 2.893, 1.964; chi-squared 9.28 before the correction for
    ties, which are one of four and three of two: 1 - (60 + 3 · 6) / (14 · 4 · 15); CD = 1.25."""
    assert DEMSAR.mean(0) == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    chi_squared, p = friedman(DEMSAR)
    assert chi_squared * (1 - 78 / 840) == pytest.approx(9.28, abs=0.005)
    expected = friedmanchisquare(*DEMSAR.T)
    assert (chi_squared, p) == pytest.approx((expected.statistic, expected.pvalue))
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)


def test_the_critical_values_are_the_papers() -> None:
    """Table 5a at 5%: q of 2, 5 and 10 methods."""
    for methods, q in ((2, 1.960), (5, 2.728), (10, 3.164)):
        expected = q * (methods * (methods + 1) / (6 * 50)) ** 0.5
        assert critical_difference(methods, 50) == pytest.approx(expected, rel=1e-3)


def test_methods_that_are_all_alike_are_not_told_apart() -> None:
    assert friedman(np.full((10, 3), 2.0)) == (0.0, 1.0)


def test_an_example_is_one_block_and_what_is_not_measured_is_last() -> None:
    nan = np.nan
    gains = np.array([
        [[0.3, 0.2, 0.1], [0.1, 0.2, 0.3]],  # two metrics that contradict each other: all tied
        [[0.3, 0.3, 0.1], [0.9, nan, 0.1]],  # ranks 1.5 1.5 3 and 1 3 2: means 1.25 2.25 2.5
        [[nan, 0.1, nan], [nan, nan, nan]],  # the second metric does not count
        [[nan, nan, nan], [nan, nan, nan]],  # nor does this example
    ])  # fmt: skip
    assert example_ranks(gains).tolist() == [[2, 2, 2], [1, 2, 3], [2.5, 1, 2.5]]
