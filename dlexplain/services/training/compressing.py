"""A run that makes a trained model, its parent, smaller or faster, and may train it on."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning.pytorch as L
from lightning.pytorch.callbacks import Callback
from torch import nn

from dlexplain.compression.modules.base import STRUCTURE, Compressor, compressor, step_of, steps_in
from dlexplain.execution.spec import RunSpec
from dlexplain.params import Value
from dlexplain.trained.catalogue import trained
from dlexplain.trained.folder import Trained
from dlexplain.trained.networks import load_network


class Compressing:
    """What is done to the parent's network, before, during and after the training."""

    def __init__(self, name: str, way: Compressor[Any], parent: Trained) -> None:
        self.name, self.way, self.parent = name, way, parent
        text = parent.files[STRUCTURE] if STRUCTURE in parent.kept else "[]"
        self.before = steps_in(text)

    @classmethod
    def of(cls, spec: RunSpec, home: Path | None) -> "Compressing":
        """Raises UnknownName or WeightsError where the parent cannot be read."""
        way = compressor(spec.compression, spec.compression_params)
        return cls(spec.compression, way, trained(spec.parent, home))

    def prepare(self, data: Any) -> nn.Module:
        """The network to be trained, or tested at once; raises BadInput where the parent has
        nothing to make smaller, WeightsError where its weights are damaged."""
        return self.way.prepare(load_network(self.parent), data)

    def finish(self, network: nn.Module, data: Any) -> nn.Module:
        return self.way.finish(network, data)

    def files(self, network: nn.Module) -> dict[str, str]:
        """How its modules differ from those that its architecture builds, or nothing."""
        own = self.way.structure(network)
        steps = [*self.before, *([step_of(self.name, own)] if own else [])]
        return {STRUCTURE: json.dumps(steps)} if steps else {}

    def metrics(self, network: nn.Module) -> dict[str, float]:
        return {f"test/{key}": value for key, value in self.way.facts(network).items()}

    def callback(self) -> Callback:
        return _AfterSteps(self.way)


class _AfterSteps(Callback):
    def __init__(self, way: Compressor[Any]) -> None:
        self.way = way

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, at: int
    ) -> None:
        part = trainer.global_step / max(1, int(trainer.estimated_stepping_batches))
        self.way.after_step(pl_module.network, min(1.0, part))  # type: ignore[arg-type]


def compression_spec(
    parent: Trained,
    compression: str,
    params: Mapping[str, Value] | None = None,
    training: Mapping[str, Value] | None = None,
) -> RunSpec:
    """The run that compresses the parent: its spec, with what is told changed; raises WeightsError.

    training  of the training on, such as {"epochs": 2}; without it there is none
    """
    spec = parent.spec
    return replace(
        spec,
        parent=str(parent.folder.absolute()) if parent.source == "path" else parent.name,
        transfer={},
        compression=compression,
        compression_params=dict(params or {}),
        training={**spec.training, "epochs": 0, **(training or {})},
        name=f"{parent.name}, {compression}",
    )
