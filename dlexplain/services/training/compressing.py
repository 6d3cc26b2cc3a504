"""A run that makes a trained model, its parent, smaller or faster, and may train it on."""

import json
import zlib
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from numpy.typing import NDArray
from safetensors.torch import save
from torch import nn

from dlexplain.compression.modules.base import STRUCTURE, Compressor, compressor, step_of, steps_in
from dlexplain.errors import BadInput
from dlexplain.execution.spec import RunSpec
from dlexplain.networks.modules.base import kept_state
from dlexplain.results.compressed_layers import CompressedLayers
from dlexplain.services.training.compression_specs import KEPT
from dlexplain.services.training.compression_specs import compression_spec as compression_spec
from dlexplain.services.training.first_weights import why_not_fresh
from dlexplain.trained.catalogue import trained
from dlexplain.trained.folder import Trained
from dlexplain.trained.networks import build_network, load_network


class Compressing:
    """What is done to the parent's network, before, during and after the training."""

    def __init__(self, name: str, way: Compressor[Any], parent: Trained) -> None:
        self.name, self.way, self.parent = name, way, parent
        self.way.fresh = lambda: fresh_network(parent)
        text = parent.files[STRUCTURE] if STRUCTURE in parent.kept else "[]"
        self.before = steps_in(text)

    @classmethod
    def of(cls, spec: RunSpec, home: Path | None) -> "Compressing":
        """Raises UnknownName or WeightsError where the parent cannot be read."""
        way = compressor(spec.compression, spec.compression_params)
        return cls(spec.compression, way, trained(spec.parent, home))

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(self.way.notes)

    def prepare(self, data: Any) -> nn.Module:
        """The network to be trained, or tested at once; raises BadInput where the parent has
        nothing to make smaller or its data were others, WeightsError where its weights are
        damaged."""
        check_same_data(self.parent, data)
        network = self.way.prepare(load_network(self.parent), data)
        if self.parent.facts.get("digest") != data.facts.get("digest"):
            self.way.notes.append(
                f"the data are not those of {self.parent.owner}, so its scores are of others"
            )
        return network

    def finish(self, network: nn.Module, data: Any) -> nn.Module:
        return self.way.finish(network, data)

    def files(self, network: nn.Module) -> dict[str, str]:
        """How its modules differ from those that its architecture builds, or nothing."""
        own = self.way.structure(network)
        steps = [*self.before, *([step_of(self.name, own)] if own else [])]
        return {STRUCTURE: json.dumps(steps)} if steps else {}

    def layers(self, network: nn.Module) -> CompressedLayers | None:
        """What became of each layer of the finished network; None where the way does not say."""
        rows = self.way.layers(network)
        if not rows:
            return None
        return CompressedLayers(self.name, tuple(rows[0]), tuple(tuple(r.values()) for r in rows))

    def arrays(self, network: nn.Module) -> dict[str, NDArray[Any]]:
        """The layers' table for the run's results, read by compression_runs.compressed_layers."""
        found = self.layers(network)
        return {} if found is None else {KEPT: np.array(json.dumps(found.to_dict()))}

    def metrics(self, network: nn.Module) -> dict[str, float]:
        """The way's facts, and the size of the weights' file, as it is and zipped."""
        content = save(kept_state(network))
        sizes = {"megabytes": len(content), "megabytes_zipped": len(zlib.compress(content))}
        facts = {**self.way.facts(network), **{key: n / 1e6 for key, n in sizes.items()}}
        return {f"test/{key}": value for key, value in facts.items()}

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

    def state_dict(self) -> dict[str, Any]:
        return self.way.state()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.way.load_state(state_dict)


def fresh_network(model: Trained) -> nn.Module:
    """With the weights with which its training began: architectures draw them from torch's
    generator, which a run seeds before it builds. Raises BadInput where it began otherwise."""
    if why := why_not_fresh(model):
        raise BadInput(f"a lottery ticket needs fresh first weights; {why}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(model.spec.seed)
        return build_network(model)


def check_same_data(parent: Trained, data: Any) -> None:
    """Raises BadInput where the classes or the tokeniser are not those that the parent's weights
    are for."""
    theirs, ours = parent.facts, data.facts
    for key in ("classes", "names", "languages", "vocabulary", "channels", "side"):
        if key in theirs and key in ours and theirs[key] != ours[key]:
            raise BadInput(f"the data's {key} are not those that {parent.owner} was trained on")
    files = {name: text for name, text in parent.files.items() if name in data.files}
    for name, text in files.items():
        if text != data.files[name]:
            raise BadInput(
                f"the {name} made from these data is not that of {parent.owner}; the data that it "
                "was trained on are accepted"
            )
