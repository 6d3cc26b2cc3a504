"""Norms of weights and gradients by layer at the end of each epoch, in a file of the run's folder.

One JSON object a line: {"epoch": 1, "step": 20, "weights": {"conv1": 2.5}, "gradients": {...}}. A
layer is a module with weights of its own, its norm the Euclidean one over all of them.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from dlexplain.execution.files import append_lines
from dlexplain.execution.sharded import whole_network


def layer_weights(network: nn.Module) -> Iterator[tuple[str, list[nn.Parameter]]]:
    """Each layer's name and weights; one that several share belongs to the first."""
    seen: set[int] = set()
    for name, module in network.named_modules():
        own = [p for p in module.parameters(recurse=False) if id(p) not in seen]
        seen |= set(map(id, own))
        if own:
            yield name or "network", own


def norms(groups: dict[str, list[Tensor]]) -> dict[str, float]:
    """Euclidean norm of each group of tensors, () where it has none; of shards, with all workers,
    that of the whole."""
    return {name: _norm(tensors) for name, tensors in groups.items() if tensors}


def _norm(tensors: list[Tensor]) -> float:
    norm = torch.stack(torch._foreach_norm(tensors)).norm()
    return float(norm.full_tensor() if isinstance(norm, DTensor) else norm)


class GradientNorms(Callback):
    """Knows the norms of an epoch's last gradient, before it is clipped."""

    def __init__(self) -> None:
        self._gradients: dict[str, float] = {}

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._gradients = {}

    def on_before_optimizer_step(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        if not trainer.is_last_batch:
            return
        mine = {id(p) for group in optimizer.param_groups for p in group["params"]}
        found = {
            name: [p.grad.detach() for p in weights if p.grad is not None and id(p) in mine]
            for name, weights in layer_weights(pl_module.network)  # type: ignore[arg-type]
        }
        self._gradients |= norms(found)  # of a task with several optimisers, each adds its layers


class Norms(GradientNorms):
    """Writes the norms of the last step of each epoch: of its gradient, and of the weights behind
    it."""

    def __init__(self, file: Path, note: Any) -> None:
        super().__init__()
        self.file, self.note = file, note

    @torch.no_grad()
    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        with whole_network(trainer):
            own = layer_weights(pl_module.network)  # type: ignore[arg-type]
            weights = norms({name: [p.detach() for p in layer] for name, layer in own})
        told = {
            "epoch": trainer.current_epoch + 1,
            "step": trainer.global_step,
            "weights": weights,
            "gradients": self._gradients,
        }
        try:
            append_lines(self.file, [json.dumps(told)])
        except OSError as error:
            self.note(f"norms of the layers could not be written ({error.strerror})")
