"""Gradient methods against closed forms, hand-computed values and Captum."""

import captum.attr
import pytest
import torch
from torch import nn

from dlexplain.errors import Incompatible
from dlexplain.explainers.batching import Target
from dlexplain.explainers.methods.gradients import GUIDED
from dlexplain.explainers.operations import Ruled
from tests.tiny import conv_net, explain, linear_net, picture, prepared


def weights(net: nn.Sequential, index: int = 1) -> torch.Tensor:
    return net[1].weight[index].detach().reshape(3, 32, 32)


def test_saliency_of_a_linear_model_is_its_weights() -> None:
    net = linear_net()
    signed = explain(net, "saliency", absolute=False)
    torch.testing.assert_close(torch.tensor(signed.values), weights(net))
    assert signed.signed
    absolute = explain(net, "saliency")
    torch.testing.assert_close(torch.tensor(absolute.values), weights(net).abs())
    assert not absolute.signed


def test_input_x_gradient_of_a_linear_model() -> None:
    net = linear_net()
    found = explain(net, "input-x-gradient")
    torch.testing.assert_close(torch.tensor(found.values), picture()[0] * weights(net))


@pytest.mark.parametrize("method", ["integrated-gradients", "deeplift"])
def test_complete_methods_on_a_linear_model(method: str) -> None:
    net = linear_net()
    found = explain(net, method, baseline="black")
    expected = (picture()[0] + 1) * weights(net)  # black is -1
    torch.testing.assert_close(torch.tensor(found.values), expected, rtol=1e-4, atol=1e-5)
    assert found.completeness_error < 1e-4


def test_a_contrast_is_the_difference_of_the_classes() -> None:
    net = linear_net()
    found = explain(net, "saliency", target=Target(1, 2), absolute=False)
    torch.testing.assert_close(torch.tensor(found.values), weights(net, 1) - weights(net, 2))


def test_integrated_gradients_equal_captums() -> None:
    net, x = conv_net().eval(), picture()
    expected = captum.attr.IntegratedGradients(net).attribute(
        x, baselines=torch.full_like(x, -1), target=1, n_steps=20
    )
    found = explain(net, "integrated-gradients", x, steps=20, tolerance=0, baseline="black")
    torch.testing.assert_close(
        torch.tensor(found.values), expected[0].float(), rtol=1e-3, atol=1e-5
    )


def test_a_tolerance_adds_steps_until_it_is_met() -> None:
    net = conv_net()
    coarse = explain(net, "integrated-gradients", steps=2, tolerance=0)
    fine = explain(net, "integrated-gradients", steps=2, tolerance=0.001)
    assert coarse.completeness_error > 0.001
    assert fine.completeness_error <= 0.001
    assert fine.evaluations > coarse.evaluations


def test_a_spent_budget_is_said() -> None:
    found = explain(conv_net(), "integrated-gradients", steps=2, tolerance=1e-9, max_steps=6)
    assert "budget of 6 steps was spent" in found.note


def test_smoothgrad_and_vargrad_without_noise() -> None:
    net = conv_net()
    plain = explain(net, "saliency")
    smooth = explain(net, "smoothgrad", samples=4, noise=0)
    torch.testing.assert_close(torch.tensor(smooth.values), torch.tensor(plain.values))
    still = explain(net, "vargrad", samples=4, noise=0)
    assert float(still.values.max()) == pytest.approx(0, abs=1e-7)


def test_guided_backpropagation_equals_captums_on_relu() -> None:
    net, x = conv_net(nn.ReLU).eval(), picture()
    found = explain(net, "guided-backprop", x)
    guided = captum.attr.GuidedBackprop(net)
    with pytest.warns(UserWarning, match="backward hooks on ReLU"):
        expected = guided.attribute(x.requires_grad_(), target=1)
    torch.testing.assert_close(torch.tensor(found.values), expected[0], rtol=1e-4, atol=1e-6)


def test_guided_rule_of_relu6_by_hand() -> None:
    # Three pixels: below 0, inside, above 6; weights after it +2, +3 and +5; a fourth inside, -1.
    x = torch.tensor([-1.0, 2.0, 7.0, 3.0], requires_grad=True)
    (Ruled(nn.ReLU6(), GUIDED)(x) * torch.tensor([2.0, 3.0, 5.0, -1.0])).sum().backward()
    assert x.grad.tolist() == [0, 3, 0, 0]


def test_deeplift_is_complete_on_relu6_and_refused_where_it_is_not_exact() -> None:
    assert explain(conv_net(), "deeplift").completeness_error < 1e-4
    with pytest.raises(Incompatible, match="not exact for GELU"):
        explain(conv_net(nn.GELU), "deeplift")


def test_expected_gradients_of_a_linear_model_sum_up() -> None:
    found = explain(linear_net(), "expected-gradients", samples=400, baselines=4)
    again = explain(linear_net(), "expected-gradients", samples=400, baselines=4)
    assert (found.values == again.values).all()
    assert found.completeness_error < 0.2  # sampling


def test_hooks_are_gone_after_every_method() -> None:
    model = prepared(conv_net())
    for method in ("grad-cam", "score-cam", "deeplift", "guided-grad-cam"):
        explain(model, method)
    assert all(
        not (m._forward_hooks or m._backward_hooks or m._forward_pre_hooks)
        for m in model.module.modules()
    )
