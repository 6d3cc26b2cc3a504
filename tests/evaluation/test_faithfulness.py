"""What every metric of faithfulness must say where the truth is known."""

import math
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

import dlexplain.evaluation.metrics  # noqa: F401, registers them
from dlexplain.errors import Incompatible
from dlexplain.evaluation.base import METRICS
from dlexplain.evaluation.case import Case
from dlexplain.explainers.inputs.base import ModelInput
from dlexplain.params import Value
from tests.evaluation.cases import (
    SIDE,
    LinearPictures,
    picture,
    picture_input,
    series_input,
    weights_of_pictures,
)
from tests.evaluation.text_cases import exact_values, text_input

Params = Mapping[str, Value]
# Normalised infidelity takes away a factor of the map, also one of -1.
AS_IT_IS = {"normalised": False}
OF_PICTURES: dict[str, Params] = {
    "deletion": {"fill": "black"},
    "insertion": {"fill": "black"},
    "road-most": {"noise": 0.0},
    "road-least": {"noise": 0.0},
    "infidelity": {"fill": "black", **AS_IT_IS},
    "faithfulness-correlation": {"fill": "black"},
}
OTHERS: dict[str, Params] = {
    "deletion": {},
    "insertion": {},
    "comprehensiveness": {},
    "sufficiency": {},
    "infidelity": AS_IT_IS,
    "faithfulness-correlation": {},
}
pictures = pytest.mark.parametrize(("name", "params"), OF_PICTURES.items(), ids=OF_PICTURES)
others = pytest.mark.parametrize(("name", "params"), OTHERS.items(), ids=OTHERS)


def faithful(name: str, params: Params, given: ModelInput, values: Tensor) -> float:
    """More is better."""
    metric = METRICS[name]
    found = metric.judge(Case(given, values, True), metric.params(params)).value
    assert math.isfinite(found)
    return found if metric.higher_is_better else -found


def check_order(name: str, params: Params, given: ModelInput, exact: Tensor) -> None:
    """The exact attribution wins over random ones, and they over the inverted one."""
    generator = torch.Generator().manual_seed(3)
    orders = [torch.randperm(exact.numel(), generator=generator) for _ in range(5)]
    drawn = [exact.flatten()[order].view_as(exact) for order in orders]
    chance = [faithful(name, params, given, values) for values in drawn]
    assert faithful(name, params, given, exact) > max(chance)
    assert faithful(name, params, given, -exact) < min(chance)


@pictures
def test_of_pictures_the_exact_attribution_wins(name: str, params: Params) -> None:
    weights, inputs = weights_of_pictures(), picture()
    exact = weights * inputs[0]
    if name.startswith("road"):  # what is taken away comes near to the mean, and not to black
        exact = weights * (inputs[0] - inputs[0].mean((1, 2), keepdim=True))
    check_order(name, params, picture_input(LinearPictures(weights), inputs), exact)


@others
def test_of_texts_the_exact_attribution_wins(name: str, params: Params) -> None:
    exact, given = exact_values(), text_input()
    best = faithful(name, params, given, exact)
    worst = faithful(name, params, given, -exact)
    if name == "infidelity":
        assert best == pytest.approx(0, abs=1e-9)
        assert worst < -1
    elif name == "faithfulness-correlation":
        assert (best, worst) == pytest.approx((1, -1), abs=1e-5)
    else:
        assert best > 0 > worst


@others
def test_of_forecasts_the_exact_attribution_wins(name: str, params: Params) -> None:
    # Weights that change slowly, so that a stretch is worth what its values are.
    weights = torch.randn((4, 3), generator=torch.Generator().manual_seed(2))
    weights = weights.repeat_interleave(3, 0)
    given = series_input(weights)
    check_order(name, params, given, weights * given.x[0])


class UpperHalf(nn.Module):
    """Two classes by the brightness of the upper half; what is below does not matter."""

    def forward(self, x: Tensor) -> Tensor:
        score = 8 * (x[:, :, : SIDE // 2].mean((1, 2, 3)) - 0.3)
        return torch.stack([score, -score], 1)


@pictures
def test_of_a_model_that_ignores_half_the_picture(name: str, params: Params) -> None:
    """A map of the half that counts is better than one of the other half."""
    inputs = 0.6 * picture()
    inputs[:, :, : SIDE // 2] += 0.4
    given = picture_input(UpperHalf(), inputs)
    upper = torch.zeros((1, SIDE, SIDE))
    upper[:, : SIDE // 2] = 1
    best = faithful(name, params, given, upper)
    assert best > faithful(name, params, given, 1 - upper)


@pictures
def test_a_model_that_always_says_the_same_is_told(name: str, params: Params) -> None:
    given = picture_input(LinearPictures(torch.zeros((3, SIDE, SIDE))), picture())
    check_told(name, params, Case(given, weights_of_pictures(), True))


@pictures
def test_a_picture_of_one_colour_is_told(name: str, params: Params) -> None:
    """What stands for a pixel is the pixel: nothing is taken away, but for the rounding of a
    blur."""
    plain = torch.full((1, 3, SIDE, SIDE), 0.5)
    given = picture_input(LinearPictures(weights_of_pictures()), plain)
    blurred = params if name.startswith("road") else {**params, "fill": "blur"}
    check_told(name, blurred, Case(given, weights_of_pictures(), True))


@others
def test_a_baseline_that_is_the_input_is_told(name: str, params: Params) -> None:
    given = series_input(torch.ones((6, 2)))
    given = given.at(torch.zeros_like(given.x))
    values = torch.randn((6, 2), generator=torch.Generator().manual_seed(1))
    check_told(name, params, Case(given, values, True))


def check_told(name: str, params: Params, case: Case) -> None:
    """A sentence instead of a figure, or 0 with a sentence."""
    metric = METRICS[name]
    try:
        found = metric.judge(case, metric.params(params)).found
    except Incompatible as error:
        assert "the score stays" in str(error)
        return
    assert abs(found.value) < 1e-6
    assert found.note == "The model says the same, whatever is taken away."


@others
def test_a_text_of_one_word_is_refused(name: str, params: Params) -> None:
    case = Case(text_input([6]), torch.tensor([0.0, 1.0]), True)
    with pytest.raises(Incompatible, match="the input has one word"):
        METRICS[name].judge(case, METRICS[name].params(params))
