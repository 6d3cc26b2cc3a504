"""A run that begins with the weights of a trained model of its task, its parent, and learns on.

All weights are the parent's but those of the head where the answers are others. Fine-tuning by
layers: Howard and Ruder, "Universal Language Model Fine-tuning for Text Classification", 2018,
https://arxiv.org/abs/1801.06146.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from dlexplain.compression.modules.base import STRUCTURE
from dlexplain.errors import BadInput, DataError
from dlexplain.execution.spec import RunSpec
from dlexplain.networks.base import ARCHITECTURES
from dlexplain.networks.modules.adapters import adapt, adaptable, merge
from dlexplain.networks.modules.layers import Layer, freeze, head_of, layers_of
from dlexplain.params import parse
from dlexplain.services.training.backbones import Backbone, is_own, read_backbone
from dlexplain.services.training.parents import read_told
from dlexplain.tasks.modules.base import TaskModule
from dlexplain.tasks.transfer import HEADED, Params
from dlexplain.trained.catalogue import trained
from dlexplain.trained.folder import Trained
from dlexplain.trained.networks import load_network


class Transferring:
    """What is taken over from the parent, and what is kept as it is while the run learns."""

    def __init__(self, spec: RunSpec, parent: Trained | Backbone) -> None:
        self.spec, self.parent = spec, parent
        self.how: Params = parse(Params, spec.transfer)
        self.still: tuple[nn.Module, ...] = ()
        self.frozen: list[nn.Parameter] = []

    @classmethod
    def of(cls, spec: RunSpec, home: Path | None) -> "Transferring | None":
        """None where the run begins with fresh weights; raises UnknownName or WeightsError."""
        if not spec.parent or spec.compression:
            return None
        return cls(spec, read_backbone(spec) if is_own(spec) else trained(spec.parent, home))

    @property
    def files(self) -> dict[str, str]:
        """By which the parent reads texts, or a user's own backbone is built."""
        return _reading(self.parent)

    def told(self, facts: Mapping[str, Any]) -> tuple[str, ...]:
        """Of a user's own backbone, what it makes of these data."""
        return self.parent.told(facts) if isinstance(self.parent, Backbone) else ()

    def begin(self, network: nn.Module, facts: Mapping[str, Any], files: Mapping[str, str]) -> str:
        """Put the parent's weights into a fresh network and say which; raises BadInput where it
        reads something else than the data give, WeightsError where its weights are damaged.

        facts, files  of the run's data
        """
        if isinstance(self.parent, Backbone):
            self.parent.check(self.spec, facts)
        if dict(files) != self.files:
            raise DataError(
                f"{self.parent.name} reads other tokens than {self.spec.data} gives; a run that "
                "begins with its weights needs the same"
            )
        own, theirs = network.state_dict(), _weights(self.parent)
        head = _names(network, head_of(network)) if self.spec.task in HEADED else set()
        fresh = {name for name in head if not self._same_answers(facts)}
        fresh |= {n for n in head & theirs.keys() if own[n].shape != theirs[n].shape}
        for name, tensor in own.items():
            if name not in fresh and (name not in theirs or theirs[name].shape != tensor.shape):
                raise BadInput(self._misfit(name, tensor, theirs.get(name), facts))
        network.load_state_dict({**theirs, **{name: own[name] for name in fresh}})
        return self._told(own, fresh, facts)

    def restrain(self, network: nn.Module) -> str:
        """Keep what is not to learn as it is; says what learns. Raises BadInput."""
        how, layers = self.how, layers_of(network)
        learning = {"all": len(layers), "head": 1, "last layers": how.layers}.get(how.learns, 1)
        if how.learns == "last layers" and learning >= len(layers):
            raise BadInput(
                f"transfer: layers is {how.layers}, but {self.spec.model} has {len(layers)}; 1 to "
                f"{len(layers) - 1} are accepted, or learns=all"
            )
        before = [p for p in network.parameters() if p.requires_grad]
        self.still = freeze(layers[: len(layers) - learning])
        if how.learns == "adapters":
            self._adapt(network, layers[-1])
        self.frozen = [p for p in before if not p.requires_grad]
        count = sum(p.numel() for p in network.parameters() if p.requires_grad)
        names = ", ".join(layer.name for layer in layers[len(layers) - learning :])
        said = {
            "all": "all layers learn",
            "adapters": f"adapters of rank {how.adapter_rank} and the layer {names} learn",
        }.get(how.learns, f"of {len(layers)} layers these learn: {names}")
        slower = f", each layer by {how.layer_decay:g} more slowly than the one behind it"
        return f"{said}, {count:,} numbers{slower if how.layer_decay < 1 else ''}"

    def _adapt(self, network: nn.Module, head: Layer) -> None:
        names = [name for name in adaptable(network) if name != head.name]
        if not names:
            raise BadInput(
                f"{self.spec.model} has no linear layer and no convolution but its last, so "
                "there is nothing to adapt; all, last layers and head are accepted"
            )
        learning = [p for p in head.weights.values() if p.requires_grad]
        adapt(network, names, self.how.adapter_rank, self.how.adapter_alpha)
        for weight in learning:  # peft lets nothing learn but its own
            weight.requires_grad = True

    def guide(self, module: TaskModule) -> None:
        """Tell the task's module of what stays still and how fast the rest learns."""
        module.still = self.still
        module.layer_decay = self.how.layer_decay
        module.train()  # which sets what stays still apart

    def finish(self, network: nn.Module) -> nn.Module:
        """The plain network, as its architecture builds it."""
        if self.how.learns == "adapters":
            merge(network)
        for weight in self.frozen:
            weight.requires_grad = True
        return network

    def _same_answers(self, facts: Mapping[str, Any]) -> bool:
        key = "targets" if self.spec.task == "forecast" else "classes"
        return list(facts[key]) == list(self.parent.facts[key])

    def _told(self, own: Mapping[str, Tensor], fresh: set[str], facts: Mapping[str, Any]) -> str:
        taken = sum(t.numel() for name, t in own.items() if name not in fresh)
        told = f"began with {self.parent.name}: {taken:,} of {_count(own):,} numbers are taken"
        names = [name for name in own if name in fresh]
        told += f", fresh: {', '.join(names)}" if names else ", none is fresh"
        series = list(self.parent.facts.get("series", ()))
        if self.spec.task == "forecast" and series != list(facts["series"]):
            told += f"; it read other series in their places: {', '.join(series)}"
        return told

    def _misfit(
        self, name: str, own: Tensor, theirs: Tensor | None, facts: Mapping[str, Any]
    ) -> str:
        reads = _reads(self.spec.task, self.parent.facts, self.parent.spec)
        given = _reads(self.spec.task, facts, self.spec)
        if theirs is None or reads == given:
            has = "has no" if theirs is None else f"has {_sides(theirs)} for"
            return (
                f"parent {self.parent.name} {has} {name}, this network {_sides(own)}; they must be "
                "the same"
            )
        return (
            f"parent {self.parent.name} reads {reads}, this run {given}, and {name} is bound to "
            "that; they must be the same"
        )


def read_by(spec: RunSpec, transferring: Transferring | None, home: Path | None) -> dict[str, str]:
    """Texts by which the model that a run begins with reads its examples, by file name."""
    if transferring is not None:
        return transferring.files
    built_by = ARCHITECTURES[spec.model].file
    return _reading(trained(spec.parent, home)) if spec.compression and built_by else {}


def _reading(parent: Trained | Backbone) -> dict[str, str]:
    return {name: text for name, text in parent.files.items() if name != STRUCTURE}


def _weights(parent: Trained | Backbone) -> Mapping[str, Tensor]:
    return parent.state if isinstance(parent, Backbone) else load_network(parent).state_dict()


def _names(network: nn.Module, layer: Layer) -> set[str]:
    """Of the layer's weights and buffers in the network's state."""
    return {name for name in network.state_dict() if name.startswith(f"{layer.name}.")}


def _count(state: Mapping[str, Tensor]) -> int:
    return sum(tensor.numel() for tensor in state.values())


def _sides(tensor: Tensor) -> str:
    return " × ".join(map(str, tensor.shape)) or "one number"


def _reads(task: str, facts: Mapping[str, Any], spec: RunSpec) -> str:
    """What goes into a network, as far as weights may be bound to it."""
    if task == "classify-image":
        return read_told(task, facts)
    if task == "forecast":
        return f"{read_told(task, facts)} over {spec.task_params['window']} periods"
    if task == "classify-text":
        return f"{facts['vocabulary']:,} tokens, at most {facts['longest']} of a text"
    return "its tokens"
