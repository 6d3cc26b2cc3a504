"""Class activation maps, by hand and against Captum."""

import captum.attr
import pytest
import torch
from torch import nn

from dlexplain.errors import Incompatible, ParamError
from dlexplain.explainers.capture import spatial, spatial_layers
from tests.tiny import conv_net, explain, linear_net, picture, prepared


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
