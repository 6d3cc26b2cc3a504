"""Autoencoders and GAN: shapes at every side, mirrors, spectral norms, gradients everywhere."""

import pytest
import torch
from torch import Tensor, nn

from dlexplain.networks.base import ARCHITECTURES, PictureShape
from dlexplain.networks.modules.dcgan import DCGAN
from dlexplain.networks.modules.picture_coders import channels_of, halved_sides
from dlexplain.networks.modules.vae import VAE
from dlexplain.params import parse

SHAPES = [(1, 8), (1, 28), (3, 32), (3, 17)]
AUTOENCODERS = [
    ("mlp-autoencoder", {"hidden": 16}),
    ("conv-autoencoder", {"width": 4}),
    ("vae", {"width": 4}),
    ("vae", {"width": 4, "layers": "dense"}),
]


def build(name: str, channels: int, side: int, **params: object) -> nn.Module:
    architecture = ARCHITECTURES[name]
    torch.manual_seed(0)
    shape = PictureShape(channels, side, classes=10)
    return architecture.build(shape, parse(architecture.Params, {"latent": 5, **params}))


@pytest.mark.parametrize(("channels", "side"), SHAPES)
@pytest.mark.parametrize(("name", "params"), AUTOENCODERS)
def test_a_picture_comes_back_in_its_size(
    name: str, params: dict[str, object], channels: int, side: int
) -> None:
    network = build(name, channels, side, **params)
    x = torch.rand(3, channels, side, side)
    found = network(x)
    assert found.shape == x.shape
    encoded = network.encode(x)
    z = encoded[0] if isinstance(encoded, tuple) else encoded
    assert z.shape == (3, 5)
    network.eval()
    encoded = network.encode(x)
    z = encoded[0] if isinstance(encoded, tuple) else encoded
    torch.testing.assert_close(network.decode(z), network(x))


@pytest.mark.parametrize(("channels", "side"), SHAPES)
def test_generated_pictures_have_the_size_and_the_range_of_real_ones(
    channels: int, side: int
) -> None:
    network = build("dcgan", channels, side, generator_width=4, discriminator_width=4)
    made = network.generate(torch.randn(3, 5))
    assert made.shape == (3, channels, side, side)
    assert made.abs().max() <= 1
    assert network.discriminate(made).shape == (3,)


def test_stages_by_hand() -> None:
    assert halved_sides(28) == [28, 14, 7, 3]
    assert halved_sides(28, 7) == [28, 14, 7]
    assert halved_sides(32, 7) == [32, 16, 8, 4]
    assert channels_of(4, 96) == [96, 192, 256, 256]
    assert channels_of(2, 512) == [512, 512]


def gradients(network: nn.Module, output: Tensor) -> set[str]:
    """Names of the parameters that get none."""
    output.square().sum().backward()
    return {
        name
        for name, p in network.named_parameters()
        if p.requires_grad and (p.grad is None or not p.grad.abs().sum() > 0)
    }


@pytest.mark.parametrize(("name", "params"), AUTOENCODERS[:2])
def test_a_gradient_reaches_every_parameter(name: str, params: dict[str, object]) -> None:
    network = build(name, 1, 12, **params)
    assert gradients(network, network(torch.rand(4, 1, 12, 12))) == set()


@pytest.mark.parametrize("layers", ["convolutional", "dense"])
def test_a_gradient_reaches_every_parameter_of_the_vae(layers: str) -> None:
    network = build("vae", 1, 12, width=4, layers=layers)
    assert isinstance(network, VAE)
    mean, log_variance = network.encode(torch.rand(4, 1, 12, 12))
    z = network.draw(mean, log_variance, torch.randn(4, 5))
    assert gradients(network, network.decode(z)) == set()


@pytest.mark.parametrize("conditional", [False, True])
def test_a_gradient_reaches_every_parameter_of_the_gan(conditional: bool) -> None:
    network = build(
        "dcgan", 1, 12, conditional=conditional, generator_width=4, discriminator_width=4
    )
    assert isinstance(network, DCGAN)
    labels = torch.tensor([1, 5, 0, 9])
    made = network(network.latent_of(torch.randn(4, 5), labels))
    assert gradients(network, network.discriminate(made, labels)) == set()


def test_a_class_is_asked_for_by_one_hot_numbers_as_strong_as_the_noise() -> None:
    network = build("dcgan", 1, 12, conditional=True, generator_width=4, discriminator_width=4)
    assert isinstance(network, DCGAN)
    noise = torch.randn(2, 5)
    z = network.latent_of(noise, torch.tensor([3, 0]))
    assert torch.equal(z[:, :5], noise)
    expected = torch.zeros(2, 10)
    expected[0, 3] = expected[1, 0] = 5**0.5
    torch.testing.assert_close(z[:, 5:], expected)
    plain = build("dcgan", 1, 12, generator_width=4, discriminator_width=4)
    assert isinstance(plain, DCGAN)
    assert torch.equal(plain.latent_of(noise, torch.tensor([3, 0])), noise)


def test_the_discriminators_logit_adds_that_of_the_class() -> None:
    network = build("dcgan", 1, 12, conditional=True, generator_width=4, discriminator_width=4)
    assert isinstance(network, DCGAN)
    side = network.discriminator
    side.eval()
    x, labels = torch.rand(3, 1, 12, 12), torch.tensor([2, 2, 7])
    features = side.flatten(side.features(x))
    assert side.class_head is not None
    by_class = side.class_head(features)
    plain = side.head(features)[:, 0]
    torch.testing.assert_close(network.discriminate(x), plain)
    expected = plain + torch.stack([by_class[0, 2], by_class[1, 2], by_class[2, 7]])
    torch.testing.assert_close(network.discriminate(x, labels), expected)


def test_a_draw_is_mean_plus_noise_in_standard_deviations() -> None:
    network = build("vae", 1, 8, width=4)
    assert isinstance(network, VAE)
    mean, log_variance = torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 4.0]]).log()
    noise = torch.tensor([[5.0, -3.0]])
    assert network.draw(mean, log_variance, noise).tolist() == [[1.0, pytest.approx(-4.0)]]


def test_every_layer_of_the_discriminator_has_spectral_norm_one() -> None:
    network = build("dcgan", 3, 32, conditional=True, generator_width=4, discriminator_width=8)
    assert isinstance(network, DCGAN)
    layers = [m for m in network.discriminator.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == 5
    with torch.no_grad():
        for layer in layers:
            layer.parametrizations.weight.original.mul_(7)  # the norm is of no matter
        for buffer in network.discriminator.buffers():
            buffer.mul_(0.01)  # as the mean of many vectors is short
    for _ in range(10):
        network.discriminator.find_norms()
    network.eval()
    for layer in layers:
        singular = torch.linalg.svdvals(layer.weight.detach().flatten(1))
        assert float(singular[0]) == pytest.approx(1, abs=2e-3)
