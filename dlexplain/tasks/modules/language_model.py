"""Language modelling: each token from those before it; perplexity over a whole text.

Trained by truncated backpropagation through time: a window's gradient stops at its beginning, its
state goes on from the window before. Mikolov et al., "Extensions of recurrent neural network
language model", 2011, https://doi.org/10.1109/ICASSP.2011.5947611.
"""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.networks.modules.language import State, detached
from dlexplain.tasks.base import Arrays, Training
from dlexplain.tasks.language_model import Params
from dlexplain.tasks.modules.base import TaskModule
from dlexplain.tasks.modules.perplexity import Surprise, by_frequency, perplexity
from dlexplain.tasks.modules.sampling import sample

_log = logging.getLogger("dlexplain.worker")
SAMPLES, SAMPLE_SEED = 3, 0
TOKENISER = "tokenizer.json"
READ = 200
"""Tokens of the tested text whose surprise is kept."""
SHOWN = 30
"""Tokens that are written after each epoch."""


class LanguageModelling(TaskModule):
    """Batches {"x", "y": (batch, time)}, y one token on, that go on from the one before."""

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
        self.start = int(facts["start"])
        self.carried: dict[int, State] = {}
        """By the batch's group."""
        self.read = Surprise()

    def loss(self, batch: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        before = None if batch["first"] else self.carried.get(batch["group"])
        if before is not None:  # after a resume they are on the CPU
            before = tuple(part.to(batch["x"].device) for part in before)
        logits, after = self.network(batch["x"], before)  # (batch, time, vocabulary)
        self.carried[batch["group"]] = detached(after)
        loss = F.cross_entropy(logits.flatten(0, 1).float(), batch["y"].flatten())
        return loss, {"perplexity": loss.detach().clamp(max=50).exp()}

    def configure_optimizers(self) -> Any:
        found = super().configure_optimizers()
        optimiser = found["optimizer"] if isinstance(found, dict) else found
        # One pass over each weight: of a step over 10,000 words it saves a fifth. Set here, since
        # Lightning refuses to clip for optimisers that are made so.
        for group in optimiser.param_groups:
            group["fused"] = True
        return found

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["carried"] = {g: tuple(t.cpu() for t in s) for g, s in self.carried.items()}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.carried = {g: tuple(s) for g, s in checkpoint.get("carried", {}).items()}

    def on_validation_epoch_start(self) -> None:
        self.read = Surprise()

    def validation_step(self, batch: Mapping[str, Tensor], batch_idx: int) -> None:
        self._read_on(batch)

    def on_validation_epoch_end(self) -> None:
        self._log_read("validation")
        _log.info("writes: %s", " ".join(self.write(1, SHOWN)[0].split()))

    def on_test_epoch_start(self) -> None:
        self.read = Surprise()

    def test_step(self, batch: Mapping[str, Tensor], batch_idx: int) -> None:
        self._read_on(batch)

    def on_test_epoch_end(self) -> None:
        self._log_read("test")

    def _read_on(self, batch: Mapping[str, Tensor]) -> None:
        """In full precision whatever the training's, so that a model's score is one number."""
        with torch.autocast(batch["x"].device.type, enabled=False):
            logits, self.read.state = self.network(batch["x"], self.read.state)
        lost = F.cross_entropy(logits.flatten(0, 1).float(), batch["y"].flatten(), reduction="none")
        self.read.add(batch["y"].flatten(), lost)

    def _log_read(self, split: str) -> None:
        mean = self.read.mean()
        self.log(f"{split}/loss", mean)
        self.log(f"{split}/perplexity", perplexity(mean))

    def results(self) -> tuple[dict[str, float], Arrays]:
        """Perplexity by how often a token occurs, the first tokens' surprise, and samples."""
        tokens, lost = self.read.tokens(), self.read.lost()
        mean = self.read.mean()
        metrics = {
            "test/loss": mean,
            "test/perplexity": perplexity(mean),
            "test/tokens": float(len(tokens)),
        }
        bounds, counts, means = by_frequency(tokens, lost)
        tokeniser = self._tokeniser()
        first = [tokeniser.decode([t], skip_special_tokens=False) for t in tokens[:READ].tolist()]
        arrays: Arrays = {
            "often": bounds,
            "counts": counts,
            "perplexities": np.exp(means),
            "text": np.array(first or [""]),
            "surprise": lost[:READ].astype(np.float32),
            "samples": np.array(self.write(SAMPLES, self.params.written)),
            "temperature": np.array(self.params.temperature),
        }
        return metrics, arrays

    def write(self, count: int, tokens: int) -> list[str]:
        """Samples from the beginning of a text; the same at every call for the same weights."""
        generator = torch.Generator().manual_seed(SAMPLE_SEED)
        ids = torch.full((count, 1), self.start, device=self.device)
        training = self.network.training
        self.network.eval()  # after a test Lightning has put it back to training
        with torch.autocast(self.device.type, enabled=False):
            found = sample(self.network, ids, tokens, self.params.temperature, generator=generator)
        self.network.train(training)
        tokeniser = self._tokeniser()
        return [tokeniser.decode(row, skip_special_tokens=False) for row in found.tolist()]

    def _tokeniser(self) -> Tokenizer:
        return Tokenizer.from_str(self.trainer.datamodule.files[TOKENISER])  # type: ignore[attr-defined]
