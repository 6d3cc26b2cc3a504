"""Translation: teacher forcing with label smoothing; beam search and BLEU in the test.

Label smoothing as Szegedy et al., "Rethinking the Inception Architecture", 2016,
https://arxiv.org/abs/1512.00567; BLEU of Papineni et al. 2002 by sacrebleu (Post 2018,
https://arxiv.org/abs/1804.08771), on texts as people write them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from sacrebleu.metrics.bleu import BLEU
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.networks.modules.translator import BOS, PAD, Translator
from dlexplain.tasks.base import Arrays, Training
from dlexplain.tasks.modules.base import TaskModule
from dlexplain.tasks.modules.decoding import beam, greedy, most_tokens
from dlexplain.tasks.translate import Params

SAMPLED = 200
"""Sentences that are translated in each validation, and that are kept after the test."""
ALIGNED = 12
"""Sentences whose alignment is kept after the test."""


def token_loss(logits: Tensor, target: Tensor, smoothing: float = 0.0) -> Tensor:
    """Mean over the tokens that are no padding of the cross-entropy.

    logits (batch, T, vocabulary) of what follows each token; target (batch, T + 1) from BOS on
    """
    following = target[:, 1:]
    return F.cross_entropy(
        logits.float().flatten(0, 1),
        following.flatten(),
        ignore_index=PAD,
        label_smoothing=smoothing,
    )


def bleu(said: Sequence[str], references: Sequence[str]) -> float:
    """Corpus BLEU, 0 to 100; sacrebleu's default: 13a tokens, cased, one reference."""
    return float(BLEU().corpus_score(list(said), [list(references)]).score)


class Translate(TaskModule):
    """Batches {"source": (batch, S), "target": (batch, T)}; the network is a Translator."""

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
        self.longest = int(facts["longest_target"])
        self.every = max(1, int(facts["sizes"]["validation"]) // SAMPLED)
        self.said: dict[int, list[int]] = {}

    @property
    def translator(self) -> Translator:
        return cast(Translator, self.network)

    def loss(self, batch: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        logits = self.network(batch["source"], batch["target"][:, :-1])
        return token_loss(logits, batch["target"], self.params.label_smoothing), {}

    def terms(self, batch: Mapping[str, Any]) -> Tensor:
        real: Tensor = batch["target"][:, 1:] != PAD
        return real.sum()[None]

    def _limit(self, source: Tensor) -> int:
        """Tokens that a translation may have."""
        return most_tokens(self.longest, source)

    def on_validation_epoch_start(self) -> None:
        self.said = {}

    def validation_step(self, batch: Mapping[str, Tensor], batch_idx: int) -> None:
        source, target = batch["source"], batch["target"]
        logits = self.network(source, target[:, :-1]).float()
        real = target[:, 1:] != PAD
        size = int(real.sum())  # tokens, so that the mean is over tokens
        self.log("validation/loss", token_loss(logits, target), batch_size=size)
        right = (logits.argmax(-1) == target[:, 1:])[real].float().mean()
        self.log("validation/token_accuracy", right, batch_size=size)
        some = batch["places"] % self.every == 0
        if some.any():
            written = greedy(self.translator, source[some], self._limit(source))
            self._keep(batch["places"][some], written)

    def on_validation_epoch_end(self) -> None:
        said, references = self._texts("validation")
        self.log("validation/bleu", bleu(said, references))
        self.log("validation/exact", exact(said, references))

    def on_test_epoch_start(self) -> None:
        self.said = {}

    def test_step(self, batch: Mapping[str, Tensor], batch_idx: int) -> None:
        source, target = batch["source"], batch["target"]
        # Whatever the training's precision, a score is of whole digits, so that it repeats.
        with torch.autocast(source.device.type, enabled=False):
            logits = self.network(source, target[:, :-1])
            size = int((target[:, 1:] != PAD).sum())
            self.log("test/loss", token_loss(logits, target), batch_size=size)
            written, _ = beam(
                self.translator,
                source,
                self._limit(source),
                self.params.beam,
                self.params.length_penalty,
            )
        self._keep(batch["places"], written)

    def _keep(self, places: Tensor, written: Tensor) -> None:
        rows = written.cpu().tolist()
        self.said |= dict(zip(places.tolist(), rows, strict=True))

    def _texts(self, split: str) -> tuple[list[str], list[str]]:
        """What was said, and what was to be said, in the order of the data."""
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        references = getattr(data.data, split).target
        places = sorted(self.said)
        return [data.codec.text(self.said[p]) for p in places], [references[p] for p in places]

    def results(self) -> tuple[dict[str, float], Arrays]:
        """BLEU; sentences in the order of the data, evenly spread; alignments of some."""
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        said, references = self._texts("test")
        metrics = {
            "test/bleu": bleu(said, references),
            "test/exact": exact(said, references),
        }
        kept = np.linspace(0, len(said) - 1, min(SAMPLED, len(said))).astype(int)
        sources = data.data.test.source
        arrays: Arrays = {
            "source": np.array([sources[p] for p in kept]),
            "reference": np.array([references[p] for p in kept]),
            "said": np.array([said[p] for p in kept]),
        }
        for index, text in enumerate(kept[:ALIGNED].tolist()):
            arrays |= {f"{key}_{index}": array for key, array in self._aligned(data, text).items()}
        return metrics, arrays

    @torch.no_grad()
    def _aligned(self, data: Any, place: int) -> Arrays:
        """alignment (T, S) of one sentence of the test, with the names of rows and columns."""
        source = data.source_of(place).to(self.device)  # (1, S)
        ids = [token for token in self.said[place] if token != PAD]
        target = torch.tensor([[BOS, *ids]], device=self.device)[:, :-1]
        weights = self.translator.alignment(source, target)[0]  # (T, S)
        rows, columns = data.codec.pieces(ids, source[0].tolist())
        return {
            "alignment": weights.float().cpu().numpy().astype(np.float16),
            "rows": np.array(rows),
            "columns": np.array(columns),
        }


def exact(said: Sequence[str], references: Sequence[str]) -> float:
    """Part of the texts that are the reference to the letter, 0 to 1."""
    return float(np.mean([a == b for a, b in zip(said, references, strict=True)]))
