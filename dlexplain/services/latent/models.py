"""Models that make pictures, ready for use."""

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.explainers.fair_lock import FairLock
from dlexplain.networks.modules.device import describe_device
from dlexplain.params import Value
from dlexplain.services.loading import card_read, placed
from dlexplain.tasks.modules.pictures import PixelRange
from dlexplain.trained.entry import ModelEntry
from dlexplain.trained.folder import Trained
from dlexplain.trained.networks import load_network

TASKS = ("autoencode", "vae", "gan")


@dataclass(frozen=True, eq=False)
class LatentModel:
    """A model that makes pictures of a few numbers; `load` makes it.

    network      an Autoencoder, a VAE or a DCGAN; eval mode, frozen
    channels, side  of its pictures;  classes, of its data set
    range        between its input and pixels 0 to 1
    digest       of the data that it was trained on
    """

    tasks: ClassVar[tuple[str, ...]] = TASKS
    name: str
    title: str
    task: str
    network: Any
    channels: int
    side: int
    classes: tuple[str, ...]
    range: PixelRange
    data: str
    data_params: dict[str, Value]
    digest: str
    device: torch.device
    fingerprint: str
    lock: FairLock = field(default_factory=FairLock)

    @classmethod
    def of(cls, entry: ModelEntry) -> Self:
        return cls.around(entry.trained, load_network(entry.trained))

    @classmethod
    def around(cls, model: Trained, network: nn.Module) -> Self:
        """A network and what its card says; raises WeightsError for a damaged card."""
        spec, facts = model.spec, model.facts
        with card_read(model):
            range_ = PixelRange.of(facts)
            if not (
                math.isfinite(range_.mean) and math.isfinite(range_.scale) and range_.scale > 0
            ):
                raise ValueError(f"its mean is {range_.mean:g} and its scale {range_.scale:g}")
            channels, side = int(facts["channels"]), int(facts["side"])
            classes = tuple(str(name) for name in facts["classes"])
        ready = placed(network)
        return cls(
            name=model.name,
            title=model.title,
            task=spec.task,
            network=ready.network,
            channels=channels,
            side=side,
            classes=classes,
            range=range_,
            data=spec.data,
            data_params=dict(spec.data_params),
            digest=str(facts.get("digest", "")),
            device=ready.device,
            fingerprint=ready.fingerprint,
        )

    @property
    def latent(self) -> int:
        """Numbers that a picture is made of."""
        return int(self.network.latent)

    @property
    def asked(self) -> tuple[str, ...]:
        """Classes that can be asked for."""
        conditional = self.task == "gan" and self.network.asked
        return self.classes if conditional else ()

    @property
    def dark(self) -> bool:
        """Whether its pictures are bright strokes on a dark ground, as far as their mean says."""
        return self.range.mean < 127.5

    @property
    def device_text(self) -> str:
        """The device in words."""
        return describe_device(self.device)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, channels, side, side) as it takes them -> codes, and log variances of q(z|x),
        (batch, latent) each; the latter (batch, 0) of a plain autoencoder. The caller has its turn.

        Raises Incompatible for a GAN.
        """
        if self.task == "gan":
            raise Incompatible(
                f"{self.name} is a GAN: it has no encoder, so no picture becomes numbers; choose "
                "an autoencoder"
            )
        if self.task == "vae":
            mean, log_variance = self.network.encode(x)
            return mean, log_variance
        code: Tensor = self.network.encode(x)
        return code, code[:, :0]

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """(batch, latent) -> (batch, channels, side, side), 0 to 1. The caller has its turn.

        labels  (batch,) the classes asked for, where there are some; the first by default
        """
        if self.task == "gan":
            if labels is None:
                labels = torch.zeros(len(z), dtype=torch.int64, device=z.device)
            made: Tensor = self.network.generate(self.network.latent_of(z, labels))
            return (made + 1) / 2
        logits: Tensor = self.network.decode(z)
        return logits.sigmoid()
