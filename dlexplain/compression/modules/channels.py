"""Channels are removed for good, by the dependency graph of torch-pruning.

Fang et al., "DepGraph: Towards Any Structural Pruning", 2023, https://arxiv.org/abs/2301.12900. A
channel of one layer is tied to others: its norm, the inputs of the layers that read it, and the
same channel of every layer that a residual adds to it. Such a group goes or stays as one. Its
importance is the Euclidean norm of all its weights, averaged over its layers and divided by the
mean of its group, so that those of different layers can be ranked together.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dlexplain.compression.channels import EACH, Params
from dlexplain.compression.modules.base import Compressor, Row
from dlexplain.compression.modules.weights import check_kept
from dlexplain.errors import BadInput

KNOWN = (
    nn.Linear, nn.Conv1d, nn.Conv2d, nn.BatchNorm1d, nn.BatchNorm2d, nn.Embedding,
)  # fmt: skip
"""Layers of which torch-pruning knows what belongs to a channel, and `restored` how they shrink."""
LEAST = 0.1
"""Part of its channels that every layer keeps."""
TRACED = 2
"""Examples with which the network is followed."""
SIZES = (
    "in_channels", "out_channels", "groups", "in_features", "out_features", "num_features",
)  # fmt: skip
"""Attributes of layers that say their shapes."""


class Channels(Compressor[Params]):
    """Removes groups of channels; `removed` says which, {layer: places of its outputs}."""

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.removed: dict[str, list[int]] = {}
        self.sizes: dict[str, dict[str, Any]] = {}
        self.before: dict[str, int] = {}

    def prepare(self, network: nn.Module, data: Any) -> nn.Module:
        inputs = data.some_inputs(TRACED, 0)
        _check_kinds(network)
        check_kept(network, (m.weight for m in network.modules() if isinstance(m, nn.Linear)))
        self.before = _outputs_of(network)
        shapes = {name: _sizes(module) for name, module in network.named_modules()}
        learns = {name: weight.requires_grad for name, weight in network.named_parameters()}
        training = network.training
        self.removed = _remove(network.eval(), inputs, self.params)
        for name, weight in network.named_parameters():
            weight.requires_grad = learns[name]
        self.sizes = {
            name: now
            for name, module in network.named_modules()
            if (now := _sizes(module)) != shapes[name]
        }
        return network.train(training)

    def structure(self, network: nn.Module) -> Mapping[str, Any]:
        """{"layers": {name: {"attributes": {...}, "shapes": {weight's name: shape}}}}"""
        return {"layers": self.sizes}

    def facts(self, network: nn.Module) -> Mapping[str, float]:
        """ "channels_kept", the part of all outputs of convolutions and dense layers."""
        return {"channels_kept": sum(_outputs_of(network).values()) / sum(self.before.values())}

    def layers(self, network: nn.Module) -> Sequence[Row]:
        now = _outputs_of(network)
        return [
            {"layer": name, "channels before": count, "channels": now[name]}
            for name, count in self.before.items()
        ]

    @classmethod
    def restored(cls, network: nn.Module, structure: Mapping[str, Any]) -> nn.Module:
        for name, sizes in structure["layers"].items():
            layer = copy.deepcopy(network.get_submodule(name))
            for key, value in sizes["attributes"].items():
                if key not in SIZES or not 0 < int(value) <= getattr(layer, key):
                    raise ValueError(f"{name} has no {key} of {value}")
                setattr(layer, key, int(value))
            for key, shape in sizes["shapes"].items():
                _resize(layer, key, shape)
            network.set_submodule(name, layer)
        return network


def _check_kinds(network: nn.Module) -> None:
    """Raises BadInput for layers whose channels cannot be followed."""
    for name, module in network.named_modules():
        own = next(module.parameters(recurse=False), None)
        if own is not None and not isinstance(module, KNOWN):
            raise BadInput(
                f'channels of "{name or "the network"}" cannot be removed: a '
                f"{type(module).__name__} has weights of its own; convolutions, dense layers, "
                "batch norms and embeddings are accepted"
            )


def _remove(network: nn.Module, inputs: Tensor, params: Params) -> dict[str, list[int]]:
    """Prune the network in place; returns the places of the outputs that each layer lost."""
    import torch_pruning as pruning

    names = {module: name for name, module in network.named_modules()}
    with torch.no_grad():
        last, answer = _last_layer(network, inputs)
    with torch.enable_grad():
        graph = pruning.DependencyGraph().build_dependency(network, example_inputs=inputs)
    of = pruning.importance.GroupMagnitudeImportance(p=2)
    roots = [pruning.ops.TORCH_CONV, pruning.ops.TORCH_LINEAR]
    still = [m for m in names if _is_layer(m) and not m.weight.requires_grad]
    groups = list(graph.get_all_groups(ignored_layers=[last, *still], root_module_types=roots))
    scores = [of(group).detach() for group in groups]
    places = chosen(scores, params.part, params.scope == EACH)
    if not any(places):
        most = max((len(score) for score in scores), default=0)
        raise BadInput(
            f"nothing to prune: no layer loses a channel where a part of {params.part:g} of at "
            f"most {most} is to go"
        )
    removed: dict[str, list[int]] = {}
    for group, gone in zip(groups, places, strict=True):
        if not gone:
            continue
        root = group[0].dep
        exact = graph.get_pruning_group(root.target.module, root.handler, gone)
        for dep, indices in exact:
            if dep.target.module in names and graph.is_out_channel_pruning_fn(dep.handler):
                removed[names[dep.target.module]] = sorted(indices)
        exact.prune()
    with torch.no_grad():
        if network(inputs).shape != answer.shape:
            raise BadInput("the network's answer would have another size without these channels")
    return removed


def chosen(scores: Sequence[Tensor], part: float, each: bool) -> list[list[int]]:
    """Of each group of channels with these importances the places of those that go, ascending.

    each  the `part` of least importance of each group, else of all together. Every group keeps at
          least a tenth of its channels, and one.
    """
    most = [len(score) - max(1, -int(-LEAST * len(score) // 1)) for score in scores]
    if each:
        counts = [min(round(part * len(s)), m) for s, m in zip(scores, most, strict=True)]
        return [_weakest(s, n) for s, n in zip(scores, counts, strict=True)]
    ranked = sorted(
        (value, group, place)
        for group, score in enumerate(scores)
        for place, value in enumerate(score.tolist())
    )
    left = round(part * len(ranked))
    gone: list[list[int]] = [[] for _ in scores]
    for _, group, place in ranked:
        if left and len(gone[group]) < most[group]:
            gone[group].append(place)
            left -= 1
    return [sorted(places) for places in gone]


def _weakest(score: Tensor, count: int) -> list[int]:
    return sorted(score.argsort(stable=True)[:count].tolist())


def _last_layer(network: nn.Module, inputs: Tensor) -> tuple[nn.Module, Tensor]:
    """The layer that gives the answer, whose outputs all stay; and the answer."""
    called: list[nn.Module] = []

    def note(module: nn.Module, given: Any, gives: Any) -> None:
        called.append(module)

    hooks = [m.register_forward_hook(note) for m in network.modules() if _is_layer(m)]
    try:
        answer = network(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    if not called:
        raise BadInput("the network has nothing to prune: it has no convolution and no dense layer")
    return called[-1], answer


def _is_layer(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear | nn.modules.conv._ConvNd)


def _outputs_of(network: nn.Module) -> dict[str, int]:
    return {name: len(m.weight) for name, m in network.named_modules() if _is_layer(m)}


def _sizes(module: nn.Module) -> dict[str, Any]:
    own = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
    return {
        "attributes": {key: getattr(module, key) for key in SIZES if hasattr(module, key)},
        "shapes": {name: list(tensor.shape) for name, tensor in own},
    }


def _resize(layer: nn.Module, key: str, shape: Sequence[int]) -> None:
    """Give it a weight or buffer of this shape, of zeros; raises ValueError for a larger one."""
    old = getattr(layer, key)
    if len(shape) != old.ndim or any(not 0 < n <= m for n, m in zip(shape, old.shape, strict=True)):
        raise ValueError(f"{key} has the shape {tuple(old.shape)}, which does not hold {shape}")
    new = torch.zeros(tuple(shape), dtype=old.dtype)
    if isinstance(old, nn.Parameter):
        setattr(layer, key, nn.Parameter(new, requires_grad=old.requires_grad))
    else:
        layer.register_buffer(key, new)
