"""How numbers and metrics are written, the same everywhere."""

import pytest

from dlexplain.results.words import duration, evaluations_told, metric, metric_name, size


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(8.4, "8 s"), (59.6, "1 min"), (7205, "2 h"), (200, "3 min 20 s"), (6326, "1 h 45 min")],
)
def test_durations(seconds: float, told: str) -> None:
    assert duration(seconds) == told


@pytest.mark.parametrize(
    ("bytes_", "told"),
    [
        (27_000, "27 KB"), (719_000, "719 KB"), (6_590_000, "6.6 MB"), (9_960_000, "10 MB"),
        (55e6, "55 MB"), (1.4e9, "1.4 GB"), (39.6e9, "40 GB"),
    ],
)  # fmt: skip
def test_sizes(bytes_: float, told: str) -> None:
    assert size(bytes_) == told


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("bleu", "BLEU"),
        ("validation/elbo", "validation ELBO"),
        ("test/frechet_distance", "test Fréchet distance"),
        ("test/mase_over_random_walk", "test MASE over random walk"),
        ("test/mase_ar", "test MASE AR"),
        ("train/loss", "train loss"),
    ],
)
def test_metrics_have_one_name(key: str, name: str) -> None:
    assert metric_name(key) == name


def test_values_of_metrics() -> None:
    assert metric("test/accuracy_one_view", 0.9) == "90.0%"
    assert metric("test/loss", 12_345.6) == "12,346"
    assert metric("test/bleu", 36.26) == "36.3"


def test_one_evaluation_is_no_plural() -> None:
    assert evaluations_told(1) == "1 evaluation"
    assert evaluations_told(2112) == "2,112 evaluations"
