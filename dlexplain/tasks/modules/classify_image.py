"""Naming the class of a picture: cross-entropy, accuracy, confusion, the worst mistakes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torchmetrics.classification import MulticlassAccuracy, MulticlassConfusionMatrix

from dlexplain.tasks.base import Arrays, Training
from dlexplain.tasks.classify_image import Params, check_teacher
from dlexplain.tasks.modules.adversarial import Adversary, as_in_evaluation, divergence
from dlexplain.tasks.modules.base import TaskModule
from dlexplain.tasks.modules.distilling import (
    NO_FILES,
    Remembered,
    Teacher,
    distillation_loss,
    mixed,
)
from dlexplain.tasks.modules.pictures import PixelRange, Spread, tile, to_bytes

WORST = 24
"""Mistakes kept."""
SAMPLES = 24
"""Test pictures kept at most, spread over the test part, to look at and to ask about."""
JUDGING_STEPS = 10
"""Of PGD, in validation and test, where the training is adversarial."""


class ClassifyImage(TaskModule):
    """Batches {"x": (batch, channels, side, side), "y": (batch,)}; training ones may be mixed."""

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
        self.teacher: Teacher | None = None
        self.remembered: Remembered | None = None
        self.range = PixelRange.of(facts)
        self.accuracy = MulticlassAccuracy(classes, average="micro")
        self.one_view = MulticlassAccuracy(classes, average="micro")
        self.robust = MulticlassAccuracy(classes, average="micro")
        self.adversary: Adversary | None = None
        if params.adversary != "none":
            budget, moves = params.adversary_budget, params.adversary_steps
            self.adversary = Adversary(self.range, budget, moves)
        self.confusion = MulticlassConfusionMatrix(classes)
        self.mistakes: list[dict[str, Tensor]] = []
        self.samples = Spread(facts.get("sizes", {}).get("test", SAMPLES), SAMPLES)

    @property
    def teacher_name(self) -> str:
        return self.params.teacher

    def take_teacher(
        self, network: nn.Module, facts: Mapping[str, Any], files: Mapping[str, str] = NO_FILES
    ) -> None:
        check_teacher(facts, self.facts)
        self.teacher = Teacher(network, facts, self.range)

    def prepare(self, data: Any) -> None:
        self.remembered = Remembered(data.originals)

    def _taught(self, batch: Mapping[str, Any]) -> Tensor:
        """(batch, classes) logits of the teacher."""
        assert self.teacher is not None
        if self.params.teacher_sees == "the same":
            return self.teacher(batch["x"])
        assert self.remembered is not None
        first = self.remembered(self.teacher, batch["places"])
        if batch["weight"] == 1:
            return first
        second = self.remembered(self.teacher, batch["places2"])
        return mixed(first, second, batch["weight"], self.params.temperature)

    def _label_loss(self, logits: Tensor, batch: Mapping[str, Any]) -> Tensor:
        smoothing = self.params.label_smoothing
        loss = F.cross_entropy(logits, batch["y"], label_smoothing=smoothing)
        if batch["weight"] < 1:
            other = F.cross_entropy(logits, batch["y2"], label_smoothing=smoothing)
            loss = batch["weight"] * loss + (1 - batch["weight"]) * other
        return loss

    def _against(self, adversary: Adversary, batch: Mapping[str, Any]) -> Tensor:
        """The logits of moved pictures, (batch, classes), which are learned from alone."""
        moved = adversary(self.network, batch["x"], lambda found: self._label_loss(found, batch))
        logits: Tensor = self(moved).float()
        return logits

    def _traded(self, adversary: Adversary, x: Tensor, logits: Tensor) -> Tensor:
        """How far the answers move at most, as far as the attack finds it."""
        with as_in_evaluation(self.network), torch.no_grad():
            calm = self(x).float()
        moved = adversary(self.network, x, lambda found: divergence(calm, found))
        return divergence(logits, self(moved).float())

    def loss(self, batch: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        if self.adversary is not None and self.params.adversary == "pgd":
            logits = self._against(self.adversary, batch)
        else:
            logits = self(batch["x"]).float()  # (batch, classes)
        loss = self._label_loss(logits, batch)
        hits = (logits.detach().argmax(1) == batch["y"]).float().mean()
        numbers = {"accuracy": hits}
        if self.adversary is not None and self.params.adversary == "trades":
            moves = self._traded(self.adversary, batch["x"], logits)
            numbers["divergence"] = moves.detach()
            loss = loss + self.params.trades * moves
        if self.teacher is not None:
            taught = self._taught(batch)
            distance = distillation_loss(logits, taught, self.params.temperature)
            share = self.params.teacher_share
            numbers |= {"distillation": distance.detach(), "label_loss": loss.detach()}
            loss = share * distance + (1 - share) * loss
        return loss, numbers

    def on_validation_epoch_start(self) -> None:
        self.mistakes = []

    def validation_step(self, batch: Mapping[str, Tensor], batch_idx: int) -> None:
        logits = self(batch["x"]).float()
        size = len(logits)
        self.log("validation/loss", F.cross_entropy(logits, batch["y"]), batch_size=size)
        self.accuracy(logits, batch["y"])
        self.log("validation/accuracy", self.accuracy, batch_size=size)
        if self.adversary is not None:
            self.robust(self._attacked(self.adversary, batch), batch["y"])
            self.log("validation/robust_accuracy", self.robust, batch_size=size)
        self._remember(batch, logits)

    def _attacked(self, adversary: Adversary, batch: Mapping[str, Tensor]) -> Tensor:
        """(batch, classes) logits of pictures that PGD has moved within the training's budget."""
        with torch.inference_mode(False):  # Lightning evaluates where no gradient can be taken
            x, y = batch["x"].clone(), batch["y"].clone()
            judge = adversary.judging(JUDGING_STEPS)
            moved = judge(self.network, x, lambda found: F.cross_entropy(found, y))
        logits: Tensor = self(moved).float()
        return logits

    def on_test_epoch_start(self) -> None:
        self.mistakes = []
        self.samples.clear()
        for metric in (self.accuracy, self.one_view, self.robust, self.confusion):
            metric.reset()

    def test_step(self, batch: Mapping[str, Tensor], batch_idx: int) -> None:
        x, y = batch["x"], batch["y"]
        one = self(x).float()
        logits = self._views(x, one)
        size = len(y)
        self.one_view.update(one, y)
        self.accuracy.update(logits, y)
        self.confusion.update(logits, y)
        if self.adversary is not None:
            self.robust.update(self._attacked(self.adversary, batch), y)
        self.log("test/loss", F.cross_entropy(one, y), batch_size=size)
        self._remember(batch, logits)
        self.samples.keep(size, pixels=x, labels=y)

    def _views(self, x: Tensor, one: Tensor) -> Tensor:
        """(batch, classes) logits averaged over the views of the test."""
        if self.params.test_views == "one":
            return one
        both: Tensor = (one + self(x.flip(3)).float()) / 2
        if self.params.test_views == "mirrored":
            return both
        side = x.shape[-1]
        padded = F.pad(x, (1, 1, 1, 1), mode="reflect")
        corners = (padded[..., :side, :side], padded[..., 2:, 2:])
        shifted = [(self(c).float() + self(c.flip(3)).float()) / 2 for c in corners]
        joined: Tensor = both / 2 + (shifted[0] + shifted[1]) / 4
        return joined

    def _remember(self, batch: Mapping[str, Tensor], logits: Tensor) -> None:
        """Keep this batch's surest mistakes."""
        shares = logits.softmax(1)
        best, said = shares.max(1)
        wrong = (said != batch["y"]).nonzero()[:, 0]
        if len(wrong) == 0:
            return
        worst = wrong[best[wrong].argsort(descending=True)[:WORST]]
        self.mistakes.append(
            {
                "pixels": self._pixels(batch["x"][worst]),
                "truth": batch["y"][worst].cpu(),
                "said": said[worst].cpu(),
                "share": best[worst].cpu(),
            }
        )

    def _pixels(self, x: Tensor) -> Tensor:
        """(count, channels, side, side) normalised -> (count, side, side, channels) uint8"""
        return to_bytes(self.range.unit(x))

    def _worst(self) -> dict[str, Tensor]:
        if not self.mistakes:
            return {}
        every = {key: torch.cat([m[key] for m in self.mistakes]) for key in self.mistakes[0]}
        order = every["share"].argsort(descending=True)[:WORST]
        return {key: values[order] for key, values in every.items()}

    def results(self) -> tuple[dict[str, float], Arrays]:
        """Confusion (classes, classes), rows the truth; the worst mistakes; the first samples."""
        metrics = {"test/accuracy": float(self.accuracy.compute())}
        if self.params.test_views != "one":
            metrics["test/accuracy_one_view"] = float(self.one_view.compute())
        if self.adversary is not None:
            metrics["test/robust_accuracy"] = float(self.robust.compute())
        arrays: Arrays = {"confusion": self.confusion.compute().cpu().numpy()}
        arrays |= {f"mistakes_{key}": t.numpy() for key, t in self._worst().items()}
        if kept := self.samples.kept():
            arrays["samples_pixels"] = self._pixels(kept["pixels"]).numpy()
            arrays["samples_labels"] = kept["labels"].numpy()
        return metrics, arrays

    def pictures(self) -> dict[str, NDArray[np.uint8]]:
        """The epoch's surest mistakes in validation, and the first layer's filters."""
        kept = {}
        if worst := self._worst():
            kept["mistakes"] = tile(worst["pixels"].numpy())
        filters = next((m for m in self.network.modules() if isinstance(m, nn.Conv2d)), None)
        if filters is not None and filters.weight.shape[1] in (1, 3):
            weights = filters.weight.detach().float().cpu()
            low = weights.amin(dim=(1, 2, 3), keepdim=True)
            high = weights.amax(dim=(1, 2, 3), keepdim=True)
            scaled = (weights - low) / (high - low).clamp_min(1e-9) * 255
            kept["filters"] = tile(scaled.byte().permute(0, 2, 3, 1).numpy())
        return kept
