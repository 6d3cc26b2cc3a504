"""EfficientNet for other pictures: pretrained but for its head, any side, colour only."""

from typing import Any

import pytest
import torch
from torch import nn

from dlexplain.errors import BadInput
from dlexplain.networks.base import ARCHITECTURES, PictureShape
from dlexplain.networks.modules.efficientnet_lite0 import pretrained_state
from dlexplain.params import parse


def build(classes: int = 7, side: int = 32, **params: Any) -> nn.Module:
    found = ARCHITECTURES["efficientnet"]
    return found.build(PictureShape(3, side, classes), parse(found.Params, params))


def test_all_but_the_head_is_what_imagenet_taught() -> None:
    state, taught = build().network.state_dict(), pretrained_state()
    assert state["classifier.weight"].shape == (7, 1280)
    assert set(state) == set(taught)
    for name in set(state) - {"classifier.weight", "classifier.bias"}:
        assert torch.equal(state[name], taught[name]), name


@pytest.mark.parametrize(("side", "sees"), [(8, 64), (32, 64), (80, 80)])
def test_small_pictures_are_enlarged_and_large_ones_stay(side: int, sees: int) -> None:
    net = build(side=side, resolution=64).eval()
    seen: list[torch.Size] = []
    net.network.stem.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].shape))
    with torch.no_grad():
        assert net(torch.randn(2, 3, side, side)).shape == (2, 7)
    assert seen == [torch.Size((2, 3, sees, sees))]


def test_while_it_learns_the_inputs_scale_does_not_matter() -> None:
    net = build(resolution=64, dropout=0.0).train()
    x = torch.randn(4, 3, 32, 32)
    with torch.no_grad():
        alike = torch.cosine_similarity(net(x).flatten(), net(3 * x).flatten(), dim=0)
    assert float(alike) > 0.99


def test_grey_pictures_are_refused() -> None:
    found = ARCHITECTURES["efficientnet"]
    with pytest.raises(BadInput, match="3 channels; the data have 1"):
        found.build(PictureShape(1, 28, 10), found.Params())
