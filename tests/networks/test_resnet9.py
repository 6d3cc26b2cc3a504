"""ResNet-9: the skip, the stages, the scaled logits."""

import pytest
import torch
from torch import nn

from dlexplain.networks.base import ARCHITECTURES, PictureShape
from dlexplain.networks.modules.resnet9 import Residual, ResNet9
from dlexplain.networks.resnet9 import Params
from dlexplain.params import parse


def build(shape: PictureShape, width: int = 4, logit_scale: float = 0.125) -> ResNet9:
    torch.manual_seed(0)
    return ResNet9(shape, parse(Params, {"width": width, "logit_scale": logit_scale})).eval()


def test_a_residual_block_whose_convolutions_are_0_is_the_identity() -> None:
    block = Residual(6).eval()
    nn.init.zeros_(block.second.conv.weight)
    x = torch.randn(2, 6, 5, 5)
    assert torch.equal(block(x), x)


def test_a_residual_block_adds_two_convolutions() -> None:
    """Fresh batch norms in evaluation divide by sqrt(1 + 1e-5) only."""
    torch.manual_seed(0)
    block, x = Residual(3).eval(), torch.randn(2, 3, 5, 5)
    scale = (1 + 1e-5) ** -0.5
    first = (nn.functional.conv2d(x, block.first.conv.weight, padding=1) * scale).relu()
    second = (nn.functional.conv2d(first, block.second.conv.weight, padding=1) * scale).relu()
    torch.testing.assert_close(block(x), x + second)


@pytest.mark.parametrize("side", [8, 9, 15, 28, 32])
def test_stages_halve_the_side_three_times(side: int) -> None:
    net, x = build(PictureShape(3, side, 10)), torch.zeros(2, 3, side, side)
    shapes = []
    x = net.stem(x)
    for stage in net.stages:
        x = stage(x)
        shapes.append(tuple(x.shape[1:]))
    half, quarter, eighth = side // 2, side // 4, side // 8
    assert shapes == [
        (8, half, half),
        (8, half, half),
        (16, quarter, quarter),
        (32, eighth, eighth),
        (32, eighth, eighth),
    ]
    assert net(torch.zeros(2, 3, side, side)).shape == (2, 10)


def test_nine_layers_have_weights() -> None:
    net = build(PictureShape(3, 32, 10), width=64)
    layers = [m for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == 9
    convolutions = 9 * (3 * 64 + 64 * 128 + 2 * 128**2 + 128 * 256 + 256 * 512 + 2 * 512**2)
    norms = 2 * (64 + 3 * 128 + 256 + 3 * 512)
    assert sum(p.numel() for p in net.parameters()) == convolutions + norms + 512 * 10


def test_logits_are_scaled() -> None:
    shape, x = PictureShape(1, 8, 4), torch.randn(3, 1, 8, 8)
    torch.testing.assert_close(
        build(shape, logit_scale=0.125)(x) / 0.125, build(shape, logit_scale=1.0)(x)
    )


def test_the_largest_value_of_each_channel_is_what_counts() -> None:
    net, x = build(PictureShape(1, 16, 4), logit_scale=1.0), torch.randn(2, 1, 16, 16)
    pooled = net.stages(net.stem(x)).amax((2, 3))
    torch.testing.assert_close(net(x), pooled @ net.head.weight.T)


def test_it_is_registered_for_pictures() -> None:
    found = ARCHITECTURES["resnet9"]
    assert found.tasks == ("classify-image",) and found.least == 8
