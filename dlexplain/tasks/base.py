"""What a task is: a LightningModule with a loss, metrics and results; and the register of them.

Training itself is Lightning's. The base class holds what every task shares: optimiser and
schedule, the seed of each batch, the gradient norm.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import lightning.pytorch as L
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlexplain.params import choice, flag, number
from dlexplain.registry import Registry

Arrays = dict[str, NDArray[Any]]
NEVER = 10**9
"""Epochs after which Lightning steps a schedule that this module steps itself."""


@dataclass(frozen=True)
class Training:
    """How a model is trained, whatever the task."""

    epochs: int = number(5, "Epochs", low=1, high=1000, help="Times that all data is seen.")
    batch_size: int = number(128, "Batch size", low=2, high=65536, help="Examples a step.")
    optimiser: str = choice(
        "adamw", "Optimiser", ("sgd", "adam", "adamw"),
        help="SGD with Nesterov momentum, Adam (Kingma and Ba 2015), or AdamW (Loshchilov and "
        "Hutter 2019).",
    )  # fmt: skip
    learning_rate: float = number(
        1e-3, "Learning rate", low=1e-6, high=10.0, step=1e-4, help="Its largest value."
    )
    momentum: float = number(
        0.9, "Momentum", low=0.0, high=0.999, step=0.01, help="Of SGD; Adam's first beta."
    )
    weight_decay: float = number(
        1e-4, "Weight decay", low=0.0, high=1.0, step=1e-4, help="Pull of the weights to zero."
    )
    norm_bias_rate: float = number(
        1.0, "Norm bias rate", low=0.1, high=100.0, step=1.0,
        help="Batch norms' biases learn faster by this factor (64 in airbench).",
    )  # fmt: skip
    schedule: str = choice(
        "one-cycle", "Schedule", ("constant", "one-cycle", "cosine", "plateau"),
        help="One-cycle rises over the first quarter and falls to a fifteenth of the largest "
        "(Smith 2018); cosine falls to zero; plateau halves when validation stops to improve.",
    )  # fmt: skip
    clip: float = number(
        0.0, "Clip gradient norm", low=0.0, high=1000.0, step=0.5, help="0 does not clip."
    )
    averaging: float = number(
        0.0, "Weight averaging", low=0.0, high=0.9999, step=0.001,
        help="Decay, a step, of a moving average of the weights that is used in the end; 0 is off.",
    )  # fmt: skip
    patience: int = number(
        0, "Early stopping", low=0, high=1000,
        help="Stop after so many epochs without improvement; 0 never does.",
    )  # fmt: skip
    keep_best: bool = flag(
        True, "Keep the best",
        help="Test the epoch that was best in validation; else the last one.",
    )  # fmt: skip
    precision: str = choice(
        "auto", "Precision", ("auto", "float32", "bf16", "fp16"),
        help="bf16 and fp16 compute with half the digits where that is safe. Auto measures a few "
        "steps and takes bf16 where it is clearly faster; name one to repeat a curve exactly.",
    )  # fmt: skip


class TaskModule(L.LightningModule):
    """Base of all tasks; batches are dictionaries, and training ones have their own "seed"."""

    def __init__(self, network: nn.Module, training: Training, steps: int) -> None:
        """steps  optimiser steps in the whole training, for the schedule"""
        super().__init__()
        self.network = network
        self.training_params = training
        self.steps = steps

    @abstractmethod
    def loss(self, batch: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        """The batch's mean loss, and further numbers to log under train/."""

    @abstractmethod
    def results(self) -> tuple[dict[str, float], Arrays]:
        """After the test: metrics under test/, and arrays for the run's page."""

    def prepare(self, data: Any) -> None:
        """Before a training, what needs the data module but no step; not after a reload."""

    def pictures(self) -> dict[str, NDArray[np.uint8]]:
        """Pictures (height, width, 3) worth keeping at the end of this epoch, by kind."""
        return {}

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.network(x)
        return output

    def on_train_batch_start(self, batch: Mapping[str, Any], batch_idx: int) -> None:
        _seed(self.device, batch["seed"])  # dropout draws the same after a resume

    def training_step(self, batch: Mapping[str, Any], batch_idx: int) -> Tensor:
        loss, numbers = self.loss(batch)
        if self._is_recorded():
            rate = self.optimizers().param_groups[0]["lr"]  # type: ignore[union-attr]
            self.log_dict(
                {"train/loss": loss.detach(), "train/learning_rate": rate}
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
            self.log("train/gradient_norm", nn.utils.get_total_norm(gradients))

    def on_train_epoch_end(self) -> None:
        # Lightning would do it after the epoch's checkpoint is written, which a resume then lacks.
        schedule = self.lr_schedulers()
        if isinstance(schedule, torch.optim.lr_scheduler.ReduceLROnPlateau):
            schedule.step(float(self.trainer.callback_metrics["validation/loss"]))

    def configure_optimizers(self) -> Any:
        how = self.training_params
        optimiser, schedule = optimiser_and_schedule(self.network, how, self.steps)
        if schedule is None:
            return optimiser
        plateau = how.schedule == "plateau"
        said = {"scheduler": schedule, "interval": "step"}
        never = {"interval": "epoch", "frequency": NEVER, "monitor": "validation/loss"}
        return {"optimizer": optimiser, "lr_scheduler": said | (never if plateau else {})}


def optimiser_and_schedule(
    network: nn.Module, how: Training, steps: int, factor: float = 1.0
) -> tuple[torch.optim.Optimizer, Any]:
    """For the parameters that learn; the schedule, of `steps`, is None where the rate is constant.

    factor  of the learning rate
    """
    how = replace(how, learning_rate=how.learning_rate * factor)
    groups = _groups(network, how)
    match how.optimiser:
        case "sgd":
            optimiser: torch.optim.Optimizer = torch.optim.SGD(
                groups, momentum=how.momentum, nesterov=how.momentum > 0
            )
        case "adam":
            optimiser = torch.optim.Adam(groups, betas=(how.momentum, 0.999))
        case _:
            optimiser = torch.optim.AdamW(groups, betas=(how.momentum, 0.999))
    return optimiser, _schedule(optimiser, how, steps)


def _seed(device: torch.device, seed: int) -> None:
    """As torch.manual_seed, of the devices in use: that looks for all others too, each time."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)


def _groups(network: nn.Module, how: Training) -> list[dict[str, Any]]:
    """Batch norms' biases apart from the rest, where they learn faster."""
    biases: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for module in network.modules():
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


@dataclass(frozen=True)
class TaskSpec:
    """A task that a run can name.

    Params    of the task, such as label smoothing or the horizon
    monitor   the metric that says which epoch is best, and `mode` which way
    shape     the data module's facts -> what an Architecture is built for
    make      (network, facts, params, Training, optimiser steps) -> the module
    headline  the metric of the test that says how well a model does, in one number
    details   the arrays of `results` -> what a score says beyond its metrics; JSON-serialisable
    manual    whether the module steps its optimisers and clips itself (Lightning's manual
              optimisation); no gradients are added up then
    """

    name: str
    title: str
    modality: str
    Params: type
    description: str
    monitor: str
    mode: Literal["min", "max"]
    shape: Callable[[Mapping[str, Any], Any], Any]
    make: Callable[[nn.Module, Mapping[str, Any], Any, Training, int], TaskModule]
    headline: str = "test/loss"
    details: Callable[[Arrays], Mapping[str, Any]] = lambda arrays: {}
    manual: bool = False


TASKS: Registry[TaskSpec] = Registry("task")
