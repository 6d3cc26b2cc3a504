"""Numbers of a picture and pictures of numbers: identities and closed forms."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from dlexplain.errors import BadInput, Cancelled, Incompatible, PictureError, UnknownName
from dlexplain.explainers.progress import Progress
from dlexplain.results import SeenPicture
from dlexplain.services.latent.codes import (
    add_class,
    along_arc,
    decode,
    decoder_gradients,
    dimension_effects,
    interpolate,
    reconstruct,
    unit_of,
)
from dlexplain.services.latent.map import (
    encode_data,
    encode_parts,
    kept_pictures_of,
    plane,
    principal,
)
from dlexplain.services.latent.models import LatentModel
from dlexplain.services.loading import load
from dlexplain.trained.catalogue import default, entries, find
from tests.bad_pictures import BAD_PICTURES
from tests.latents import encoded, finished, model, pictures

AUTOENCODERS = ["vae", "mlp-autoencoder", "conv-autoencoder"]


def seen(seed: int = 0, channels: int = 1) -> SeenPicture:
    return SeenPicture("noise", pictures(1, seed, channels).pixels[0])


def test_the_zoos_models_and_runs_are_listed() -> None:
    run = finished("vae")
    known = {entry.name: entry for entry in entries("autoencode", "vae", "gan")}
    assert {"mnist-autoencoder", "mnist-vae", "mnist-gan", "cifar10-gan", run} <= set(known)
    assert known["mnist-autoencoder"].task == "autoencode"
    assert known[run].task == "vae"
    assert known["mnist-vae"].title == "mnist-vae, ELBO −106 nats, n = 1,000 (zoo)"
    assert known["mnist-gan"].title == "mnist-gan, Fréchet distance 3.04 (zoo)"
    assert known["mnist-autoencoder"].title.startswith("mnist-autoencoder, error 0.0")
    assert default("autoencode", "vae", "gan").name == "mnist-vae"
    with pytest.raises(
        UnknownName,
        match=r"is a picture classifier, no autoencoder, variational autoencoder or GAN",
    ):
        find("mnist-cnn", "autoencode", "vae", "gan")


@pytest.mark.parametrize("kind", AUTOENCODERS)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_reconstruction_is_the_networks_own(kind: str, channels: int) -> None:
    loaded, picture = model(kind, channels), seen(1, channels)
    found = reconstruct(loaded, picture)
    pixels = torch.from_numpy(picture.pixels).permute(2, 0, 1)[None].float()
    x = (pixels - loaded.range.mean) / loaded.range.scale
    with torch.no_grad():
        made = loaded.network(x).sigmoid()[0].permute(1, 2, 0).numpy()
    assert found.copy.shape == picture.pixels.shape
    assert np.abs(found.copy / 255 - made).max() <= 0.5 / 255 + 1e-6
    assert found.error == pytest.approx(float(((made - picture.pixels / 255) ** 2).mean()), 1e-4)
    off = (found.copy.astype(float) - picture.pixels).mean(axis=2) / 255
    assert np.allclose(found.difference, off, atol=1e-6)
    assert found.to_dict()["error"] == found.error


def test_kl_by_dimension_is_the_closed_form() -> None:
    loaded, picture = model("vae"), seen()
    found = reconstruct(loaded, picture)
    with torch.no_grad():
        mean, log_variance = loaded.network.encode(
            loaded.range.normalised(unit_of(loaded, picture.pixels[None]))
        )
    posterior = Normal(mean, (log_variance / 2).exp())
    expected = kl_divergence(posterior, Normal(torch.zeros_like(mean), 1.0))[0].numpy()
    assert np.allclose(found.kl, expected, rtol=1e-4, atol=1e-5)
    assert np.array_equal(found.code, mean[0].numpy())
    m, s = found.code, found.deviation  # as the page writes it
    assert np.allclose(found.kl, (m**2 + s**2 - 1 - np.log(s**2)) / 2, rtol=1e-4, atol=1e-5)
    assert found.to_dict()["deviation"] == s.tolist()
    plain = reconstruct(model("mlp-autoencoder"), picture)
    assert (len(plain.kl), len(plain.deviation)) == (0, 0)


@pytest.mark.parametrize("kind", [*AUTOENCODERS, "dcgan"])
def test_what_a_dimension_changes_is_the_difference_quotient(kind: str) -> None:
    loaded = model(kind, 3)
    exact = replace(loaded, network=loaded.network.double())
    z = torch.linspace(-1, 1, loaded.latent, dtype=torch.float64)
    labels = torch.tensor([1])
    maps = decoder_gradients(exact, z, labels)
    assert maps.shape == (loaded.latent, 8, 8)
    step = 1e-5 * torch.eye(loaded.latent, dtype=torch.float64)
    with torch.no_grad():
        each = labels.expand(loaded.latent)
        up, down = exact.decode(z + step, each), exact.decode(z - step, each)
    expected = (up - down).mean(1) / 2e-5
    assert float((maps - expected).abs().max()) < 1e-7
    assert float(expected.abs().max()) > 1e-4
    loaded.network.float()
    effects = dimension_effects(loaded, z.float().numpy(), 1)
    assert np.allclose(effects.maps, expected.numpy(), atol=1e-5)
    assert np.allclose(effects.strengths**2, (effects.maps**2).mean(axis=(1, 2)))
    assert np.array_equal(effects.picture, decode(loaded, z.float().numpy()[None], 1)[0])


@pytest.mark.parametrize("how", ["linear", "spherical"])
def test_the_ends_of_an_interpolation_are_the_reconstructions(how: str) -> None:
    loaded = model("conv-autoencoder")
    a, b = (reconstruct(loaded, seen(place)) for place in (1, 2))
    path = interpolate(loaded, a.code, b.code, 5, how)
    assert np.array_equal(path.pixels[0], a.copy)
    assert np.array_equal(path.pixels[-1], b.copy)
    assert path.shares.tolist() == [0, 0.25, 0.5, 0.75, 1]
    middle = (a.code + b.code) / 2
    assert (how == "linear") == np.allclose(path.codes[2], middle)


def test_an_arc_keeps_length_and_angle() -> None:
    a, b = np.array([2, 0, 0], np.float32), np.array([0, 0, 2], np.float32)
    for share in (0.0, 0.2, 0.5, 1.0):
        place = along_arc(a, b, share)
        expected = [2 * np.cos(share * np.pi / 2), 0, 2 * np.sin(share * np.pi / 2)]
        assert np.allclose(place, expected, atol=1e-6)
    assert np.allclose(along_arc(a, 3 * a, 0.5), 2 * a)  # parallel: the line
    assert np.allclose(along_arc(a, -a, 0.25), a / 2)
    assert np.allclose(along_arc(0 * a, b, 0.5), b / 2)


def test_a_gan_is_walked_along_an_arc_by_default() -> None:
    gan, plain = model("dcgan"), model("mlp-autoencoder")
    z = np.eye(5, dtype=np.float32)
    assert interpolate(gan, z[0], z[1], 3).how == "spherical"
    assert interpolate(plain, z[0, :3], z[1, :3], 3).how == "linear"
    assert np.allclose(interpolate(gan, z[0], z[1], 3).codes[1][:2], np.sqrt(0.5))
    with pytest.raises(UnknownName, match='unknown way "zigzag"; known: linear, spherical'):
        interpolate(gan, z[0], z[1], 3, "zigzag")
    with pytest.raises(BadInput, match="1 steps are asked for; 2 to 64 are accepted"):
        interpolate(gan, z[0], z[1], 1)
    with pytest.raises(BadInput, match=r"shape \(1, 4\); \(count, 5\) is accepted"):
        decode(gan, z[:1, :4])


def test_arithmetic_on_class_means() -> None:
    codes = [[1, 0], [3, 0], [0, 10], [0, 30], [100, 100]]
    found = encoded(codes, [0, 0, 0, 0, 1], [0, 0, 1, 1, 1])
    means = found.class_means()  # of training pictures only
    assert {name: mean.tolist() for name, mean in means.items()} == {
        "row": [2, 0],
        "column": [0, 20],
    }
    code = np.array([0.3, -0.7], np.float32)
    assert np.allclose(add_class(code, means, "row", "column"), [-1.7, 19.3])
    assert np.array_equal(add_class(code, means, "row", "row"), code)
    there = add_class(code, means, "row", "column")
    assert np.allclose(add_class(there, means, "column", "row"), code, atol=1e-6)
    with pytest.raises(UnknownName, match='no pictures of the class "x"; known: row, column'):
        add_class(code, means, "x", "row")


def test_encoded_pictures_are_those_of_single_reconstructions() -> None:
    loaded, train, test = model("vae"), pictures(130, 1), pictures(7, 2)
    progress = Progress()
    found = encode_parts(loaded, train, test, ("row", "column"), progress)
    assert (progress.done, progress.planned, len(found)) == (137, 137, 137)
    assert found.tested.sum() == 7
    single = [reconstruct(loaded, SeenPicture("", one)) for one in found.pixels]
    assert np.allclose(found.codes, [one.code for one in single], atol=1e-5)
    assert np.allclose(found.errors, [one.error for one in single], rtol=1e-4)
    assert np.allclose(found.kl, np.mean([one.kl for one in single], axis=0), rtol=1e-4)
    assert found.most_used[0] == int(found.kl.argmax())
    assert np.allclose(found.spread, found.codes.std(axis=0))
    errors = sorted(found.errors[found.tested].tolist())
    assert found.anomaly((errors[2] + errors[3]) / 2) == pytest.approx(3 / 7)
    assert found.anomaly(0.0) == 0
    assert found.anomaly(9.0) == 1


def test_the_map_has_the_principal_components() -> None:
    generator = np.random.default_rng(0)
    base = np.linalg.qr(generator.normal(size=(4, 4)))[0]
    codes = generator.normal(size=(500, 4)) * [0.1, 5, 1, 0.2] @ base + 3
    found = encoded(codes, np.zeros(500), np.zeros(500, int))
    places = plane(found).places
    off = codes - codes.mean(axis=0)
    shares = principal(off)[1]
    for column, direction in ((0, base[1]), (1, base[2])):
        expected = off @ direction
        correlation = np.corrcoef(places[:, column], expected)[0, 1]
        assert abs(correlation) > 0.995
    variances = np.linalg.eigvalsh(np.cov(codes.T))
    assert np.allclose(places.var(axis=0, ddof=1), variances[::-1][:2], rtol=1e-3)
    assert shares == pytest.approx(variances[::-1][:2] / variances.sum(), rel=1e-3)
    assert np.allclose(plane(found).place(found.codes[7]), places[7], atol=1e-5)
    assert np.allclose(plane(found, "dimensions", 3, 1).places, codes[:, [3, 1]], atol=1e-6)
    assert plane(found, "dimensions", 3, 1).titles == ("dimension 3", "dimension 1")
    with pytest.raises(BadInput, match="dimension 4 is asked for; 0 to 3 are there"):
        plane(found, "dimensions", 4, 0)
    with pytest.raises(UnknownName, match='unknown map "umap"; known: dimensions, pca'):
        plane(found, "umap")
    one = encoded(codes[:, :1], np.zeros(500), np.zeros(500, int))
    across = codes[:, :1] - codes[:, :1].mean()
    assert np.allclose(plane(one).places, np.pad(across, ((0, 0), (0, 1))), atol=1e-5)


def test_the_zoos_models_on_mnist_score_what_their_cards_say() -> None:
    loaded = load(LatentModel, "mnist-vae")
    found = encode_data(loaded)
    assert kept_pictures_of(loaded) is found
    assert encode_data("mnist-vae") is found  # kept by its fingerprint
    metrics = find("mnist-vae", "autoencode", "vae", "gan").trained.card["metrics"]
    assert (len(found), int(found.tested.sum()), found.note) == (4600, 1000, "")
    assert float(found.errors[found.tested].mean()) == pytest.approx(metrics["test/error"], 1e-4)
    assert float(found.kl.sum()) == pytest.approx(metrics["test/kl"], 0.05)
    noise = np.random.default_rng(0).integers(0, 256, (28, 28)).astype(np.uint8)
    assert reconstruct(loaded, noise, found).anomaly == 1.0


def test_encoding_can_be_cancelled_and_needs_an_encoder() -> None:
    with pytest.raises(Cancelled):
        encode_parts(
            model("vae"), pictures(2), pictures(1), ("a",), Progress(cancelled=lambda: True)
        )
    gan = model("dcgan")
    with pytest.raises(Incompatible, match="is a GAN: it has no encoder"):
        reconstruct(gan, seen())


@pytest.mark.parametrize("name", sorted(set(BAD_PICTURES) - {"huge_file"}))
def test_what_is_no_picture_is_refused_in_one_sentence(name: str, tiny: LatentModel) -> None:
    file, data = BAD_PICTURES[name]()
    with pytest.raises(PictureError) as error:
        reconstruct(tiny, data)
    assert "\n" not in str(error.value)
    with pytest.raises(PictureError, match="was not found"):
        reconstruct(tiny, Path("/nowhere") / file)


@pytest.fixture(scope="module")
def tiny() -> LatentModel:
    return model("mlp-autoencoder")
