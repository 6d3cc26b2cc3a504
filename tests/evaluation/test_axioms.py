"""What methods promise: by hand, and by those that break it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.first_layer import shifted_back
from dlexplain.evaluation.metrics.axioms import relative_move
from dlexplain.explainers.base import METHODS
from dlexplain.explainers.inputs.picture import cells
from tests.evaluation.cases import (
    SIDE,
    LinearPictures,
    explained,
    judged,
    linear_case,
    picture,
    picture_input,
    series_input,
    small_case,
    small_net,
    text_input,
    weights_of_pictures,
)
from tests.quantus_metrics import quantus

FEW = {"window": 4, "stride": 4}
LINEAR = {
    "saliency": {"absolute": False},
    "input-x-gradient": {},
    "integrated-gradients": {"tolerance": 1.0, "baseline": "black"},
    "expected-gradients": {"samples": 20},
    "grad-cam": {"positive": False},
    "hires-cam": {"positive": False},
    "occlusion": FEW,
    "kernel-shap": {"samples": 60},
    "shap-sampling": {},
    "shapley-values": {},
}


def test_relative_move_by_hand() -> None:
    a = torch.tensor([3.0, 4.0])
    assert relative_move(a, a) == 0
    assert relative_move(a, 0 * a) == 1
    assert relative_move(a, -a) == 2
    assert relative_move(0 * a, 0 * a) == 0
    assert relative_move(a, torch.tensor([3.0, 3.0])) == pytest.approx(0.2)


def test_completeness_is_the_part_of_the_sum_that_is_missing() -> None:
    given = picture_input(LinearPictures(weights_of_pictures()), picture())
    case = explained(given, "integrated-gradients", baseline="black")
    assert judged("completeness", case).value == pytest.approx(0, abs=1e-4)
    halved = replace(case, values=case.values / 2, _parts={}, shared={})
    assert judged("completeness", halved).value == pytest.approx(0.5, abs=1e-4)


def test_completeness_is_of_methods_that_promise_it() -> None:
    with pytest.raises(Incompatible, match="Saliency does not promise that its values have a sum"):
        judged("completeness", small_case("saliency"))


def test_a_score_that_is_its_baselines_is_told() -> None:
    """Both are a bias, whatever the picture shows; and nothing is divided by zero."""
    given = picture_input(LinearPictures(0 * weights_of_pictures()), picture())
    shown = METHODS["integrated-gradients"]
    case = Case(given, weights_of_pictures(), True, shown, shown.request("picture"))
    found = judged("completeness", case)
    assert np.isfinite(found.value)
    assert "hardly differs from that of what the input is compared with" in found.note


@pytest.mark.parametrize("padding", [0, 1])
def test_the_first_layer_takes_a_shift_back(padding: int) -> None:
    given = picture_input(small_net(padding=padding), picture())
    _, x = given.differentiable()
    network = shifted_back(given, 0.3)
    torch.testing.assert_close(network(x + 0.3), given.network(x), rtol=1e-4, atol=1e-4)
    assert not torch.allclose(given.network(x + 0.3), given.network(x), atol=1e-2)


class Standardised(nn.Module):
    """What comes before the first layer scales the input."""

    def __init__(self) -> None:
        super().__init__()
        self.net = small_net()

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.net((x - 0.4) / 0.2)
        return found


@pytest.mark.parametrize("network", [small_net(), small_net(padding=0), Standardised()])
def test_a_gradient_stays_and_a_product_with_the_input_moves(network: nn.Module) -> None:
    given = picture_input(network, picture())
    assert judged("input-invariance", explained(given, "saliency")).value < 1e-4
    case = explained(given, "input-x-gradient")
    gradient = explained(given, "saliency", absolute=False).values
    moved = 0.1 * gradient  # by hand: (x + c) · g - x · g
    longest = max(float(case.values.norm()), float((case.values + moved).norm()))
    expected = float(moved.norm()) / longest
    assert judged("input-invariance", case).value == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("method", ["saliency", "input-x-gradient"])
def test_input_invariance_says_what_quantus_says(method: str) -> None:
    case = explained(picture_input(small_net(padding=0), picture()), method)
    network = nn.Sequential(case.given.network.first, Rest(case.given.network))

    def explain(model: nn.Module, inputs: np.ndarray, **_: object) -> np.ndarray:
        x = torch.from_numpy(inputs).float()
        given = case.given.of_network(model, "theirs").at(x)
        found = METHODS[method].explain(given, case.request).values
        return found[None]

    judge = quantus.InputInvariance(input_shift=-0.1, disable_warnings=True)
    (theirs,) = judge(
        network,
        picture().numpy(),
        np.array([0]),
        a_batch=case.values[None].numpy(),
        explain_func=explain,
    )
    assert (judged("input-invariance", case).value < 1e-4) is bool(theirs)


class Rest(nn.Module):
    """A small network behind its first layer."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        grid = torch.relu(self.network.second(torch.relu(x)))
        found: Tensor = self.network.last(grid.mean((2, 3)))
        return found


def test_a_first_layer_that_cannot_is_told() -> None:
    linear = picture_input(LinearPictures(weights_of_pictures()), picture())
    weights = torch.randn((8, 3), generator=torch.Generator().manual_seed(1))
    for given, kind in ((linear, "LinearPictures"), (series_input(weights), "Linear")):
        said = f'the first layer with weights is "" \\({kind}\\); the bias of a Conv2d or a Linear'
        with pytest.raises(Incompatible, match=said):
            judged("input-invariance", explained(given, "input-x-gradient"))


class Elsewhere(nn.Module):
    """Another layer sees the picture too."""

    def __init__(self) -> None:
        super().__init__()
        self.first = small_net()

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.first(x) + x.mean((1, 2, 3))[:, None]
        return found


def test_a_network_that_sees_the_input_elsewhere_is_told() -> None:
    case = explained(picture_input(Elsewhere(), picture()), "saliency")
    with pytest.raises(Incompatible, match="the network sees its input elsewhere too"):
        judged("input-invariance", case)


class Hidden(nn.Module):
    """A forecaster of three numbers with a hidden layer."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(3)
            self.hidden, self.last = nn.Linear(24, 10), nn.Linear(10, 3)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.last(torch.tanh(self.hidden(x.flatten(1))))
        return found


def test_of_series() -> None:
    given = series_input(torch.zeros((8, 3)))
    given = given.of_network(Hidden().eval().requires_grad_(False), "hidden")
    case = explained(given, "input-x-gradient")
    assert judged("input-invariance", case).value > 0.01
    assert judged("linearity", case).value < 1e-5


@pytest.mark.parametrize("method", LINEAR)
def test_methods_that_promise_linearity_keep_it(method: str) -> None:
    given = picture_input(small_net(), picture(), target=2)
    given = replace(given, segments=cells(SIDE, SIDE, 2))
    case = explained(given, method, **LINEAR[method])
    assert judged("linearity", case).value < 1e-3


def test_every_method_that_promises_it_is_tried() -> None:
    for name, method in METHODS.items():
        if method.suits("picture") and method.linear:
            assert name in LINEAR


def test_of_texts_too() -> None:
    for method in ("saliency", "integrated-gradients", "gradient-shap"):
        params = {"absolute": False} if method == "saliency" else {}
        case = explained(text_input(), method, **params)
        assert judged("linearity", case).value < 1e-2


def test_a_method_that_does_not_promise_it_would_break_it() -> None:
    case = small_case("saliency")
    with pytest.raises(Incompatible, match="Saliency does not promise that the map of a sum"):
        judged("linearity", case)
    with pytest.raises(Incompatible, match="came without their method"):
        judged("linearity", linear_case())


def test_one_output_has_no_difference() -> None:
    weights = torch.randn((8, 3), generator=torch.Generator().manual_seed(1))
    with pytest.raises(Incompatible, match="the model has one output; a difference needs two"):
        judged("linearity", explained(series_input(weights), "input-x-gradient"))
