"""Pictures of random numbers, what the discriminator says of them, and which ones they resemble."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest, truncnorm

from dlexplain.data.base import PictureData
from dlexplain.errors import DataError, Incompatible, ParamError, TargetError
from dlexplain.explainers.progress import Progress
from dlexplain.services.latent.codes import decode
from dlexplain.services.latent.discriminator import discriminator_score, why_real
from dlexplain.services.latent.models import LatentModel
from dlexplain.services.latent.nearest import distances, measured, nearest, training_pictures
from dlexplain.services.latent.sampling import sample, truncated
from dlexplain.services.loading import load
from tests.latents import model, pictures


def test_the_same_seed_makes_the_same_pictures_whatever_their_number() -> None:
    gan = model("dcgan")
    first, again = sample(gan, count=6, seed=3), sample(gan, count=6, seed=3)
    assert np.array_equal(first.pixels, again.pixels)
    assert not np.array_equal(first.pixels, sample(gan, count=6, seed=4).pixels)
    assert first.labels.tolist() == [0, 1] * 3
    assert first.to_dict()["classes"] == ["row", "column"] * 3
    with torch.no_grad():
        z = gan.network.latent_of(torch.from_numpy(first.noise), torch.from_numpy(first.labels))
        made = ((gan.network.generate(z) + 1) / 2).permute(0, 2, 3, 1).numpy()
    assert np.abs(first.pixels / 255 - made).max() <= 0.5 / 255 + 1e-6


def test_a_class_is_asked_for_where_it_can_be() -> None:
    gan = model("dcgan")
    asked = sample(gan, "column", count=3)
    assert asked.labels.tolist() == [1, 1, 1]
    assert np.array_equal(asked.pixels, sample(gan, 1, count=3).pixels)
    assert np.array_equal(asked.pixels, decode(gan, asked.noise, 1))
    assert not np.array_equal(asked.pixels, sample(gan, "row", count=3).pixels)
    with pytest.raises(TargetError, match='there is no class "dog"; known: row, column'):
        sample(gan, "dog")
    free = model("dcgan", conditional=False)
    assert len(sample(free, count=2).labels) == 0
    with pytest.raises(TargetError, match="cannot be asked for a class"):
        sample(free, "row")


def test_a_variational_one_draws_from_its_prior_and_a_plain_one_cannot() -> None:
    vae = model("vae")
    drawn = sample(vae, count=5, seed=1)
    assert np.array_equal(drawn.pixels, decode(vae, drawn.noise))
    with pytest.raises(Incompatible, match="is a plain autoencoder"):
        sample(model("mlp-autoencoder"))
    with pytest.raises(ParamError, match='count is "0"; it takes a whole number from 1 to 256'):
        sample(vae, count=0)


def test_truncated_numbers_have_the_truncated_normal_distribution() -> None:
    noise = torch.randn(20_000, generator=torch.Generator().manual_seed(0))
    assert truncated(noise, 0) is noise
    assert torch.allclose(truncated(noise, 9.0), noise, atol=1e-3)
    found = truncated(noise, 0.7)
    assert float(found.abs().max()) <= 0.7
    assert kstest(found.numpy(), truncnorm(-0.7, 0.7).cdf).pvalue > 0.01
    assert torch.equal(found.argsort(), noise.argsort())  # in the same order


def test_realness_is_the_discriminators_logit() -> None:
    gan, some = model("dcgan"), pictures(5)
    x = torch.from_numpy(some.pixels).permute(0, 3, 1, 2) / 127.5 - 1
    with torch.no_grad():
        plain = gan.network.discriminate(x).numpy()
        asked = gan.network.discriminate(x, torch.from_numpy(some.labels)).numpy()
    assert np.allclose(discriminator_score(gan, some.pixels, some.labels[:0]), plain, atol=1e-5)
    assert np.allclose(discriminator_score(gan, some.pixels, some.labels), asked, atol=1e-5)
    with pytest.raises(Incompatible, match="has no discriminator"):
        discriminator_score(model("vae"), some.pixels, some.labels)


def test_pixels_that_convinced_sum_to_what_they_changed() -> None:
    gan, some = model("dcgan"), pictures(2)
    black = np.zeros_like(some.pixels[:1])
    for label in (0, 1):
        found = why_real(gan, some.pixels[0], label)
        asked = np.array([label])
        change = discriminator_score(gan, some.pixels[:1], asked) - discriminator_score(
            gan, black, asked
        )
        assert found.completeness_error is not None
        assert found.completeness_error < 0.06
        assert float(found.values.sum()) == pytest.approx(float(change[0]), rel=0.06)
        assert (found.target.label, found.signed, found.values.shape) == ("real", True, (1, 8, 8))
    x = torch.from_numpy(some.pixels[:1]).permute(0, 3, 1, 2) / 127.5 - 1
    x.requires_grad_()
    (slope,) = torch.autograd.grad(gan.network.discriminate(x, torch.tensor([1])).sum(), x)
    expected = (x * slope).detach()[0].numpy()
    given = why_real(gan, some.pixels[0], 1, "input-x-gradient")
    assert np.allclose(given.values, expected, atol=1e-6)


def test_a_copy_of_a_training_picture_is_found_out() -> None:
    train, test = pictures(40, 1, 3), pictures(9, 2, 3)
    known = measured("d", PictureData(train, test, test, ("a", "b"), "x"), Progress())
    found = nearest(known, train.pixels[17], 4)
    assert np.array_equal(found.pixels[0], train.pixels[17])
    assert (found.distances[0], found.labels[0], found.nearer, found.looked_at) == (0, 1, 0, 40)
    every = np.sqrt(((train.pixels / 255 - train.pixels[17] / 255) ** 2).sum(axis=(1, 2, 3)))
    assert np.allclose(found.distances, np.sort(every)[:4], atol=1e-5)
    off = test.pixels[:, None] / 255 - train.pixels[None] / 255
    assert np.allclose(known.usual, np.sqrt((off**2).sum(axis=(2, 3, 4))).min(axis=1), atol=1e-3)
    assert np.allclose(distances(test.pixels, train.pixels).min(axis=1), known.usual)


def test_a_data_set_that_is_not_here_is_told_how_to_get() -> None:
    with pytest.raises(DataError, match=r"CIFAR-10 is not here: .*or give its path"):
        training_pictures(load(LatentModel, "cifar10-gan"))
    with pytest.raises(DataError, match="/nowhere is not there; give the path of CIFAR-10"):
        training_pictures(load(LatentModel, "cifar10-gan"), "/nowhere")
    with pytest.raises(DataError, match="digits are 8 × 8 with 1 channel"):
        training_pictures(model("dcgan", 3))
    gan = load(LatentModel, "mnist-gan")
    known = training_pictures(gan)
    found = nearest(known, sample(gan, count=1).pixels[0])
    assert (found.looked_at, len(found.pixels), found.note) == (3600, 8, "")
    assert 0 < found.distances[0] < 15
