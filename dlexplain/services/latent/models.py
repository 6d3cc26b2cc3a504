"""Loading a model that makes pictures by name, once a process, with its turnstile."""

import math
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from dlexplain.errors import Incompatible, WeightsError
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.prepare import fingerprint
from dlexplain.explainers.turnstile import Turnstile
from dlexplain.memory import keep_memory
from dlexplain.networks.device import choose_device, describe_device
from dlexplain.params import Value
from dlexplain.services.latent.model_list import TASKS, Kind, default_latent_model, find_latent
from dlexplain.services.trained.models import Trained
from dlexplain.services.trained.networks import load_network
from dlexplain.settings import settings
from dlexplain.tasks.pixels import PixelRange

KEPT = 6
"""Models kept in memory, those used last."""
_loading = threading.Lock()


@dataclass(frozen=True, eq=False)
class LatentModel:
    """A model that makes pictures of a few numbers; `load_latent_model` makes it.

    network      an Autoencoder, a VAE or a DCGAN; eval mode, frozen
    channels, side  of its pictures;  classes, of its data set
    range        between its input and pixels 0 to 1
    digest       of the data that it was trained on
    """

    name: str
    title: str
    kind: Kind
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
    turnstile: Turnstile = field(default_factory=Turnstile)

    @property
    def latent(self) -> int:
        """Numbers that a picture is made of."""
        return int(self.network.latent)

    @property
    def asked(self) -> tuple[str, ...]:
        """Classes that can be asked for."""
        conditional = self.kind == "adversarial" and self.network.asked
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
        if self.kind == "adversarial":
            raise Incompatible(
                f"{self.name} is a GAN: it has no encoder, so no picture becomes numbers; choose "
                "an autoencoder"
            )
        if self.kind == "variational":
            mean, log_variance = self.network.encode(x)
            return mean, log_variance
        code: Tensor = self.network.encode(x)
        return code, code[:, :0]

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """(batch, latent) -> (batch, channels, side, side), 0 to 1. The caller has its turn.

        labels  (batch,) the classes asked for, where there are some; the first by default
        """
        if self.kind == "adversarial":
            if labels is None:
                labels = torch.zeros(len(z), dtype=torch.int64, device=z.device)
            made: Tensor = self.network.generate(self.network.latent_of(z, labels))
            return (made + 1) / 2
        logits: Tensor = self.network.decode(z)
        return logits.sigmoid()


@random_state_kept()
def load_latent_model(name: str = "") -> LatentModel:
    """Load a zoo model by name or a finished run by its id; the zoo's first where none is given.

    Raises UnknownName, or WeightsError where files are missing or damaged.
    """
    with _loading:  # two sessions at once wait for one loading
        return _load(name or default_latent_model())


@lru_cache(maxsize=KEPT)
def _load(name: str) -> LatentModel:
    if settings().keep_memory:
        keep_memory()
    model = find_latent(name)
    return latent_model(model, load_network(model))


def latent_model(model: Trained, network: nn.Module) -> LatentModel:
    """A network put on the settings' device, frozen; raises WeightsError for a damaged card."""
    spec, facts = model.spec, model.facts
    try:
        range_ = PixelRange.of(facts)
        if not (math.isfinite(range_.mean) and math.isfinite(range_.scale) and range_.scale > 0):
            raise ValueError(f"its mean is {range_.mean:g} and its scale {range_.scale:g}")
        channels, side = int(facts["channels"]), int(facts["side"])
        classes = tuple(str(name) for name in facts["classes"])
    except (KeyError, TypeError, ValueError) as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise WeightsError(f"the card of {model.owner} is damaged: {why}") from error
    device = choose_device(settings().device)
    network = network.eval().requires_grad_(False).to(device)
    return LatentModel(
        name=model.name,
        title=model.title,
        kind=TASKS[spec.task],
        network=network,
        channels=channels,
        side=side,
        classes=classes,
        range=range_,
        data=spec.data,
        data_params=dict(spec.data_params),
        digest=str(facts.get("digest", "")),
        device=device,
        fingerprint=fingerprint(network),
    )
