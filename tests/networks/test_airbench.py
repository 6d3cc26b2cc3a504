"""Airbench's network: whitening, the identity it starts as, what is frozen."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.networks.airbench import Params
from dlexplain.networks.base import ARCHITECTURES, PictureShape
from dlexplain.networks.modules.airbench import AirbenchNet, Block, whitening
from dlexplain.networks.modules.base import SeesData
from dlexplain.params import parse

CIFAR = PictureShape(3, 32, 10)


def build(shape: PictureShape = CIFAR) -> AirbenchNet:
    torch.manual_seed(0)
    return AirbenchNet(shape, parse(Params, {"width": 32, "deep": 48})).eval()


def pictures(channels: int = 3, count: int = 40) -> Tensor:
    """Smooth and correlated over channels, mean 0, deviation 1, as normalised ones are."""
    generator = torch.Generator().manual_seed(2)
    noise = torch.randn((count, channels, 12, 12), generator=generator)
    mixed = F.avg_pool2d(noise, 3, 1) + 0.5 * F.avg_pool2d(noise, 3, 1).mean(1, keepdim=True)
    return (mixed - mixed.mean()) / mixed.std()


@pytest.mark.parametrize("channels", [1, 3])
def test_whitened_patches_have_the_identity_as_covariance(channels: int) -> None:
    x = pictures(channels)
    filters = whitening(x, 2, epsilon=0.0)
    size = channels * 4
    assert filters.shape == (size, channels, 2, 2)
    white = F.conv2d(x, filters).permute(1, 0, 2, 3).reshape(size, -1).double()
    torch.testing.assert_close(
        white @ white.T / white.shape[1], torch.eye(size).double(), atol=2e-3, rtol=0
    )


def test_filters_come_in_the_order_of_their_share_of_the_variance() -> None:
    """A filter's length is 1 / sqrt(eigenvalue): the first, the smoothest, is the shortest."""
    lengths = whitening(pictures(), 2, epsilon=0.0).flatten(1).norm(dim=1)
    assert (lengths.diff() >= 0).all()
    patches = F.unfold(pictures(), 2).permute(1, 0, 2).flatten(1).double()
    values = torch.linalg.eigvalsh(patches @ patches.T / patches.shape[1]).flip(0)
    torch.testing.assert_close(lengths.double(), values**-0.5, rtol=1e-4, atol=0)


def test_epsilon_bounds_what_hardly_varies() -> None:
    flat = torch.ones(5, 1, 6, 6)  # three of four directions have no variance at all
    lengths = whitening(flat, 2, epsilon=0.01).flatten(1).norm(dim=1)
    torch.testing.assert_close(lengths, torch.tensor([4.01**-0.5, 10.0, 10.0, 10.0]))


def test_a_network_that_saw_data_whitens_with_both_signs_and_never_learns_it() -> None:
    net, x = build(), pictures()
    assert isinstance(net, SeesData)
    net.see_data(x)
    weight = net.whiten.weight
    torch.testing.assert_close(weight[:12], whitening(x, 2))
    assert torch.equal(weight[12:], -weight[:12])
    assert not weight.requires_grad


def test_a_block_starts_as_the_identity_of_what_comes_in() -> None:
    """Dirac weights, fresh norms: GELU(GELU(max pool)) in the first channels."""
    block, x = Block(5, 8).eval(), torch.randn(2, 5, 8, 8)
    expected = F.gelu(F.gelu(F.max_pool2d(x, 2)))
    torch.testing.assert_close(block(x)[:, :5], expected)
    torch.testing.assert_close(block.conv1(x)[:, :5], x)
    same = Block(6, 6)
    y = torch.randn(2, 6, 4, 4)
    torch.testing.assert_close(same.conv2(same.conv1(y)), y)


def test_norms_have_no_scale_that_learns_and_quick_statistics() -> None:
    norms = [m for m in build().modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 6
    for norm in norms:
        assert not norm.weight.requires_grad and (norm.weight == 1).all()
        assert norm.bias.requires_grad
        assert norm.momentum == 0.4  # torch's is one less the paper's


@pytest.mark.parametrize(("side", "channels"), [(17, 1), (28, 1), (32, 3), (33, 3)])
def test_shapes(side: int, channels: int) -> None:
    net, x = build(PictureShape(channels, side, 7)), torch.randn(2, channels, side, side)
    white = net.whiten(x)
    assert white.shape == (2, 8 * channels, side - 1, side - 1)
    left = (side - 1) // 8
    assert net.blocks(white).shape == (2, 48, left, left)
    assert net(x).shape == (2, 7)


def test_logits_are_a_ninth_of_the_heads_output() -> None:
    net, x = build(), torch.randn(2, 3, 32, 32)
    pooled = net.blocks(F.gelu(net.whiten(x))).amax((2, 3))
    torch.testing.assert_close(net(x), pooled @ net.head.weight.T / 9)


def test_the_papers_size() -> None:
    """Jordan 2024: 64, 256 and 256 channels; the head has no bias."""
    net = AirbenchNet(CIFAR, Params())
    assert [b.conv2.out_channels for b in net.blocks] == [64, 256, 256]  # type: ignore[union-attr]
    convolutions = 9 * (24 * 64 + 64**2 + 64 * 256 + 256**2 + 2 * 256**2)
    biases = 24 + 2 * (64 + 256 + 256)
    learned = sum(p.numel() for p in net.parameters() if p.requires_grad)
    assert learned == convolutions + biases + 256 * 10
    assert ARCHITECTURES["airbench"].least == 17
