"""The article's CNN: its convolution by hand, each choice against plain arithmetic, odd sides."""

import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dlexplain.networks.base import ARCHITECTURES, PictureShape
from dlexplain.networks.cnn import Params
from dlexplain.networks.modules.cnn import ArticleCNN
from dlexplain.params import parse

SMALL = PictureShape(1, 8, 3)


def build(shape: PictureShape = SMALL, **params: int | float | str | bool) -> ArticleCNN:
    torch.manual_seed(0)
    given = {"width": 4, "blocks": 1, "dense": 8, "norm": False} | params
    return ArticleCNN(shape, parse(Params, given)).eval()


def picture(shape: PictureShape, count: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn((count, shape.channels, shape.side, shape.side), generator=generator)


def test_the_convolution_is_the_articles_sum() -> None:
    """y[m, n] = b + sum over channels and p, q of x[m + p, n + q] k[p, q], x from -1 on 0."""
    shape = PictureShape(2, 5, 3)
    convolution = build(shape).features[0]
    assert isinstance(convolution, nn.Conv2d) and convolution.bias is not None
    nn.init.normal_(convolution.bias)
    x = picture(shape, 1)
    padded = np.pad(x[0].numpy(), ((0, 0), (1, 1), (1, 1)))
    kernel, bias = convolution.weight.detach().numpy(), convolution.bias.detach().numpy()
    expected = np.zeros((4, 5, 5))
    for out, m, n in product(range(4), range(5), range(5)):
        expected[out, m, n] = bias[out] + sum(
            padded[c, m + p, n + q] * kernel[out, c, p, q]
            for c, p, q in product(range(2), range(3), range(3))
        )
    np.testing.assert_allclose(convolution(x)[0].detach().numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("relu", lambda v: max(v, 0.0)),
        ("tanh", math.tanh),
        ("sigmoid", lambda v: 1 / (1 + math.exp(-v))),
    ],
)
def test_activations(name: str, formula: Callable[[float], float]) -> None:
    net = build(activation=name)
    values = torch.tensor([-2.0, -0.5, 0.0, 0.5, 2.0])
    expected = [formula(float(v)) for v in values]
    for activation in (net.features[1], net.classifier[1]):
        torch.testing.assert_close(activation(values), torch.tensor(expected))


@pytest.mark.parametrize(("name", "expected"), [("max", [6.0, 8.0]), ("average", [3.5, 5.5])])
def test_pooling_of_each_square_of_four(name: str, expected: list[float]) -> None:
    """An odd last column has no square of its own and is left out."""
    square = torch.tensor([[[1.0, 2, 3, 4, 99], [5, 6, 7, 8, 99]]])
    assert build(pooling=name).features[-1](square).flatten().tolist() == expected


@pytest.mark.parametrize("side", [4, 5, 7, 9, 28, 33])
@pytest.mark.parametrize("blocks", [1, 3, 5])
def test_any_side_from_4_gives_a_logit_a_class(side: int, blocks: int) -> None:
    shape = PictureShape(3, side, 7)
    net = build(shape, blocks=blocks, norm=True)
    features = net.features(picture(shape))
    expected = side
    for _ in range(blocks):
        expected = max(1, expected // 2)
    assert features.shape == (2, 4 * 2 ** (blocks - 1), expected, expected)
    assert net(picture(shape)).shape == (2, 7)


def test_the_network_is_its_layers_in_the_articles_order() -> None:
    shape = SMALL
    net, x = build(shape, activation="tanh", pooling="average"), picture(shape)
    conv, dense, last = net.features[0], net.classifier[0], net.classifier[3]
    hidden = conv(x).tanh()
    pooled = hidden.reshape(2, 4, 4, 2, 4, 2).mean((3, 5)).reshape(2, -1)
    logits = (pooled @ dense.weight.T + dense.bias).tanh() @ last.weight.T + last.bias
    torch.testing.assert_close(net(x), logits)


def test_batch_norm_takes_the_place_of_the_bias() -> None:
    with_norm, without = build(norm=True), build(norm=False)
    assert with_norm.features[0].bias is None
    assert isinstance(with_norm.features[1], nn.BatchNorm2d)
    assert without.features[0].bias is not None
    assert not any(isinstance(m, nn.BatchNorm2d) for m in without.modules())


def test_dropout_only_while_training() -> None:
    net = build(dropout=0.5)
    x = picture(SMALL)
    assert torch.equal(net(x), net(x))
    dropped = net.train().classifier[2](torch.ones(10_000))
    assert set(dropped.tolist()) == {0.0, 2.0}
    assert 0.45 < float((dropped == 0).float().mean()) < 0.55


@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid"])
def test_first_weights_keep_the_size_of_the_signal(name: str) -> None:
    """He: variance 2 / fan in. Glorot: gain² 2 / (fan in + fan out)."""
    net = build(PictureShape(1, 32, 10), width=8, activation=name, dense=256)
    dense = net.classifier[0].requires_grad_(False)
    fan_in, fan_out = dense.in_features, dense.out_features
    gain = {"tanh": 5 / 3, "sigmoid": 1.0, "relu": math.sqrt(2)}[name]
    spread = 1 / fan_in if name == "relu" else 2 / (fan_in + fan_out)
    assert float(dense.weight.std()) == pytest.approx(gain * math.sqrt(spread), rel=0.02)
    assert float(dense.bias.abs().max()) == 0


def test_it_is_registered_for_pictures() -> None:
    found = ARCHITECTURES["cnn"]
    assert found.tasks == ("classify-image",) and found.least == 4
    built = found.build(PictureShape(3, 4, 2), found.Params())
    assert isinstance(built, ArticleCNN) and built(torch.zeros(2, 3, 4, 4)).shape == (2, 2)
