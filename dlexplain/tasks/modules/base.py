"""The base of all LightningModules here: optimiser and schedule, the seed of each batch, the
gradient norm. The loss, the metrics and the results are each task's; the loop is Lightning's.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Self

import lightning.pytorch as L
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from dlexplain.networks.modules.layers import layers_of
from dlexplain.registry import imported
from dlexplain.tasks.base import Arrays, TaskSpec, Training
from dlexplain.tasks.modules.private import Private
from dlexplain.tasks.modules.together import Together, rows_of
from dlexplain.tasks.private import EPSILON

NEVER = 10**9
"""Epochs after which Lightning steps a schedule that this module steps itself."""


class TaskModule(L.LightningModule):
    """Base of all tasks; batches are dictionaries, and training ones have their own "seed"."""

    def __init__(self, network: nn.Module, training: Training, steps: int) -> None:
        """steps  optimiser steps in the whole training, for the schedule"""
        super().__init__()
        self.network = network
        self.training_params = training
        self.steps = steps
        self.private: Private | None = None
        self.together = Together()
        self.still: tuple[nn.Module, ...] = ()  # batch norms of frozen layers
        self.layer_decay = 1.0

    def train(self, mode: bool = True) -> Self:
        """As any module's; the statistics of frozen layers stay."""
        super().train(mode)
        for module in self.still:
            module.eval()
        return self

    @abstractmethod
    def loss(self, batch: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        """The batch's mean loss, and further numbers to log under train/."""

    def terms(self, batch: Mapping[str, Any]) -> Tensor:
        """(1,) of how many terms, examples by default, the batch's loss is the mean."""
        return torch.tensor([rows_of(batch)])

    def shared_loss(
        self, batch: Mapping[str, Any], factors: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """As `loss` of a worker's share of a batch, scaled so that the mean over the workers is the
        loss of the whole; see Together.

        factors  one for each of the `terms`
        """
        loss, numbers = self.loss(batch)
        return loss * factors[0].to(loss.device), numbers

    @abstractmethod
    def results(self) -> tuple[dict[str, float], Arrays]:
        """After the test: metrics under test/, and arrays for the run's page."""

    def prepare(self, data: Any) -> None:
        """Before a training, what needs the data module but no step; not after a reload."""

    def learning(self) -> nn.Module:
        """What the optimiser moves: the network, and what the task learns beside it."""
        return self.network

    def pictures(self) -> dict[str, NDArray[np.uint8]]:
        """Pictures (height, width, 3) worth keeping at the end of this epoch, by kind."""
        return {}

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.network(x)
        return output

    def on_train_batch_start(self, batch: Mapping[str, Any], batch_idx: int) -> None:
        # Dropout draws the same after a resume, and something else in each worker.
        _seed(self.device, batch["seed"] + self.together.rank)
        if self.private is not None:
            self.private.begin(batch["seed"])

    def training_step(self, batch: Mapping[str, Any], batch_idx: int) -> Tensor:
        share = self.together.share(batch)
        if self.together.count == 1:
            loss, numbers = self.loss(batch)
            whole = loss.detach()
        else:
            factors = self.together.factors(self.terms(share), self.terms(batch))
            loss, numbers = self.shared_loss(share, factors)
        if self._is_recorded():
            if self.together.count > 1:
                whole = self.together.means({"loss": loss.detach()}, 1.0)["loss"]
                numbers = self.together.means(numbers, float(self.terms(share).sum()))
            rate = self.optimizers().param_groups[0]["lr"]  # type: ignore[union-attr]
            self.log_dict(
                {"train/loss": whole, "train/learning_rate": rate}
                | {f"train/{key}": value for key, value in numbers.items()}
            )
        return loss

    def _is_recorded(self) -> bool:
        """Whether Lightning hands on what is logged in this step, which costs a millisecond."""
        every: int = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        return (self.global_step + 1) % every == 0  # before the step is counted

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        if self._is_recorded():
            gradients = [p.grad for p in self.network.parameters() if p.grad is not None]
            norm = nn.utils.get_total_norm(gradients)
            whole = norm.full_tensor() if isinstance(norm, DTensor) else norm  # or of shards
            self.log("train/gradient_norm", whole)

    def wrapped(self, optimiser: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """The optimiser as the training uses it: one that adds noise where it is private."""
        if self.private is None:
            return optimiser
        return self.private.wrapped(self.network, optimiser)

    def on_fit_end(self) -> None:
        if self.private is not None:
            self.private.release()

    def on_train_epoch_end(self) -> None:
        if self.private is not None:
            self.log(EPSILON, self.private.spent(self.global_step))
        # Lightning would do it after the epoch's checkpoint is written, which a resume then lacks.
        schedule = self.lr_schedulers()
        if isinstance(schedule, torch.optim.lr_scheduler.ReduceLROnPlateau):
            known = self.trainer.callback_metrics
            # Of several workers only the first validates.
            found = torch.nan if self.together.rank else float(known["validation/loss"])
            schedule.step(self.together.of_first(found, self.device))

    def configure_optimizers(self) -> Any:
        how = self.training_params
        optimiser, schedule = optimiser_and_schedule(
            self.learning(), how, self.steps, wrapped=self.wrapped, layer_decay=self.layer_decay
        )
        if schedule is None:
            return optimiser
        plateau = how.schedule == "plateau"
        said = {"scheduler": schedule, "interval": "step"}
        never = {"interval": "epoch", "frequency": NEVER, "monitor": "validation/loss"}
        return {"optimizer": optimiser, "lr_scheduler": said | (never if plateau else {})}


def task_module(
    task: TaskSpec,
    network: nn.Module,
    facts: Mapping[str, Any],
    params: Any,
    training: Training,
    steps: int,
) -> TaskModule:
    """The task's LightningModule around a network.

    facts  of the data module;  steps  optimiser steps in the whole training, for the schedule
    """
    made: TaskModule = imported(task.module)(network, facts, params, training, steps)
    return made


def optimiser_and_schedule(
    network: nn.Module,
    how: Training,
    steps: int,
    factor: float = 1.0,
    wrapped: Callable[[torch.optim.Optimizer], torch.optim.Optimizer] = lambda optimiser: optimiser,
    layer_decay: float = 1.0,
) -> tuple[torch.optim.Optimizer, Any]:
    """For the parameters that learn; the schedule, of `steps`, is None where the rate is constant.

    factor       of the learning rate
    wrapped      makes of the optimiser the one that is stepped
    layer_decay  of the learning rate, a layer away from the last
    """
    how = replace(how, learning_rate=how.learning_rate * factor)
    groups = _groups(network, how, layer_decay)
    match how.optimiser:
        case "sgd":
            optimiser: torch.optim.Optimizer = torch.optim.SGD(
                groups, momentum=how.momentum, nesterov=how.momentum > 0
            )
        case "adam":
            optimiser = torch.optim.Adam(groups, betas=(how.momentum, 0.999))
        case _:
            optimiser = torch.optim.AdamW(groups, betas=(how.momentum, 0.999))
    optimiser = wrapped(optimiser)
    return optimiser, _schedule(optimiser, how, steps)


def _seed(device: torch.device, seed: int) -> None:
    """As torch.manual_seed, of the devices in use: that looks for all others too, each time."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)


def _groups(network: nn.Module, how: Training, layer_decay: float = 1.0) -> list[dict[str, Any]]:
    """Those of the last layer first, each layer's rate `layer_decay` times that of the one behind
    it (Howard and Ruder 2018, https://arxiv.org/abs/1801.06146); all in one where that is 1."""
    if layer_decay == 1.0:
        return _at_one_rate(network.modules(), how)
    beside: list[nn.Module] = []
    if isinstance(network, nn.ModuleList):  # what the task learns beside the network
        network, *beside = network
    groups = [group for one in beside for group in _at_one_rate(one.modules(), how)]
    seen: set[int] = set()
    for away, layer in enumerate(reversed(layers_of(network))):
        slower = replace(how, learning_rate=how.learning_rate * layer_decay**away)
        for group in _at_one_rate(layer.modules, slower):
            new = [p for p in group["params"] if id(p) not in seen]
            seen |= set(map(id, new))
            groups += [{**group, "params": new}] if new else []
    return groups


def _at_one_rate(modules: Iterable[nn.Module], how: Training) -> list[dict[str, Any]]:
    """Batch norms' biases apart from the rest, where they learn faster."""
    biases: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for module in modules:
        norm = isinstance(module, nn.modules.batchnorm._BatchNorm)
        for name, parameter in module.named_parameters(recurse=False):
            if parameter.requires_grad:
                (biases if norm and name == "bias" else rest).append(parameter)
    rate, decay = how.learning_rate, how.weight_decay
    factor = how.norm_bias_rate
    if factor == 1.0 or not biases:
        return [{"params": rest + biases, "lr": rate, "weight_decay": decay}]
    return [
        {"params": rest, "lr": rate, "weight_decay": decay},
        # rate x decay, the pull a step, stays the same
        {"params": biases, "lr": rate * factor, "weight_decay": decay / factor},
    ]


def _schedule(optimiser: torch.optim.Optimizer, how: Training, steps: int) -> Any:
    rates = torch.optim.lr_scheduler
    match how.schedule:
        case "one-cycle":
            return rates.OneCycleLR(
                optimiser,
                [group["lr"] for group in optimiser.param_groups],
                total_steps=steps + 1,  # Lightning steps once more after the last batch
                pct_start=0.23,
                anneal_strategy="linear",
                cycle_momentum=False,
                div_factor=5,
                final_div_factor=3,
            )
        case "cosine":
            return rates.CosineAnnealingLR(optimiser, T_max=steps)
        case "plateau":
            return rates.ReduceLROnPlateau(optimiser, factor=0.5, patience=2)
    return None
