"""A text classifier as explanations use it: from ids, or from its word vectors.

Its network offers `embed`, `read_vectors` and, where it attends, `attend`, as
dlexplain.networks.modules.text_shapes says.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn

from dlexplain.explainers.fair_lock import FairLock
from dlexplain.explainers.prepare import PART
from dlexplain.explainers.recurrence import differentiable
from dlexplain.explainers.twin import twin

Reads = Literal["first", "last", "mean"] | int
SMALLEST_BUCKET = 16
TRIAL_TOKENS = 8
LEAST_SPREAD = 0.1
"""Of a trial's word vectors."""


class FromVectors(nn.Module):
    """(batch, time, width) vectors of whole texts -> logits"""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, vectors: Tensor) -> Tensor:
        mask = torch.ones(vectors.shape[:2], dtype=torch.bool, device=vectors.device)
        with differentiable():
            # A copy, since a network may write over what it is given.
            logits: Tensor = self.network.read_vectors(vectors.clone(), mask)  # type: ignore[operator]
        return logits


class Moved(nn.Module):
    """A network in which the word vectors of one text are others: where `ids`, (1, time), stand,
    they are moved by `shift`, (1, time, width). What stands for a word that is taken away is not
    moved. Texts are read without padding inside them."""

    def __init__(self, network: nn.Module, ids: Tensor, shift: Tensor, pad: int) -> None:
        super().__init__()
        self.network, self.ids, self.shift, self.pad = network, ids, shift, pad

    def embed(self, ids: Tensor) -> Tensor:
        vectors: Tensor = self.network.embed(ids)  # type: ignore[operator]
        time = ids.shape[1]
        own = (ids == self.ids[:, :time].to(ids.device))[..., None]
        return vectors + own * self.shift[:, :time]

    def forward(self, ids: Tensor) -> Tensor:
        logits: Tensor = self.network.read_vectors(self.embed(ids), ids != self.pad)  # type: ignore[operator]
        return logits

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.network, name)


class Halved(nn.Module):
    """A module whose matrix products are of bf16; float32 in and out."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            logits: Tensor = self.module(x)
        return logits.float()


@dataclass(frozen=True, eq=False)
class View:
    """The model on inputs of one form and about one length; see explainers.prepare.Prepared."""

    module: nn.Module
    device: torch.device
    fingerprint: str
    lock: FairLock
    example: Tensor
    coupled: bool = False

    def to_device(self, x: Tensor) -> Tensor:
        return x.to(self.device)

    def trial(self, count: int) -> Tensor:
        return self.example.expand(count, *self.example.shape[1:]).contiguous()


@dataclass(frozen=True, eq=False)
class PreparedText:
    """Frozen, in eval mode, on its device.

    pad, blank  ids: of what is behind the end, and of what stands for a word that is taken away
    attends     whether the network's attention can be seen
    reads       which state goes on to the classes; see text_shapes.Attends
    """

    network: nn.Module
    device: torch.device
    fingerprint: str
    pad: int
    blank: int
    attends: bool
    reads: Reads
    lock: FairLock = field(default_factory=FairLock)

    @property
    def modality(self) -> str:
        """What its inputs are, see explainers.inputs.text."""
        return "token" if isinstance(self.reads, int) else "text"

    def by_ids(self, ids: Tensor, precision: str = "float32") -> View:
        """Inputs (batch, time) ids, `pad` behind the end; to be measured with such as `ids`."""
        return self._view(self.network, "ids", ids, precision)

    def by_vectors(self, vectors: Tensor, precision: str = "float32") -> View:
        """Inputs (batch, time, width) of whole texts."""
        return self._view(FromVectors(self.network), "vectors", vectors, precision)

    def _view(self, module: nn.Module, form: str, example: Tensor, precision: str) -> View:
        if precision == "bf16":
            module, form = Halved(module), f"{form} in bf16"
        bucket = max(SMALLEST_BUCKET, 1 << (example.shape[1] - 1).bit_length())
        network, part, name = self.fingerprint.partition(PART)
        key = f"{network}/{form} of {bucket}{part}{name}"
        return View(module.eval(), self.device, key, self.lock, example[:1].to(self.device))

    def trial_pair(self) -> tuple[View, Tensor, Tensor]:
        """The model by vectors, and a text of noise with its baseline, (1, time, width) each."""
        baseline = self.embed(torch.full((1, TRIAL_TOKENS), self.blank))
        noise = torch.randn(baseline.shape, generator=torch.Generator().manual_seed(0))
        x = baseline + noise.to(baseline) * baseline.std().clamp_min(LEAST_SPREAD)
        return self.by_vectors(baseline), x, baseline

    def embed(self, ids: Tensor) -> Tensor:
        """(batch, time) -> (batch, time, width)"""
        with torch.no_grad():
            vectors: Tensor = self.network.embed(ids.to(self.device))  # type: ignore[operator]
        return vectors

    def attend(self, ids: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits, and of each layer (batch, heads, queries, keys), by which the logits can be
        differentiated."""
        vectors = self.embed(ids)
        vectors = vectors.requires_grad_() if torch.is_grad_enabled() else vectors
        mask = torch.ones(vectors.shape[:2], dtype=torch.bool, device=vectors.device)
        with differentiable():
            found: tuple[Tensor, list[Tensor]] = self.network.attend(vectors, mask)  # type: ignore[operator]
        return found

    def logits(self, ids: Tensor) -> Tensor:
        """(batch, time) ids -> (batch, classes), without gradients, in this model's turn."""
        with self.lock.turn(), torch.inference_mode():
            logits: Tensor = self.network(ids.to(self.device))
        return logits.float()

    def answer(self, ids: Tensor) -> Tensor:
        """The same of little, for somebody who waits: in no turn, while the model is explained."""
        return twin(self, self.network, self.lock)([ids.to(self.device)]).float()
