"""Class activation maps, by hand and against Captum."""

import captum.attr
import pytest
import torch
from torch import nn

from dlexplain.errors import Incompatible, ParamError
from dlexplain.explainers.batching import Target
from dlexplain.explainers.capture import spatial, spatial_layers
from tests.tiny import conv_net, explain, fixed, linear_net, picture, prepared


class TwoLayers(nn.Module):
    """A 1 x 1 convolution with two channels, red and -blue, then the mean with weights 3, -2."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1, bias=False)
        self.conv.weight.data = torch.tensor([[1.0, 0, 0], [0, 0, -1.0]])[:, :, None, None]
        self.head = nn.Linear(2, 1, bias=False)
        self.head.weight.data = torch.tensor([[3.0, -2.0]])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.conv(x).mean(dim=(2, 3)))


def test_grad_cam_by_hand() -> None:
    x = picture(side=4)
    model = prepared(TwoLayers(), side=4)
    # Gradient of the mean over 16 places: 3/16 and -2/16; the map 3/16 red + 2/16 blue.
    expected = (3 * x[0, 0] + 2 * x[0, 2]) / 16
    signed = explain(model, "grad-cam", x, 0, positive=False)
    torch.testing.assert_close(torch.tensor(signed.values[0]), expected)
    positive = explain(model, "grad-cam", x, 0)
    torch.testing.assert_close(torch.tensor(positive.values[0]), expected.clamp_min(0))
    assert signed.signed
    assert not positive.signed


class InPlaceUnderTwoNames(TwoLayers):
    """The same, where the head reads what a ReLU has written over: as the ReLU's output, as the
    convolution's, or as both."""

    def __init__(self, read: str) -> None:
        super().__init__()
        self.act, self.read = nn.ReLU(inplace=True), read

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        z = self.act(y)
        used = {"output": z * 1, "alias": y * 1, "both": y + z}[self.read]
        return self.head(used.mean(dim=(2, 3)))


@pytest.mark.parametrize(("read", "times"), [("output", 1), ("alias", 1), ("both", 2)])
def test_grad_cam_of_a_layer_in_place_sees_both_names_of_its_output(read: str, times: int) -> None:
    x = picture(side=4)
    model = prepared(InPlaceUnderTwoNames(read), side=4)
    red, blue = x[0, 0].clamp_min(0), (-x[0, 2]).clamp_min(0)
    expected = times * (3 * red - 2 * blue) / 16
    found = explain(model, "grad-cam", x, 0, layer="act", positive=False)
    torch.testing.assert_close(torch.tensor(found.values[0]), expected)
    conv = explain(model, "grad-cam", x, 0, layer="conv", positive=False)
    through = [(times / 16 * w * (c > 0)).mean() for w, c in ((3, x[0, 0]), (-2, -x[0, 2]))]
    torch.testing.assert_close(
        torch.tensor(conv.values[0]), through[0] * x[0, 0] - through[1] * x[0, 2]
    )


def test_layer_cam_and_grad_cam_plus_plus_by_hand() -> None:
    x = picture(side=4)
    model = prepared(TwoLayers(), side=4)
    red, blue = x[0, 0], -x[0, 2]
    layer = explain(model, "layer-cam", x, 0)
    torch.testing.assert_close(torch.tensor(layer.values[0]), (3 / 16 * red).clamp_min(0))
    g, h = 3 / 16, -2 / 16
    alpha = g**2 / (2 * g**2 + red.sum() * g**3)
    weight = 16 * alpha * g  # the blue channel's gradient is negative: its weight is 0
    assert h < 0
    plus = explain(model, "grad-cam-plus-plus", x, 0)
    expected = (weight * red + 0 * blue).clamp_min(0)
    torch.testing.assert_close(torch.tensor(plus.values[0]), expected)


class OneLinearLayer(TwoLayers):
    """A linear layer reads every place of the convolution."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.head = nn.Linear(2 * 16, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.conv(x).flatten(1))


def test_hires_cam_sums_to_the_score_where_one_linear_layer_follows() -> None:
    x = picture(side=4)
    model = prepared(OneLinearLayer(), side=4)
    net = model.module
    for target in range(3):
        signed = explain(model, "hires-cam", x, target, positive=False)
        expected = net(x)[0, target] - net.head.bias[target]
        torch.testing.assert_close(torch.tensor(signed.values.sum()), expected, check_dtype=False)
        positive = explain(model, "hires-cam", x, target)
        assert (positive.values == signed.values.clip(0)).all()
        assert (signed.signed, positive.signed) == (True, False)


def test_hires_cam_is_grad_cam_where_gradients_are_the_same_everywhere() -> None:
    x, model = picture(side=4), prepared(TwoLayers(), side=4)
    hires, grad = explain(model, "hires-cam", x, 0), explain(model, "grad-cam", x, 0)
    torch.testing.assert_close(torch.tensor(hires.values), torch.tensor(grad.values))


class Normalised(TwoLayers):
    """A LayerNorm after the convolution: its output does not depend on the input's length."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 8, 1)
        self.norm, self.head = nn.LayerNorm(8, eps=0, bias=False), nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(self.conv(x).permute(0, 2, 3, 1)).square().mean((1, 2)))


def test_hires_cam_tells_where_a_layer_norm_leaves_nothing_of_it() -> None:
    x, model = picture(side=4), prepared(Normalised(), side=4)
    found = explain(model, "hires-cam", x, 0, layer="conv")
    assert "cancel at each place" in found.note
    assert found.values.max() < 1e-5
    assert explain(prepared(TwoLayers(), side=4), "hires-cam", x, 0).note == ""


def test_eigen_cam_is_the_first_principal_direction() -> None:
    x, model = picture(side=4), prepared(TwoLayers(), side=4)
    places = torch.stack([x[0, 0], -x[0, 2]]).flatten(1).T.double()  # (16, 2)
    _, vectors = torch.linalg.eigh(places.T @ places)  # ascending
    expected = (places @ vectors[:, -1]).reshape(4, 4).float()
    expected = (expected * expected.sum().sign()).clamp_min(0)
    found = explain(model, "eigen-cam", x, 0)
    torch.testing.assert_close(torch.tensor(found.values[0]), expected, rtol=1e-4, atol=1e-5)
    assert "same for every class" in found.note
    black = explain(model, "eigen-cam", torch.zeros_like(x), 0)
    assert (black.values == 0).all()


def test_grad_cam_with_a_second_class_is_that_of_the_difference() -> None:
    x, net = picture(), conv_net()
    one = explain(net, "grad-cam", x, 0, positive=False).values
    two = explain(net, "grad-cam", x, 1, positive=False).values
    both = explain(net, "grad-cam", x, Target(0, 1), positive=False).values
    torch.testing.assert_close(torch.tensor(both), torch.tensor(one - two), rtol=1e-4, atol=1e-5)


def test_score_cam_by_hand() -> None:
    x = picture(side=4)
    model = prepared(TwoLayers(), side=4)
    activation = torch.stack([x[0, 0], -x[0, 2]])
    scores = []
    for channel in activation:
        mask = (channel - channel.min()) / (channel.max() - channel.min())
        scores.append(
            model.module(-1 + (x + 1) * mask)[0, 0] - model.module(torch.full_like(x, -1))[0, 0]
        )
    weights = torch.stack(scores).softmax(0)
    expected = (weights[:, None, None] * activation).sum(0).clamp_min(0)
    found = explain(model, "score-cam", x, 0)
    torch.testing.assert_close(torch.tensor(found.values[0]), expected, rtol=1e-4, atol=1e-5)


def test_grad_cam_equals_captums_at_any_layer() -> None:
    net, x = conv_net().eval(), picture()
    for name in ("2", "4"):
        expected = captum.attr.LayerGradCam(net, net[int(name)]).attribute(
            x, target=1, relu_attributions=True
        )
        expected = nn.functional.interpolate(expected, size=(32, 32), mode="bilinear")
        found = explain(net, "grad-cam", x, layer=name)
        torch.testing.assert_close(
            torch.tensor(found.values), expected[0].detach(), rtol=1e-3, atol=1e-5
        )


def test_guided_grad_cam_is_the_product() -> None:
    net = conv_net()
    product = explain(net, "guided-backprop").values * explain(net, "grad-cam").values
    torch.testing.assert_close(
        torch.tensor(explain(net, "guided-grad-cam").values), torch.tensor(product)
    )


def test_the_layer_is_found_and_an_unknown_one_told() -> None:
    model = prepared(conv_net())
    assert [layer.name for layer in spatial_layers(model)] == ["0", "2", "3", "4"]
    auto, last = explain(model, "grad-cam"), explain(model, "grad-cam", layer="4")
    assert (auto.values == last.values).all()
    with pytest.raises(ParamError, match='no spatial layer "conv9"; known: auto, 0, 2'):
        explain(model, "grad-cam", layer="conv9")
    with pytest.raises(Incompatible, match="no layer with a spatial grid"):
        explain(linear_net(), "grad-cam")


def test_tokens_become_a_grid_and_a_class_token_is_dropped() -> None:
    tokens = torch.arange(2 * 10 * 3.0).reshape(2, 10, 3)
    grid = spatial(tokens)
    assert grid.shape == (2, 3, 3, 3)
    assert grid[1, 2, 0, 1] == tokens[1, 1 + 1, 2]
    with pytest.raises(ValueError, match="no spatial grid"):
        spatial(torch.zeros(2, 7, 3))


def test_ablation_cam_by_hand() -> None:
    x, model = picture(side=4), prepared(TwoLayers(), side=4)
    # The score is 3 · mean(red) - 2 · mean(-blue): what it loses without a channel is its term.
    red, blue = 3 * x[0, 0].mean(), -2 * (-x[0, 2]).mean()
    expected = red * x[0, 0] + blue * -x[0, 2]
    signed = explain(model, "ablation-cam", x, 0, positive=False)
    torch.testing.assert_close(torch.tensor(signed.values[0]), expected, rtol=1e-4, atol=1e-6)
    assert signed.values.min() < 0 and signed.signed
    found = explain(model, "ablation-cam", x, 0)
    assert (found.values == signed.values.clip(0)).all() and not found.signed
    assert found.evaluations == 1 + 1 + 2
    assert found.note == ""


def plain_ablation(net: nn.Sequential, layer: int, x: torch.Tensor, target: int) -> torch.Tensor:
    """Channel by channel, (1, 1, 32, 32)."""
    with torch.no_grad():
        a = net[: layer + 1](x)
        score, weights = net(x)[0, target], []
        for channel in range(a.shape[1]):
            changed = a.clone()
            changed[:, channel] = 0
            weights.append(score - net[layer + 1 :](changed)[0, target])
        summed = (torch.stack(weights)[:, None, None] * a[0]).sum(0).clamp_min(0)
    return nn.functional.interpolate(summed[None, None], size=(32, 32), mode="bilinear")


@pytest.mark.parametrize("chunk", [1, 3, 16])
def test_ablation_cam_equals_a_loop_over_channels_at_any_layer(chunk: int) -> None:
    net, x = conv_net().eval(), picture()
    model = prepared(net)
    for layer in (2, 4):
        found = explain(
            model, "ablation-cam", x, 1, layer=str(layer), chunks=fixed(model, chunk)
        ).values
        expected = plain_ablation(net, layer, x, 1)
        assert float(expected.max()) > 0
        torch.testing.assert_close(torch.tensor(found), expected[0], rtol=1e-3, atol=1e-5)


def test_ablation_cam_of_some_channels_takes_those_that_vary_most() -> None:
    x = picture(side=4)
    x[:, 2] *= 0.1
    found = explain(prepared(TwoLayers(), side=4), "ablation-cam", x, 0, channels=1)
    expected = (3 * x[0, 0].mean() * x[0, 0]).clamp_min(0)
    torch.testing.assert_close(torch.tensor(found.values[0]), expected, rtol=1e-4, atol=1e-6)
    assert found.note == "1 of the layer's 2 channels were tried."


@pytest.mark.parametrize(("read", "times"), [("output", 1), ("alias", 1), ("both", 2)])
def test_ablation_cam_of_a_layer_in_place_sees_both_names_of_its_output(
    read: str, times: int
) -> None:
    x, model = picture(side=4), prepared(InPlaceUnderTwoNames(read), side=4)
    red, blue = x[0, 0].clamp_min(0), (-x[0, 2]).clamp_min(0)
    expected = (times * (3 * red.mean() * red - 2 * blue.mean() * blue)).clamp_min(0)
    found = explain(model, "ablation-cam", x, 0, layer="act")
    torch.testing.assert_close(torch.tensor(found.values[0]), expected, rtol=1e-4, atol=1e-6)


class OneActivationTwice(nn.Module):
    """One ReLU after two layers of 2 and of 5 channels; the score sums the 5 channels' means."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second, self.act = nn.Conv2d(3, 2, 1), nn.Conv2d(2, 5, 1), nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.act(self.second(self.act(self.first(x)))).mean((2, 3)).sum(1, keepdim=True)


def test_ablation_cam_of_a_layer_that_runs_twice_is_that_of_its_last_output() -> None:
    x, net = picture(side=4), OneActivationTwice()
    found = explain(prepared(net, side=4), "ablation-cam", x, 0, layer="act")
    with torch.no_grad():
        a = net.act(net.second(net.act(net.first(x))))[0]
    expected = (a.mean((1, 2))[:, None, None] * a).sum(0)
    torch.testing.assert_close(torch.tensor(found.values[0]), expected, rtol=1e-4, atol=1e-6)


class Tokens(nn.Module):
    """A class token that reads no place, and 16 tokens of places; the score is w · class token +
    v · mean of the places' tokens."""

    w, v = torch.tensor([2.0, -1.0, 0.5]), torch.tensor([1.0, 3.0, -2.0])

    def __init__(self) -> None:
        super().__init__()
        self.front = nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))
        self.norm = nn.Hardtanh(-10, 10)  # leaves them as they are

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        places = x.flatten(2).transpose(1, 2)  # (batch, 16, 3)
        tokens = self.norm(torch.cat([self.front.expand(len(x), 1, 3), places], 1))
        return (tokens[:, :1] @ self.w) + (tokens[:, 1:].mean(1) @ self.v)[:, None]


def test_ablation_cam_of_tokens_sets_a_channel_to_0_in_front_tokens_too() -> None:
    x, net = picture(side=4), Tokens()
    found = explain(prepared(net, side=4), "ablation-cam", x, 0)
    weights = net.w * net.front.detach() + net.v * x[0].mean((1, 2))
    expected = (weights[:, None, None] * x[0]).sum(0).clamp_min(0)
    torch.testing.assert_close(torch.tensor(found.values[0]), expected, rtol=1e-4, atol=1e-6)
