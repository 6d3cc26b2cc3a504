"""Rules hold for what a network computes: a ReLU as a module, a function, in place, shared."""

import warnings
from collections.abc import Callable
from typing import Any

import captum.attr
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.explainers.operations import Rules
from tests.tiny import explain, picture, prepared

Function = Callable[[Tensor], Tensor]


class Twice(nn.Module):
    """Two convolutions, each with an activation and a pooling after it, and a dense layer."""

    def __init__(self, first: Function, second: Function, pool: Function) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.one, self.two = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.out = nn.Linear(8 * 8 * 8, 4)
        self.first, self.second, self.pool = first, second, pool
        with torch.no_grad():
            self.one.weight *= 3
            self.two.weight *= 3

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.first(self.one(x)))
        found: Tensor = self.out(self.pool(self.second(self.two(x))).flatten(1))
        return found


def plain(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 2)


def twice(function: Function, pool: Function = plain) -> Twice:
    return Twice(function, function, pool)


def separate() -> Twice:
    """What all others here must equal."""
    return Twice(nn.ReLU(), nn.ReLU(), nn.MaxPool2d(2))


RELUS: dict[str, Function] = {
    "shared module": nn.ReLU(),
    "shared module in place": nn.ReLU(inplace=True),
    "F.relu": F.relu,
    "F.relu in place": lambda x: F.relu(x, inplace=True),
    "torch.relu": torch.relu,
    "relu_": lambda x: x.relu_(),
    "clamp": lambda x: x.clamp(min=0),
    "clamp_min_": lambda x: x.clamp_min_(0),
    "threshold": lambda x: F.threshold(x, 0.0, 0.0),
    "maximum": lambda x: torch.maximum(torch.zeros_like(x), x),
}


@pytest.mark.parametrize("method", ["guided-backprop", "guided-grad-cam", "deeplift"])
@pytest.mark.parametrize("relu", RELUS)
def test_a_relu_counts_however_it_is_called(relu: str, method: str) -> None:
    # The functions leave Grad-CAM without a layer after the last ReLU.
    params: dict[str, Any] = {"layer": "two"} if method == "guided-grad-cam" else {}
    expected = explain(separate(), method, **params)
    found = explain(twice(RELUS[relu]), method, **params)
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-4, atol=1e-7)
    assert np.abs(expected.values).max() > 0
    if method == "deeplift":
        assert found.completeness_error < 1e-3


class OneOfTwoNames(nn.Module):
    def __init__(self, relus: tuple[nn.Module, nn.Module]) -> None:
        super().__init__()
        torch.manual_seed(0)
        convolutions = [nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)]
        self.body = nn.Sequential(
            convolutions[0], relus[0], convolutions[1], relus[1],
            nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(128, 3),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.body(x)
        return found


@pytest.mark.parametrize("method", ["guided-backprop", "guided-grad-cam", "deeplift", "grad-cam"])
def test_one_relu_under_two_names_is_two(method: str) -> None:
    one = nn.ReLU(inplace=True)
    found = explain(OneOfTwoNames((one, one)), method)
    expected = explain(OneOfTwoNames((nn.ReLU(), nn.ReLU())), method)
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    "activation", [nn.ReLU, nn.Sigmoid, nn.Tanh, nn.ELU, nn.LeakyReLU, nn.Softplus]
)
def test_deeplift_equals_captums_where_that_is_exact(activation: type[nn.Module]) -> None:
    torch.manual_seed(3)
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3), activation(), nn.Conv2d(8, 8, 3, stride=2), activation(),
        nn.Flatten(), nn.Linear(8 * 14 * 14, 4),
    ).eval()  # fmt: skip
    x = picture()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it sets hooks
        expected = (
            captum.attr.DeepLift(net)
            .attribute(x.clone().requires_grad_(), torch.full_like(x, -1), target=1)
            .detach()
        )
    found = explain(net, "deeplift", x, baseline="black")
    largest = float(expected.abs().max())
    np.testing.assert_allclose(found.values, expected[0].numpy(), rtol=1e-3, atol=1e-4 * largest)


class OwnGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        return grads[0] * (ctx.saved_tensors[0] > 0)


def scripted() -> Function:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is deprecated
        compiled: Function = torch.jit.script(nn.ReLU())
    return compiled


NOT_EXACT: dict[str, tuple[Function, str]] = {
    "functional GELU": (F.gelu, "not exact for GELU"),
    "softmax": (lambda x: x.softmax(1), "not exact for softmax"),
    "product": (lambda x: x * x, "a product of two values"),
    "quotient": (lambda x: x / (1 + x.mean(1, keepdim=True)), "a quotient"),
    "by hand": (lambda x: x * (x > 0), "a comparison"),
    "a choice": (lambda x: F.relu(x) if float(x.detach().mean()) > 0 else x, "a choice"),
    "batch statistics": (nn.BatchNorm2d(8, track_running_stats=False), "mean and deviation"),
    "layer norm": (lambda x: F.layer_norm(x, x.shape[1:]), "not exact for LayerNorm"),
    "its own gradient": (OwnGradient.apply, "not exact for clamp"),
    "compiled": (scripted(), "not exact for relu"),
    "cut off": (lambda x: F.relu(x) - 0.5 * x.detach(), "miss the difference of the scores by"),
}


@pytest.mark.parametrize("what", NOT_EXACT)
def test_deeplift_is_refused_for_what_the_network_computes(what: str) -> None:
    function, why = NOT_EXACT[what]
    with pytest.raises(Incompatible, match=why):
        explain(twice(function), "deeplift")


@pytest.mark.parametrize(
    "pool", [lambda x: x.unflatten(3, (-1, 2)).amax(-1)[:, :, ::2], lambda x: F.lp_pool2d(x, 2, 2)]
)
def test_deeplift_is_refused_for_other_poolings(pool: Function) -> None:
    with pytest.raises(Incompatible, match="not exact for"):
        explain(twice(F.relu, pool), "deeplift")


@pytest.mark.parametrize("what", ["by hand", "its own gradient", "compiled"])
def test_guided_backpropagation_is_refused_where_a_relu_cannot_be_changed(what: str) -> None:
    net = Twice(F.relu, NOT_EXACT[what][0], plain)
    with pytest.raises(Incompatible, match="cannot at one of the model's"):
        explain(net, "guided-backprop")


def test_rules_end_with_their_block_and_on_an_error() -> None:
    x = torch.tensor([-1.0, 2.0], requires_grad=True)
    rules = Rules({"relu": lambda call: call.x * 3})
    with rules:
        assert F.relu(x).tolist() == [-3, 6]
        assert F.relu(x.detach()).tolist() == [0, 2]  # nothing that a gradient would reach
    assert F.relu(x).tolist() == [0, 2]

    def fail(_call: Any) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), Rules({"relu": fail}) as failing:
        F.relu(x)
    assert (failing.inside, F.relu(x).tolist()) == (False, [0, 2])


def test_the_original_keeps_its_answers_and_has_no_hooks() -> None:
    model = prepared(twice(nn.ReLU(inplace=True)))
    before = model.logits(picture())
    for method in ("guided-backprop", "deeplift", "guided-grad-cam"):
        explain(model, method)
    torch.testing.assert_close(model.logits(picture()), before, rtol=0, atol=0)
    assert not any(m._forward_hooks or m._backward_hooks for m in model.module.modules())
