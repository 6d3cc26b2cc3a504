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

from dlexplain.errors import BadInput
from dlexplain.networks.modules.language import State, detached
from dlexplain.tasks.base import Arrays, Training
from dlexplain.tasks.language_model import Params, check_teacher
from dlexplain.tasks.modules.base import TaskModule
from dlexplain.tasks.modules.perplexity import Surprise, by_frequency, perplexity
from dlexplain.tasks.modules.sampling import sample
from dlexplain.tasks.modules.teaching import (
    Answer,
    TextTeacher,
    beside,
    bridge,
    kept_state,
    taught_loss,
)
from dlexplain.tasks.modules.together import ROWS

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
        self.facts = facts
        self.files: Mapping[str, str] = {}
        self.teacher: TextTeacher | None = None
        self.taught: dict[int, State] = {}
        """What the teacher carries, likewise."""
        self.bridge: nn.Module | None = None
        self.read = Surprise()

    @property
    def teacher_name(self) -> str:
        return self.params.teacher

    def prepare(self, data: Any) -> None:
        self.files = data.files

    def take_teacher(
        self, network: nn.Module, facts: Mapping[str, Any], files: Mapping[str, str]
    ) -> None:
        check_teacher(facts, self.facts)
        own, theirs = (Tokenizer.from_str(of[TOKENISER]).get_vocab() for of in (self.files, files))
        if own != theirs:
            other = len(own.items() - theirs.items())
            raise BadInput(
                f"{other:,} of the {len(own):,} tokens of the data are others of the teacher, or "
                "have other numbers; a language model learns from one of the same vocabulary"
            )
        self.teacher = TextTeacher(network, len(own), self.params.hidden != "none")
        self.bridge = bridge(self.network, network, len(own), self.params)

    def learning(self) -> nn.Module:
        return beside(self.network, self.bridge)

    def loss(self, batch: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        with kept_state(
            self.network, int(self.facts["vocabulary"]), self.bridge is not None
        ) as kept:
            logits, after = self.network(batch["x"], self._before(self.carried, batch))
        self._carry(self.carried, batch, after)
        said = logits.flatten(0, 1).float()  # (batch, time, vocabulary) -> (tokens, vocabulary)
        loss = F.cross_entropy(said, batch["y"].flatten())
        numbers = {"perplexity": loss.detach().clamp(max=50).exp()}
        if self.teacher is None:
            return loss, numbers
        state = None if self.bridge is None else self.bridge(kept.state).flatten(0, 1).float()
        answer = self._taught(self.teacher, batch)
        how = self.params
        loss, more = taught_loss(how, how.teacher_temperature, loss, Answer(said, state), answer)
        return loss, numbers | more

    def shared_loss(
        self, batch: Mapping[str, Any], factors: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        loss, numbers = super().shared_loss(batch, factors)
        if self._is_recorded():  # the perplexity of all is no mean of perplexities
            surprise = {"perplexity": numbers["perplexity"].log()}
            weight = float(self.terms(batch)[0])
            numbers["perplexity"] = self.together.means(surprise, weight)["perplexity"].exp()
        return loss, numbers

    def _taught(self, teacher: TextTeacher, batch: Mapping[str, Any]) -> Answer:
        """The teacher's answers, (tokens, vocabulary), reading on with a state of its own."""
        (logits, state), after = teacher.read_on(batch["x"], self._before(self.taught, batch))
        self._carry(self.taught, batch, after)
        return Answer(logits.flatten(0, 1), None if state is None else state.flatten(0, 1))

    def _before(self, carried: Mapping[int, State], batch: Mapping[str, Any]) -> State | None:
        """The state with which the batch is read; None at the beginning of the text."""
        before = None if batch["first"] else carried.get(batch["group"])
        if before is None:
            return None
        device = batch["x"].device  # a resume has them on the CPU
        return tuple(self.together.own(part).to(device) for part in before)

    def _carry(self, carried: dict[int, State], batch: Mapping[str, Any], after: State) -> None:
        """Keep the state of the whole batch, whichever workers read it: so a checkpoint has it."""
        rows = len(batch["x"]) if self.together.count == 1 else batch[ROWS]
        whole = tuple(self.together.whole(part, rows) for part in detached(after))
        carried[batch["group"]] = whole

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
        checkpoint["taught"] = {g: tuple(t.cpu() for t in s) for g, s in self.taught.items()}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.carried = {g: tuple(s) for g, s in checkpoint.get("carried", {}).items()}
        self.taught = {g: tuple(s) for g, s in checkpoint.get("taught", {}).items()}

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
