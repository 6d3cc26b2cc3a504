"""Intervals of scores: Wilson's against statsmodels and by hand, and which scores have one."""

import pytest
from statsmodels.stats.proportion import proportion_confint

from dlexplain.results.words import certainty, examples_of, interval, scored, wilson

SIZES = {"train": 900, "validation": 90, "test": 5}


@pytest.mark.parametrize(("right", "n"), [(4, 5), (0, 1), (1, 1), (5, 5), (0, 40), (351, 359),
                                          (9299, 10_000)])  # fmt: skip
def test_wilson_is_that_of_statsmodels(right: int, n: int) -> None:
    expected = proportion_confint(right, n, alpha=0.05, method="wilson")
    assert wilson(right / n, n) == pytest.approx(expected, abs=1e-12)


def test_wilson_by_hand() -> None:
    # z = 2: (0.5 + 4/8 ± 2 √(0.25/4 + 4/64)) / (1 + 4/4) = (1 ± 0.7071) / 2
    assert wilson(0.5, 4, z=2) == pytest.approx((0.146447, 0.853553), abs=1e-6)


@pytest.mark.parametrize(("share", "n"), [(1.01, 5), (-0.1, 5), (float("nan"), 5), (0.5, 0)])
def test_what_is_no_share_is_refused(share: float, n: int) -> None:
    with pytest.raises(ValueError, match="a share takes 0 to 1"):
        wilson(share, n)


def test_a_score_is_told_with_its_interval_and_n() -> None:
    assert scored("test/accuracy", 0.8, 5) == "80.0% [37.6–96.4%], n = 5"
    assert scored("accuracy", 1.0, 3) == "100.0% [43.9–100.0%], n = 3"
    assert scored("test/perplexity", 131.2, 73_760) == "131, n = 73,760"
    assert scored("test/accuracy", 0.8, 0) == "80.0%"
    assert certainty("test/bleu", 36.2, 0) == ""


@pytest.mark.parametrize("key", ["test/f1", "test/coverage_95", "validation/token_accuracy",
                                 "test/bleu", "test/mase"])  # fmt: skip
def test_what_is_no_proportion_of_independent_examples_claims_no_interval(key: str) -> None:
    assert interval(key, 0.8, 100) is None
    assert scored(key, 0.8, 100).endswith(", n = 100")
    assert "[" not in scored(key, 0.8, 100)


@pytest.mark.parametrize(("key", "n"), [
    ("test/accuracy", 5), ("validation/accuracy", 90), ("test/mase/UNRATE", 5), ("test/f1", 5),
    ("train/accuracy", 0), ("test/frechet_distance", 0), ("test/judge_accuracy", 0),
    ("test/active", 0), ("test/tokens", 0), ("seconds", 0),
])  # fmt: skip
def test_n_is_of_the_split_where_the_metric_is_taken_over_it(key: str, n: int) -> None:
    assert examples_of(key, SIZES) == n
    assert examples_of(key, {}) == 0
