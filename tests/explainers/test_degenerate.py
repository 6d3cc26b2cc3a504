"""Inputs with nothing to compare: the right value, or one clear note."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dlexplain.explainers.base import methods_for
from dlexplain.explainers.methods.lime import ONE_FEATURE
from dlexplain.results.words import missed
from dlexplain.services.forecast.explain import explain_series
from tests.explainers.test_texts import CLS, SumOfWords, run_on, values_of
from tests.forecasters import WINDOW, linear, series
from tests.tiny import conv_net, explain, linear_net, picture, prepared

BLACK, GREY = torch.full((1, 3, 32, 32), -1.0), torch.zeros(1, 3, 32, 32)


@pytest.mark.parametrize(("ids", "words"), [([6], [0]), ([CLS, 6], [-1, 0])])
@pytest.mark.parametrize("removed", ["blank", "drop"])
def test_lime_of_one_word_is_what_the_score_loses_without_it(
    ids: list[int], words: list[int], removed: str
) -> None:
    found = values_of("lime", run_on(SumOfWords(), ids, words), removed=removed)
    assert found.values.tolist() == [0.0] * (len(ids) - 1) + [2.5]
    assert found.note == ONE_FEATURE
    assert found.evaluations == 2


@pytest.mark.parametrize(
    "method", ["integrated-gradients", "leave-one-out", "shap-partition", "input-x-gradient"]
)
def test_other_methods_of_one_word_give_its_weight(method: str) -> None:
    found = values_of(method, run_on(SumOfWords(), [6], [0]))
    # x · gradient counts the vector's second number too, which the score does not read
    assert found.values.tolist() == pytest.approx([2.5], abs=1e-4)
    assert found.note == ""


@pytest.mark.parametrize("method", ["integrated-gradients", "leave-one-out", "shap-partition"])
def test_a_word_that_is_the_baseline_is_said_to_be_compared_with_itself(method: str) -> None:
    params = {"removed": "blank"} if method == "leave-one-out" else {}
    found = values_of(method, run_on(SumOfWords(), [1], [0]), **params)
    assert found.values.tolist() == [0.0]
    assert "Every value is 0" in found.note and "another baseline tells more" in found.note


def test_lime_of_one_region_is_what_the_score_loses_without_it() -> None:
    net = linear_net()
    found = explain(net, "lime", GREY, baseline="black")
    with torch.no_grad():
        expected = float((net(GREY) - net(BLACK))[0, 1])
    np.testing.assert_allclose(found.values, expected, rtol=1e-4)
    assert found.completeness_error is None and "one region" in found.note


@pytest.mark.parametrize(
    "method",
    ["integrated-gradients", "deeplift", "occlusion", "shap-partition", "superpixel-ablation",
     "kernel-shap", "lime", "sobol", "hsic"],
)  # fmt: skip
def test_a_picture_that_is_its_baseline_has_values_of_0_and_a_note(method: str) -> None:
    params = {"window": 8} if method == "occlusion" else {}
    found = explain(conv_net(), method, BLACK, baseline="black", **params)
    assert np.abs(found.values).max() == 0
    assert ("Every value is 0" in found.note) or ("one region" in found.note)
    assert found.completeness_error in (0, None)


class Steep(nn.Module):
    """Random points along the paths to it do not add up: the score jumps near the picture."""

    def forward(self, x: Tensor) -> Tensor:
        score = 100 * (-20 * (x + 1).mean((1, 2, 3))).exp()
        return torch.stack([torch.zeros_like(score), score], dim=1)


def test_expected_gradients_that_miss_much_say_so() -> None:
    found = explain(Steep(), "expected-gradients", BLACK, samples=10)
    total = float(found.values.sum(dtype=np.float64))
    assert found.completeness_error > 0.1
    assert f"miss the difference of the scores by {found.completeness_error:.0%}" in found.note
    assert "more samples" in found.note
    many = explain(Steep(), "expected-gradients", BLACK, samples=5000)
    assert many.completeness_error < 0.1 and many.note == ""
    assert total != 0


def test_values_that_miss_little_are_not_remarked_on() -> None:
    assert missed(None) == missed(0.1) == ""
    assert missed(0.314) == "The values miss the difference of the scores by 31%."
    assert missed(2.0, ", why") == "The values miss the difference of the scores by 200%, why."


def test_a_spent_budget_says_by_how_much_it_misses() -> None:
    found = explain(Steep(), "integrated-gradients", GREY, baseline="black", steps=2, max_steps=2)
    assert "budget of 2 steps was spent" in found.note
    assert f"by {found.completeness_error:.0%}" in found.note


def test_noise_that_is_a_share_of_nothing_is_said() -> None:
    model = prepared(conv_net())
    smooth, plain = explain(model, "smoothgrad", GREY), explain(model, "saliency", GREY)
    np.testing.assert_allclose(smooth.values, plain.values, rtol=1e-4, atol=1e-7)
    assert "noise, a share of their range, is none" in smooth.note
    assert "noise" in explain(model, "vargrad", GREY).note
    assert explain(model, "smoothgrad", picture(), samples=2).note == ""


def test_masks_over_black_and_channels_that_do_not_matter_are_said() -> None:
    model = prepared(conv_net())
    assert "same under every mask" in explain(model, "rise", BLACK, samples=20).note
    assert explain(model, "rise", picture(), samples=20).note == ""
    assert "same through every channel" in explain(model, "score-cam", BLACK).note
    assert explain(model, "score-cam", picture()).note == ""


def test_a_patch_over_everything_is_said() -> None:
    found = explain(linear_net(), "occlusion", picture(), window=32, stride=32)
    assert np.ptp(found.values) == 0
    assert found.note == "One patch covers the picture: all of it counts the same."


def test_stretches_and_blocks_over_the_window_are_said() -> None:
    model, given = linear(), series()
    stretch = explain_series(model, given, "occlusion", origin="1980-06", length=WINDOW)
    assert stretch.note == "One stretch covers the window: all periods of a series count the same."
    block = explain_series(model, given, "shap-sampling", origin="1980-06", block=WINDOW)
    assert block.note == f"The window has {WINDOW} periods: they are one block, and count the same."
    assert np.ptp(block.values, axis=0).max() == pytest.approx(0, abs=1e-9)


def test_the_first_window_which_has_no_other_is_said_to_be_its_own_baseline() -> None:
    model, given = linear(), series()
    first = str(given.data.dates[WINDOW])
    found = explain_series(model, given, "gradient-shap", origin=first)
    assert np.abs(found.values).max() == 0
    assert "Every value is 0" in found.note


def test_every_method_that_promises_completeness_tells_its_error() -> None:
    model, given = linear(), series()
    for name, method in methods_for("picture").items():
        if method.complete:
            few = {"samples": 20} if name in ("expected-gradients", "kernel-shap") else {}
            assert explain(conv_net(), name, **few).completeness_error is not None, name
    for name, text in methods_for("text").items():
        if text.complete and name != "deeplift":
            found = values_of(name, run_on(SumOfWords(), [6, 3], [0, 1]))
            assert found.completeness_error is not None, name
    for name, one in methods_for("series").items():
        if one.complete:
            error = explain_series(model, given, name, origin="1980-06").completeness_error
            assert error is not None, name
