"""Exact Shapley values: games with known values, what estimates them, and the bound."""

from itertools import permutations

import numpy as np
import pytest
import torch

import dlexplain as dx
from dlexplain.data.samples import sample_path
from dlexplain.errors import ParamError
from dlexplain.explainers.methods.shapley_values import combinations, shapley_values

FILM = "a warm and clever film"


def test_the_glove_game() -> None:
    # Two left gloves and a right one; a pair is worth 1. Shapley 1953: 1/6, 1/6 and 4/6.
    left, other, right = combinations(3).T
    found = shapley_values(((left | other) & right).float())
    torch.testing.assert_close(found, torch.tensor([1 / 6, 1 / 6, 4 / 6]))


def test_they_are_the_mean_gain_over_all_orders() -> None:
    scores = torch.randn(2**4, generator=torch.Generator().manual_seed(0))
    gains = np.zeros(4)
    for order in permutations(range(4)):
        there = 0
        for part in order:
            gains[part] += float(scores[there + 2**part] - scores[there]) / 24
            there += 2**part
    np.testing.assert_allclose(shapley_values(scores), gains, rtol=1e-5, atol=1e-6)


def test_kernel_shap_of_all_combinations_is_the_same() -> None:
    exact = dx.explain("sst2-cnn", FILM, "shapley-values")
    fitted = dx.explain("sst2-cnn", FILM, "kernel-shap", samples=1000)
    np.testing.assert_allclose(exact.values, fitted.values, atol=1e-5)
    assert exact.evaluations >= 2**5
    assert exact.completeness_error < 1e-5


@pytest.mark.parametrize(
    ("model", "x", "params"),
    [
        ("digits-cnn", str(sample_path("coffee")), {}),
        ("sst2-cnn", FILM, {}),
        ("ptb-rnn", "the company said it", {}),
        ("dates-gru-attention", "5 may 1999", {"target": 1}),
        ("macrodata-lstm", "", {}),
    ],
)
def test_every_kind_of_input_has_them(model: str, x: str, params: dict[str, int]) -> None:
    assert "shapley-values" in [method.name for method in dx.methods(model)]
    found = dx.explain(model, x, "shapley-values", **params)
    assert found.method == "shapley-values"
    assert found.completeness_error < 1e-4


def test_too_many_parts_are_one_sentence() -> None:
    told = (
        r"^15 parts have 2\^15 combinations; at most 16,384 evaluations are accepted\. Take fewer"
    )
    with pytest.raises(ParamError, match=told):
        dx.explain("sst2-cnn", " ".join(["film"] * 15), "shapley-values")
