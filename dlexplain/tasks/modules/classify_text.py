"""Naming the class of a text: cross-entropy, accuracy, macro F1, confusion, the worst mistakes."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
from torch import Tensor, nn
from torch.nn import functional as F
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassConfusionMatrix,
    MulticlassF1Score,
)

from dlexplain.errors import BadInput
from dlexplain.networks.modules.text_shapes import PAD, ReadsVectors
from dlexplain.tasks.base import Arrays, Training
from dlexplain.tasks.classify_text import Params, check_teacher
from dlexplain.tasks.modules.adversarial import move_vectors
from dlexplain.tasks.modules.base import TaskModule
from dlexplain.tasks.modules.teaching import (
    Answer,
    RememberedTexts,
    TextTeacher,
    beside,
    bridge,
    kept_state,
    taught_loss,
)

WORST = 24
"""Mistakes kept."""
SAMPLES = 24
"""Test texts kept at most, spread over the test part."""
TOKENISER = "tokenizer.json"
MOST_LETTERS = 1000
"""Of a text that is kept."""


class ClassifyText(TaskModule):
    """Batches {"x": (batch, time) ids, "y": (batch,)}; in evaluation with their "texts"."""

    def __init__(
        self,
        network: nn.Module,
        facts: Mapping[str, Any],
        params: Params,
        training: Training,
        steps: int,
    ) -> None:
        super().__init__(network, training, steps)
        classes = len(facts["classes"])
        self.facts, self.params = facts, params
        self.ids_of: Callable[[str, int], Tensor] = _no_texts
        self.remembered: RememberedTexts | None = None
        self.bridge: nn.Module | None = None
        self.accuracy = MulticlassAccuracy(classes, average="micro")
        self.f1 = MulticlassF1Score(classes, average="macro")
        self.confusion = MulticlassConfusionMatrix(classes)
        self.mistakes: list[tuple[float, int, int, str]] = []
        self.samples: list[tuple[int, str]] = []
        self.tested = 0
        self.every = -(-int(facts.get("sizes", {}).get("test", SAMPLES)) // SAMPLES)

    @property
    def teacher_name(self) -> str:
        return self.params.teacher

    def prepare(self, data: Any) -> None:
        if self.params.teacher:
            self.ids_of = data.training_ids

    def take_teacher(
        self, network: nn.Module, facts: Mapping[str, Any], files: Mapping[str, str]
    ) -> None:
        check_teacher(facts, self.facts)
        classes = len(self.facts["classes"])
        self.bridge = bridge(self.network, network, classes, self.params)
        teacher = TextTeacher(network, classes, self.params.hidden != "none")
        ids = self.ids_of(files[TOKENISER], int(facts["longest"]))
        self.ids_of = _no_texts  # a copy for measuring would copy all data with it
        self.remembered = RememberedTexts(teacher, ids)

    def learning(self) -> nn.Module:
        return beside(self.network, self.bridge)

    def loss(self, batch: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        classes, wanted = len(self.facts["classes"]), self.bridge is not None
        with kept_state(self.network, classes, wanted) as kept:
            if self.params.adversary_share:
                loss, numbers, logits = self._adversarial_loss(batch)
            else:
                logits = self(batch["x"]).float()  # (batch, classes)
                loss, numbers = self._label_loss(logits, batch), {"accuracy": _hits(logits, batch)}
        if self.remembered is None:
            return loss, numbers
        taught = self.remembered(batch["places"], logits.device)
        state = None if self.bridge is None else self.bridge(kept.state).float()
        said = Answer(logits, state)
        loss, more = taught_loss(self.params, self.params.temperature, loss, said, taught)
        return loss, numbers | more

    def _label_loss(self, logits: Tensor, batch: Mapping[str, Any]) -> Tensor:
        smoothing = self.params.label_smoothing
        return F.cross_entropy(logits, batch["y"], label_smoothing=smoothing)

    def _adversarial_loss(
        self, batch: Mapping[str, Any]
    ) -> tuple[Tensor, dict[str, Tensor], Tensor]:
        """The mean of the loss of the texts, and of that of their moved vectors; numbers to log,
        and the logits of the texts."""
        network = cast(ReadsVectors, self.network)
        mask = batch["x"] != PAD
        vectors = network.embed(batch["x"])
        logits = network.read_vectors(vectors, mask).float()
        loss = self._label_loss(logits, batch)

        def against(found: Tensor) -> Tensor:
            return self._label_loss(network.read_vectors(found, mask).float(), batch)

        # Dropout stays on: cuDNN has no gradient of a recurrent network as in evaluation.
        moved = move_vectors(vectors, mask, against, self.params.adversary_share)
        hard = against(moved)
        numbers = {"accuracy": _hits(logits, batch), "adversarial_loss": hard.detach()}
        return (loss + hard) / 2, numbers, logits

    def on_validation_epoch_start(self) -> None:
        for metric in (self.accuracy, self.f1):
            metric.reset()

    def validation_step(self, batch: Mapping[str, Any], batch_idx: int) -> None:
        logits, y = self(batch["x"]).float(), batch["y"]
        self.accuracy(logits, y)
        self.f1(logits, y)
        self.log("validation/loss", F.cross_entropy(logits, y), batch_size=len(y))
        self.log("validation/accuracy", self.accuracy, batch_size=len(y))
        self.log("validation/f1", self.f1, batch_size=len(y))

    def on_test_epoch_start(self) -> None:
        self.mistakes, self.samples, self.tested = [], [], 0
        for metric in (self.accuracy, self.f1, self.confusion):
            metric.reset()

    def test_step(self, batch: Mapping[str, Any], batch_idx: int) -> None:
        logits, y = self(batch["x"]).float(), batch["y"]
        for metric in (self.accuracy, self.f1, self.confusion):
            metric.update(logits, y)
        self.log("test/loss", F.cross_entropy(logits, y), batch_size=len(y))
        best, said = logits.softmax(1).max(1)
        rows = zip(best.tolist(), said.tolist(), y.tolist(), batch["texts"], strict=True)
        for share, answer, truth, text in rows:
            if answer != truth:
                self.mistakes.append((share, answer, truth, text))
            if self.tested % self.every == 0:
                self.samples.append((truth, text))
            self.tested += 1
        self.mistakes = sorted(self.mistakes, key=lambda m: -m[0])[:WORST]

    def results(self) -> tuple[dict[str, float], Arrays]:
        """Confusion (classes, classes), rows the truth; the surest mistakes; some samples."""
        metrics = {"test/accuracy": self.accuracy, "test/f1": self.f1}
        arrays: Arrays = {
            "confusion": self.confusion.compute().cpu().numpy(),
            "mistakes_share": np.array([m[0] for m in self.mistakes], np.float32),
            "mistakes_said": np.array([m[1] for m in self.mistakes], np.int64),
            "mistakes_truth": np.array([m[2] for m in self.mistakes], np.int64),
            "mistakes_texts": _kept([m[3] for m in self.mistakes]),
            "samples_labels": np.array([s[0] for s in self.samples], np.int64),
            "samples_texts": _kept([s[1] for s in self.samples]),
        }
        return {key: float(metric.compute()) for key, metric in metrics.items()}, arrays


def _hits(logits: Tensor, batch: Mapping[str, Any]) -> Tensor:
    hits: Tensor = (logits.detach().argmax(1) == batch["y"]).float()
    return hits.mean()


def _kept(texts: list[str]) -> Any:
    return np.array([text[:MOST_LETTERS] for text in texts], np.str_)


def _no_texts(tokeniser: str, longest: int) -> Tensor:
    """Before `prepare`."""
    raise BadInput("a teacher is taken once the module has seen its data")
