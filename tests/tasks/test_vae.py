"""The variational bound: its parts by hand and against torch.distributions; overfitting."""

import math
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import distributions

from dlexplain.tasks.modules.pictures import (
    bernoulli_log_likelihood,
    gaussian_log_likelihood,
    kl_to_standard_normal,
    noise_of,
)
from dlexplain.tasks.modules.vae import DRAWS, Variational
from tests.tasks.making import bars, data_module, first_batch, make, overfit
from tests.tasks.training import trainer

pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")
LATENT = 4


def variational(**params: Any) -> tuple[Variational, Any]:
    data = data_module()
    made = make("vae", "vae", data, {"latent": LATENT, "width": 4}, params)
    return cast(Variational, made), data


def test_kl_is_the_closed_form_of_two_normals() -> None:
    generator = torch.Generator().manual_seed(0)
    mean, log_variance = torch.randn(2, 7, 5, generator=generator)
    said = kl_to_standard_normal(mean, log_variance)
    q = distributions.Normal(mean, (log_variance / 2).exp())
    expected = distributions.kl_divergence(q, distributions.Normal(0.0, 1.0))
    torch.testing.assert_close(said, expected)
    zero, one = torch.zeros(1), torch.ones(1)
    assert float(kl_to_standard_normal(zero, zero)) == 0
    assert float(kl_to_standard_normal(3 * one, zero)) == pytest.approx(4.5)


def test_likelihoods_are_those_of_torch() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 2, 4, 4, generator=generator)
    target = torch.rand(3, 2, 4, 4, generator=generator)
    black_or_white = target.round()
    expected = distributions.Bernoulli(logits=logits).log_prob(black_or_white).sum((1, 2, 3))
    torch.testing.assert_close(bernoulli_log_likelihood(logits, black_or_white), expected)
    expected = distributions.Normal(logits.sigmoid(), 0.3).log_prob(target).sum((1, 2, 3))
    torch.testing.assert_close(gaussian_log_likelihood(logits, target, 0.3), expected)


def test_a_grey_pixel_is_a_probability() -> None:
    """t log p + (1 - t) log(1 - p) at t = 1/4, p = 3/4."""
    said = bernoulli_log_likelihood(torch.tensor([[math.log(3)]]), torch.tensor([[0.25]]))
    assert float(said) == pytest.approx(0.25 * math.log(0.75) + 0.75 * math.log(0.25))


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_the_loss_is_minus_likelihood_plus_beta_kl(likelihood: str) -> None:
    task, data = variational(beta=3.0, likelihood=likelihood, deviation=0.2)
    batch = first_batch(data)
    torch.manual_seed(5)
    loss, numbers = task.loss(batch)
    torch.manual_seed(5)
    noise = torch.randn(16, LATENT)
    mean, log_variance = task.network.encode(batch["x"])
    logits = task.network.decode(mean + (log_variance / 2).exp() * noise)
    target = task.range.unit(batch["x"])
    if likelihood == "bernoulli":
        log_p = bernoulli_log_likelihood(logits, target).mean()
    else:
        log_p = gaussian_log_likelihood(logits, target, 0.2).mean()
    kl = kl_to_standard_normal(mean, log_variance).sum(1).mean()
    assert float(numbers["reconstruction"]) == pytest.approx(-float(log_p.detach()), rel=1e-4)
    assert float(numbers["kl"]) == pytest.approx(float(kl.detach()), rel=1e-4)
    assert float(loss.detach()) == pytest.approx(float((3 * kl - log_p).detach()), rel=1e-4)


def test_the_tests_parts_by_hand(tmp_path: Path) -> None:
    task, data = variational()
    (logged,) = trainer(tmp_path).test(task, datamodule=data, verbose=False)
    metrics, arrays = task.results()
    task.network.eval()
    x = data.on_after_batch_transfer(next(iter(data.test_dataloader())), 0)["x"]
    with torch.no_grad():
        mean, log_variance = task.network.encode(x)
        kl = kl_to_standard_normal(mean, log_variance).mean(0)
        target = torch.from_numpy(bars(48, 2).pixels).permute(0, 3, 1, 2) / 255
        log_p = torch.stack(
            [
                bernoulli_log_likelihood(
                    task.network.decode(mean + (log_variance / 2).exp() * noise), target
                )
                for noise in noise_of(0, DRAWS, 48, LATENT)
            ]
        ).mean()
        error = (task.network(x).sigmoid() - target).square().mean()
    assert logged["test/reconstruction"] == pytest.approx(-float(log_p), rel=1e-4)
    assert logged["test/kl"] == pytest.approx(float(kl.sum()), rel=1e-4)
    assert logged["test/elbo"] == pytest.approx(float(log_p - kl.sum()), rel=1e-4)
    assert logged["test/error"] == pytest.approx(float(error), rel=1e-4)
    np.testing.assert_allclose(arrays["kl"], kl.numpy(), rtol=1e-4)
    assert metrics == {"test/active": float((kl > 0.01).sum())}
    np.testing.assert_allclose(arrays["means"], mean.numpy(), rtol=1e-4, atol=1e-5)
    assert arrays["labels"].tolist() == [0, 1] * 24
    assert arrays["samples"].shape == (16, 8, 8, 1)


@pytest.mark.parametrize("layers", ["convolutional", "dense"])
def test_sixteen_pictures_are_learnt_by_heart(layers: str) -> None:
    """Without the KL part nothing keeps it from one z a picture."""
    data = data_module(train=16)
    task = make(
        "vae", "vae", data, {"latent": 16, "width": 8, "layers": layers},
        {"beta": 0.0, "likelihood": "gaussian"},
    )  # fmt: skip
    batch = first_batch(data)
    overfit(task, batch, 250, 5e-3)
    target = cast(Variational, task).range.unit(batch["x"])
    error = (task.network.train()(batch["x"]).sigmoid() - target).square().mean()
    assert float(error.detach()) < 0.05 * float(target.var())


def test_the_whole_bound_rises() -> None:
    task, data = variational()
    losses = overfit(task, first_batch(data), 80, 5e-3)
    assert losses[-1] < 0.75 * losses[0]


def test_an_epochs_pictures(tmp_path: Path) -> None:
    task, data = variational()
    assert task.pictures() == {}
    trainer(tmp_path).validate(task, datamodule=data, verbose=False)
    found = task.pictures()
    assert found["reconstructions"].shape == (36, 72, 3) and found["samples"].shape == (18, 72, 3)
    trainer(tmp_path).validate(task, datamodule=data, verbose=False)
    np.testing.assert_array_equal(task.pictures()["samples"], found["samples"])
