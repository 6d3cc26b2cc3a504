"""Several labels at once: a loss and a metric for each head, and how the heads' gradients agree."""

import itertools
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.tasks.base import Arrays, Training
from dlexplain.tasks.modules.base import TaskModule
from dlexplain.tasks.modules.pictures import PixelRange, Spread, to_bytes
from dlexplain.tasks.modules.weighting import (
    cosines,
    shared_weights,
    weighting_of,
)
from dlexplain.tasks.multi_task import (
    ALL,
    UNKNOWN,
    Params,
    TextParams,
    accuracy_of,
    in_metric,
)

WORST = 12
"""Mistakes kept of each head."""
SAMPLES = 24
"""Test examples kept at most, spread over the test part."""
MOST_LETTERS = 1000
"""Of a text that is kept."""


class MultiTask(TaskModule):
    """Batches {"x": what the network reads, "y": (batch, heads)}, UNKNOWN where a label is missing;
    training ones of pictures may be mixed. The network gives (batch, sum of the heads' classes)."""

    def __init__(
        self,
        network: nn.Module,
        facts: Mapping[str, Any],
        params: Params | TextParams,
        training: Training,
        steps: int,
    ) -> None:
        super().__init__(network, training, steps)
        self.params = params
        self.heads: list[str] = list(facts["heads"])
        self.widths = [len(classes) for classes in facts["heads"].values()]
        self.weighting = weighting_of(params, self.heads)
        self.sharing = shared_weights(network, sum(self.widths))
        self.factors = [1.0] * len(self.heads)
        self.compares = False
        self.compared: dict[str, Tensor] = {}
        self.counts = torch.zeros(0)
        self.confusions = [np.zeros((n, n), np.int64) for n in self.widths]
        self.mistakes: list[list[tuple[float, int, int, Any]]] = []

    def parts(self, outputs: Tensor) -> list[Tensor]:
        """Each head's logits, (batch, its classes)."""
        return list(torch.split(outputs.float(), self.widths, dim=1))

    def losses(self, outputs: Tensor, batch: Mapping[str, Any]) -> list[Tensor]:
        """Each head's mean cross-entropy over the examples with a known label; 0 where none is."""
        weight = batch.get("weight", 1.0)
        found = []
        for head, logits in enumerate(self.parts(outputs)):
            loss = self._one(logits, batch["y"][:, head])
            if weight < 1:
                other = self._one(logits, batch["y2"][:, head])
                loss = weight * loss + (1 - weight) * other
            found.append(loss)
        return found

    def _one(self, logits: Tensor, y: Tensor) -> Tensor:
        if not bool((y != UNKNOWN).any()):
            return logits.sum() * 0
        smoothing = self.params.label_smoothing if self.training else 0.0
        return F.cross_entropy(logits, y, ignore_index=UNKNOWN, label_smoothing=smoothing)

    def training_step(self, batch: Mapping[str, Any], batch_idx: int) -> Tensor:
        self.compares = self._is_recorded() and self._is_due()
        loss = super().training_step(batch, batch_idx)
        if self.compares and self.trainer.logger is not None:
            # Lightning's own log would repeat them at every step until they are measured again.
            named = {f"train/{key}": float(value) for key, value in self.compared.items()}
            self.trainer.logger.log_metrics(named, step=self.global_step)
        return loss

    def _is_due(self) -> bool:
        """Whether the gradients are to be compared in a step that is recorded: the first that is,
        and each that lies at least so many steps behind the last one."""
        every: int = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        between = -(-self.params.cosine_every // every) if self.params.cosine_every else 0
        recorded = (self.global_step + 1) // every - 1  # from 0
        return between > 0 and len(self.heads) > 1 and recorded % between == 0

    def loss(self, batch: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        outputs = self(batch["x"])
        each = self.losses(outputs, batch)
        losses = [factor * loss for factor, loss in zip(self.factors, each, strict=True)]
        numbers: dict[str, Tensor] = {}
        if self.compares:
            self.compared = self._compared(losses)
        last = next((p for p in reversed(self.sharing) if p.ndim >= 2), None)
        weights = self.weighting.weights
        total: Tensor = self.weighting(losses, last)
        right, known = self._right(outputs.detach(), batch["y"])
        some = known.any(1)
        if bool(some.any()):
            numbers[ALL] = (right | ~known).all(1)[some].float().mean()
        for head, (name, loss) in enumerate(zip(self.heads, each, strict=True)):
            numbers[f"loss_of_{in_metric(name)}"] = loss.detach()
            if self.params.weighting != "fixed":
                numbers[f"weight_of_{in_metric(name)}"] = weights[head]
        return total, numbers

    def terms(self, batch: Mapping[str, Any]) -> Tensor:
        """(heads,) examples whose label is known."""
        known: Tensor = batch["y"] != UNKNOWN
        return known.sum(0)

    def shared_loss(
        self, batch: Mapping[str, Any], factors: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Each head's loss is the mean of other terms, so each is scaled by itself."""
        self.factors = factors.tolist()
        try:
            return self.loss(batch)
        finally:
            self.factors = [1.0] * len(self.heads)

    def _compared(self, losses: list[Tensor]) -> dict[str, Tensor]:
        """The cosine of the gradients of each pair of heads on the weights that they share."""
        found = cosines(losses, self.sharing)
        pairs = itertools.combinations(range(len(self.heads)), 2)
        named = {
            f"gradient_cosine_{in_metric(self.heads[i])}_{in_metric(self.heads[j])}": found[i, j]
            for i, j in pairs
        }
        return {key: value for key, value in named.items() if bool(torch.isfinite(value))}

    def wrapped(self, optimiser: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """With the heads' uncertainties, where they are learned; nothing pulls them to zero."""
        learned = list(self.weighting.parameters())
        known = {id(p) for group in optimiser.param_groups for p in group["params"]}
        if learned and id(learned[0]) not in known:  # a measured step has all of the module
            rate = self.training_params.learning_rate
            optimiser.add_param_group({"params": learned, "lr": rate, "weight_decay": 0.0})
        return super().wrapped(optimiser)

    def _right(self, outputs: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, heads) whether each head is right, and whether its label is known."""
        said = torch.stack([logits.argmax(1) for logits in self.parts(outputs)], dim=1)
        return said == y, y != UNKNOWN

    def _count(self, outputs: Tensor, y: Tensor) -> None:
        """Add to the counts: right and known by head, then right and known of all heads."""
        right, known = self._right(outputs, y)
        some = known.any(1)
        every = (right | ~known).all(1) & some
        columns = [(right & known).sum(0), known.sum(0), every.sum()[None], some.sum()[None]]
        self.counts = self.counts + torch.cat(columns).cpu()

    def _accuracies(self) -> dict[str, float]:
        """Of each head, and of all together."""
        heads = len(self.heads)
        right, known = self.counts[:heads], self.counts[heads : 2 * heads]
        shares = (right.float() / known.float()).tolist()
        named = dict(zip(map(accuracy_of, self.heads), shares, strict=True))
        return named | {ALL: float(self.counts[-2].float() / self.counts[-1].float())}

    def _log_loss(self, split: str, outputs: Tensor, batch: Mapping[str, Any]) -> None:
        """The sum of the heads' losses, whatever their weights are by now."""
        losses = self.losses(outputs, batch)
        total = losses[0]
        for loss in losses[1:]:
            total = total + loss
        size = len(outputs)
        self.log(f"{split}/loss", total, batch_size=size)
        if len(losses) > 1:
            for name, loss in zip(self.heads, losses, strict=True):
                self.log(f"{split}/loss_of_{in_metric(name)}", loss, batch_size=size)

    def on_validation_epoch_start(self) -> None:
        self.counts = torch.zeros(2 * len(self.heads) + 2)

    def validation_step(self, batch: Mapping[str, Any], batch_idx: int) -> None:
        outputs = self(batch["x"])
        self._log_loss("validation", outputs, batch)
        self._count(outputs, batch["y"])

    def on_validation_epoch_end(self) -> None:
        for key, value in self._accuracies().items():
            self.log(f"validation/{key}", value)

    def on_test_epoch_start(self) -> None:
        self.counts = torch.zeros(2 * len(self.heads) + 2)
        self.confusions = [np.zeros((n, n), np.int64) for n in self.widths]
        self.mistakes = [[] for _ in self.heads]

    def test_step(self, batch: Mapping[str, Any], batch_idx: int) -> None:
        outputs, y = self(batch["x"]), batch["y"]
        self._log_loss("test", outputs, batch)
        self._count(outputs, y)
        for head, logits in enumerate(self.parts(outputs)):
            best, said = logits.softmax(1).max(1)
            truth = y[:, head]
            known = truth != UNKNOWN
            pairs = (truth[known].cpu().numpy(), said[known].cpu().numpy())
            np.add.at(self.confusions[head], pairs, 1)
            wrong = (known & (said != truth)).nonzero()[:, 0]
            worst = wrong[best[wrong].argsort(descending=True)[:WORST]]
            found = [
                (float(best[place]), int(said[place]), int(truth[place]), self._shown(batch, place))
                for place in worst.tolist()
            ]
            every = sorted(self.mistakes[head] + found, key=lambda mistake: -mistake[0])
            self.mistakes[head] = every[:WORST]

    @abstractmethod
    def _shown(self, batch: Mapping[str, Any], place: int) -> Any:
        """What is kept of an example of the batch."""

    @abstractmethod
    def _kept(self, shown: list[Any]) -> Arrays:
        """Of a head's mistakes, what was shown; {} without one."""

    def results(self) -> tuple[dict[str, float], Arrays]:
        """Of head i under "head{i}_": confusion (classes, classes), rows the truth, and the surest
        mistakes."""
        arrays: Arrays = {}
        for head, (confusion, wrong) in enumerate(zip(self.confusions, self.mistakes, strict=True)):
            found: Arrays = {
                "confusion": confusion,
                "mistakes_share": np.array([m[0] for m in wrong], np.float32),
                "mistakes_said": np.array([m[1] for m in wrong], np.int64),
                "mistakes_truth": np.array([m[2] for m in wrong], np.int64),
                **self._kept([m[3] for m in wrong]),
            }
            arrays |= {f"head{head}_{key}": array for key, array in found.items()}
        return {f"test/{key}": value for key, value in self._accuracies().items()}, arrays


class MultiTaskPictures(MultiTask):
    """Of pictures; some of the test part are kept with their labels."""

    def __init__(
        self,
        network: nn.Module,
        facts: Mapping[str, Any],
        params: Params,
        training: Training,
        steps: int,
    ) -> None:
        super().__init__(network, facts, params, training, steps)
        self.range = PixelRange.of(facts)
        self.samples = Spread(facts.get("sizes", {}).get("test", SAMPLES), SAMPLES)

    def on_test_epoch_start(self) -> None:
        super().on_test_epoch_start()
        self.samples.clear()

    def test_step(self, batch: Mapping[str, Any], batch_idx: int) -> None:
        super().test_step(batch, batch_idx)
        self.samples.keep(len(batch["y"]), pixels=batch["x"], labels=batch["y"])

    def _pixels(self, x: Tensor) -> Any:
        return to_bytes(self.range.unit(x)).numpy()

    def _shown(self, batch: Mapping[str, Any], place: int) -> Any:
        return self._pixels(batch["x"][place : place + 1])[0]

    def _kept(self, shown: list[Any]) -> Arrays:
        return {"mistakes_pixels": np.stack(shown)} if shown else {}

    def results(self) -> tuple[dict[str, float], Arrays]:
        metrics, arrays = super().results()
        if kept := self.samples.kept():
            arrays["samples_pixels"] = self._pixels(kept["pixels"])
            arrays["samples_labels"] = kept["labels"].numpy()
        return metrics, arrays


class MultiTaskTexts(MultiTask):
    """Of texts."""

    def _shown(self, batch: Mapping[str, Any], place: int) -> Any:
        return batch["texts"][place][:MOST_LETTERS]

    def _kept(self, shown: list[Any]) -> Arrays:
        return {"mistakes_texts": np.array(shown, np.str_)}
