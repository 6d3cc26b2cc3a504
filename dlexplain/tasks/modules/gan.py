"""Making pictures by two networks that learn from each other; their Frechet distance to real ones.

Goodfellow et al., "Generative Adversarial Nets", 2014, https://arxiv.org/abs/1406.2661. Moved
pictures for the discriminator: Zhao et al., "Differentiable Augmentation for Data-Efficient GAN
Training", 2020, https://arxiv.org/abs/2006.10738.
"""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlexplain.networks.modules.dcgan import DCGAN
from dlexplain.tasks.base import Arrays, Training
from dlexplain.tasks.gan import Params
from dlexplain.tasks.modules.base import TaskModule, optimiser_and_schedule
from dlexplain.tasks.modules.gan_losses import discriminator_loss, generator_loss
from dlexplain.tasks.modules.judge import Verdict, fit_judge, shifted, verdict
from dlexplain.tasks.modules.pictures import PixelRange, noise_of, tile, to_bytes

SHOWN = 64
"""Samples in an epoch's picture and on the run's page."""
LATENT_SEED = 7
JUDGED_IN_VALIDATION = 1000
AT_ONCE = 250


class Adversarial(TaskModule):
    """Batches {"x": (batch, channels, side, side)}; the network is a DCGAN.

    Both networks are stepped in every batch, the discriminator first, each by its own optimiser.
    """

    network: DCGAN

    def __init__(
        self,
        network: nn.Module,
        facts: Mapping[str, Any],
        params: Params,
        training: Training,
        steps: int,
    ) -> None:
        super().__init__(network, training, steps)
        self.automatic_optimization = False
        self.params = params
        self.range = PixelRange.of(facts)
        self.real: list[Tensor] = []
        self.made = torch.zeros(0)
        self.found: Verdict | None = None

    def prepare(self, data: Any) -> None:
        fit_judge(self.network.judge, data.labelled)

    def _fake(self, labels: Tensor) -> Tensor:
        """One picture for each label, which counts where classes can be asked for."""
        noise = torch.randn(len(labels), self.network.latent, device=self.device)
        return self.network.generate(self.network.latent_of(noise, labels))

    def _said(self, pictures: Tensor, labels: Tensor) -> Tensor:
        """(batch,) the discriminator's logits"""
        if self.params.shift and self.training:
            pictures = shifted(pictures, self.params.shift)
        return self.network.discriminate(pictures, labels).float()

    def _discriminator_part(self, batch: Mapping[str, Any], fake: Tensor) -> Tensor:
        real = self._said(2 * self.range.unit(batch["x"]) - 1, batch["y"])
        said = self._said(fake.detach(), batch["y"])
        return discriminator_loss(self.params.objective, real, said)

    def _generator_part(self, batch: Mapping[str, Any], fake: Tensor) -> Tensor:
        """Its gradient reaches the generator only."""
        self.network.discriminator.requires_grad_(False)
        try:
            return generator_loss(self.params.objective, self._said(fake, batch["y"]))
        finally:
            self.network.discriminator.requires_grad_(True)

    def loss(self, batch: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        """The sum of both, whose gradient is each one's own for its network; for measuring."""
        fake = self._fake(batch["y"])
        discriminator = self._discriminator_part(batch, fake)
        generator = self._generator_part(batch, fake)
        numbers = {
            "discriminator_loss": discriminator.detach(),
            "generator_loss": generator.detach(),
        }
        return discriminator + generator, numbers

    # Training

    def training_step(self, batch: Mapping[str, Any], batch_idx: int) -> Tensor:
        generator_optimiser, discriminator_optimiser = cast(list[Any], self.optimizers())
        # One step a batch counts, as in every other task; else each would be counted.
        discriminator_optimiser._on_before_step = discriminator_optimiser._on_after_step = _nothing
        fake = self._fake(batch["y"])
        discriminator = self._discriminator_part(batch, fake)
        self._step(discriminator_optimiser, discriminator)
        generator = self._generator_part(batch, fake)
        recorded = self._is_recorded()  # before the step is counted
        self._step(generator_optimiser, generator)
        for schedule in self.lr_schedulers() or ():  # type: ignore[union-attr]
            if not isinstance(schedule, torch.optim.lr_scheduler.ReduceLROnPlateau):
                schedule.step()
        loss = (discriminator + generator).detach()
        if recorded:
            said = {
                "loss": loss,
                "discriminator_loss": discriminator.detach(),
                "generator_loss": generator.detach(),
                "learning_rate": discriminator_optimiser.param_groups[0]["lr"],
            }
            self.log_dict({f"train/{key}": value for key, value in said.items()})
        return loss

    def _step(self, optimiser: Any, loss: Tensor) -> None:
        optimiser.zero_grad()
        self.manual_backward(loss)
        optimiser.step()

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        if self.training_params.clip:
            for group in optimizer.param_groups:
                nn.utils.clip_grad_norm_(group["params"], self.training_params.clip)

    def on_train_epoch_end(self) -> None:
        for schedule in self.lr_schedulers() or ():  # type: ignore[union-attr]
            if isinstance(schedule, torch.optim.lr_scheduler.ReduceLROnPlateau):
                schedule.step(float(self.trainer.callback_metrics["validation/loss"]))

    def configure_optimizers(self) -> Any:
        """(generator's, discriminator's), and their schedules where there are any."""
        how, net = self.training_params, self.network
        both = [
            optimiser_and_schedule(net.generator, how, self.steps, self.params.generator_rate),
            optimiser_and_schedule(net.discriminator, how, self.steps),
        ]
        schedules = [schedule for _, schedule in both if schedule is not None]
        return [optimiser for optimiser, _ in both], schedules

    # Validation and test

    def on_validation_epoch_start(self) -> None:
        self.real = []
        self.network.discriminator.find_norms()

    def validation_step(self, batch: Mapping[str, Tensor], batch_idx: int) -> None:
        labels, size = batch["y"], len(batch["x"])
        noise = noise_of(batch_idx, size, self.network.latent).to(self.device)
        fake = self._said(self.network.generate(self.network.latent_of(noise, labels)), labels)
        real = self._said(2 * self.range.unit(batch["x"]) - 1, labels)
        discriminator = discriminator_loss(self.params.objective, real, fake)
        generator = generator_loss(self.params.objective, fake)
        found = {
            "loss": discriminator + generator,
            "discriminator_loss": discriminator,
            "generator_loss": generator,
        }
        self.log_dict({f"validation/{k}": v for k, v in found.items()}, batch_size=size)
        self._meet(batch["x"], batch_idx, JUDGED_IN_VALIDATION)

    def on_validation_epoch_end(self) -> None:
        if not self.trainer.sanity_checking:
            self.log("validation/frechet_distance", self._judged().distance)

    def on_test_epoch_start(self) -> None:
        self.real = []
        self.network.discriminator.find_norms()

    def test_step(self, batch: Mapping[str, Tensor], batch_idx: int) -> None:
        self._meet(batch["x"], batch_idx, self.params.samples)

    def on_test_epoch_end(self) -> None:
        self.found = self._judged()

    def _meet(self, x: Tensor, batch_idx: int, count: int) -> None:
        """Keep the real pictures and, with the first, make samples; averaged weights, where there
        are any, are in the network in the steps only."""
        self.real.append(x)
        if batch_idx == 0:
            self.made = self.samples(count)

    def _judged(self) -> Verdict:
        """Of the samples, beside the pictures that passed."""
        real = torch.cat(self.real)
        return verdict(self.network.judge, self.range.normalised(self.made), real)

    def _asked(self, count: int) -> Tensor:
        """(count,) the classes by turns"""
        return torch.arange(count) % max(1, self.network.asked)

    def samples(self, count: int) -> Tensor:
        """(count, channels, side, side), 0..1, the same latent vectors at every call."""
        noise = noise_of(LATENT_SEED, count, self.network.latent)
        z = self.network.latent_of(noise, self._asked(count)).to(self.device)
        was = self.network.training
        self.network.eval()
        with torch.no_grad():
            made = torch.cat(
                [self.network.generate(part).float() for part in torch.split(z, AT_ONCE)]
            )
        self.network.train(was)
        return (made + 1) / 2

    def results(self) -> tuple[dict[str, float], Arrays]:
        """Some samples, (count, side, side, channels), what the judge says of each and how surely;
        how many of all samples it surely takes for each class."""
        if self.found is None:
            raise RuntimeError("there are no results before the test")
        found, shown = self.found, slice(SHOWN)
        metrics = {
            "test/frechet_distance": found.distance,
            "test/confident": found.confident,
            "test/confident_real": found.confident_real,
            "test/classes": float((found.counts > 0).sum()),
            "test/judge_accuracy": float(self.network.judge.accuracy),
        }
        if self.network.asked:
            asked = self._asked(len(found.said)).numpy()
            metrics["test/as_asked"] = float((found.said == asked).mean())
        return metrics, {
            "samples": to_bytes(self.made[shown]).numpy(),
            "samples_said": found.said[shown],
            "samples_share": found.sure[shown],
            "counts": found.counts,
            "judged": np.array(len(found.said)),
            "real": to_bytes(self.range.unit(self._some_real())).numpy(),
        }

    def _some_real(self) -> Tensor:
        """Spread over the test part, since it may come class by class."""
        real = torch.cat(self.real)
        return real[:: max(1, len(real) // SHOWN)][:SHOWN]

    def pictures(self) -> dict[str, NDArray[np.uint8]]:
        """Samples of the same latent vectors in every epoch."""
        if not len(self.made):
            return {}
        return {"samples": tile(to_bytes(self.made[:SHOWN]).numpy())}


def _nothing() -> None:
    """Done around the discriminator's step, where Lightning counts others."""
