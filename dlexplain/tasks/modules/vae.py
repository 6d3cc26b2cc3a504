"""Variational autoencoding: a lower bound of the log-likelihood of pictures, in nats.

Kingma and Welling 2014, https://arxiv.org/abs/1312.6114; beta of Higgins et al., "beta-VAE", 2017.
ELBO = E over q(z|x) of log p(x|z) - KL(q(z|x) || N(0, 1)); minimised is
-E log p(x|z) + beta KL.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlexplain.networks.modules.vae import VAE
from dlexplain.tasks.base import Arrays, Training
from dlexplain.tasks.modules.base import TaskModule
from dlexplain.tasks.modules.pictures import (
    SHOWN,
    PixelRange,
    Spread,
    bernoulli_log_likelihood,
    gaussian_log_likelihood,
    in_pairs,
    kl_to_standard_normal,
    noise_of,
    tile,
    to_bytes,
)
from dlexplain.tasks.vae import Params

DRAWS = 4
"""Of z for each test picture; the bound is their mean."""
MOST_POINTS = 1000
"""Test pictures whose place in latent space is kept."""
ACTIVE = 0.01
"""Nats that a dimension must carry to count as used (Burda et al. 2016 have a similar limit)."""
PRIOR_SEED = 7


class Variational(TaskModule):
    """Batches {"x": (batch, channels, side, side)}; the network is a VAE."""

    network: VAE

    def __init__(
        self,
        network: nn.Module,
        facts: Mapping[str, Any],
        params: Params,
        training: Training,
        steps: int,
    ) -> None:
        super().__init__(network, training, steps)
        self.params = params
        self.range = PixelRange.of(facts)
        sizes = facts.get("sizes", {})
        total = sizes.get("test", SHOWN)
        self.spread, self.points = Spread(total), Spread(total, MOST_POINTS)
        self.shown = Spread(sizes.get("validation", SHOWN))
        self.drawn = torch.zeros(0)
        self.kl_sum = torch.zeros(0)

    def parts(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(batch,) log p(x|z); (batch, latent) KL and means; logits of what z decodes to."""
        mean, log_variance = (t.float() for t in self.network.encode(x))
        logits = self.network.decode(self.network.draw(mean, log_variance, noise)).float()
        target = self.range.unit(x)
        if self.params.likelihood == "bernoulli":
            likelihood = bernoulli_log_likelihood(logits, target)
        else:
            likelihood = gaussian_log_likelihood(logits, target, self.params.deviation)
        return likelihood, kl_to_standard_normal(mean, log_variance), mean, logits

    def loss(self, batch: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        x = batch["x"]
        noise = torch.randn(len(x), self.network.latent, device=x.device)
        likelihood, kl, _, _ = self.parts(x, noise)
        reconstruction, kl_total = -likelihood.mean(), kl.sum(1).mean()
        numbers = {"reconstruction": reconstruction.detach(), "kl": kl_total.detach()}
        return reconstruction + self.params.beta * kl_total, numbers

    def on_validation_epoch_start(self) -> None:
        self.shown.clear()

    def validation_step(self, batch: Mapping[str, Tensor], batch_idx: int) -> None:
        x = batch["x"]
        noise = noise_of(batch_idx, len(x), self.network.latent).to(x.device)
        likelihood, kl, _, logits = self.parts(x, noise)
        reconstruction, kl_total = -likelihood.mean(), kl.sum(1).mean()
        found = {
            "validation/loss": reconstruction + self.params.beta * kl_total,
            "validation/elbo": -reconstruction - kl_total,
            "validation/reconstruction": reconstruction,
            "validation/kl": kl_total,
        }
        self.log_dict(found, batch_size=len(x))
        self.shown.keep(len(x), originals=self.range.unit(x), copies=logits.sigmoid())
        if batch_idx == 0:  # here averaged weights, where there are any, are in the network
            self.drawn = self._samples()

    def on_test_epoch_start(self) -> None:
        self.spread.clear()
        self.points.clear()
        self.kl_sum = torch.zeros(self.network.latent)

    def test_step(self, batch: Mapping[str, Tensor], batch_idx: int) -> None:
        x = batch["x"]
        size = len(x)
        noise = noise_of(batch_idx, DRAWS, size, self.network.latent).to(x.device)
        drawn = [self.parts(x, one)[0] for one in noise]
        likelihood = torch.stack(drawn).mean(0)
        _, kl, mean, logits = self.parts(x, torch.zeros_like(noise[0]))
        made, target = logits.sigmoid(), self.range.unit(x)
        found = {
            "test/elbo": likelihood.mean() - kl.sum(1).mean(),
            "test/reconstruction": -likelihood.mean(),
            "test/kl": kl.sum(1).mean(),
            "test/error": (made - target).square().mean(),
        }
        self.log_dict(found, batch_size=size)
        self.kl_sum += kl.sum(0).cpu()
        self.spread.keep(size, originals=target, copies=made)
        self.points.keep(size, means=mean, labels=batch["y"])

    def results(self) -> tuple[dict[str, float], Arrays]:
        """Pictures and copies as `autoencode` has them; KL of each latent dimension, nats; new
        pictures; means of q(z|x) of some test pictures, (count, latent), with their labels."""
        kl = (self.kl_sum / self.spread.passed).numpy()
        arrays: Arrays = {key: to_bytes(kept).numpy() for key, kept in self.spread.kept().items()}
        arrays |= {key: kept.numpy() for key, kept in self.points.kept().items()}
        arrays |= {"kl": kl, "samples": self._samples().numpy()}
        return {"test/active": float((kl > ACTIVE).sum())}, arrays

    def _samples(self) -> Tensor:
        """(SHOWN, side, side, channels), of z from the prior, the same z each time."""
        z = noise_of(PRIOR_SEED, SHOWN, self.network.latent).to(self.device)
        was = self.network.training
        self.network.eval()
        with torch.no_grad():
            made = self.network.decode(z).float().sigmoid()
        self.network.train(was)
        return to_bytes(made)

    def pictures(self) -> dict[str, NDArray[np.uint8]]:
        """Some validation pictures with what became of each, and new ones."""
        kept = {key: to_bytes(t).numpy() for key, t in self.shown.kept().items()}
        if not kept:
            return {}
        pairs = in_pairs(kept["originals"], kept["copies"])
        return {"reconstructions": pairs, "samples": tile(self.drawn.numpy())}
