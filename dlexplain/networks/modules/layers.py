"""A network's layers in order, from its input to its head, and keeping some of them as they are.

A layer is a module with weights of its own and the norms behind it, or a whole block where a
network has a row of them, such as a Transformer's.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from torch import nn

NORMS = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm)
ROWS = (nn.Sequential, nn.ModuleList)


@dataclass(frozen=True, eq=False)
class Layer:
    """modules  those whose own weights belong to it;  weights  these, by name, each once"""

    name: str
    modules: tuple[nn.Module, ...]
    weights: dict[str, nn.Parameter]


def layers_of(network: nn.Module) -> list[Layer]:
    """The first first. A weight that two layers share belongs to the later one."""
    found: list[tuple[str, list[nn.Module]]] = []
    _visit("", network, False, found)
    names = {id(module): name for name, module in network.named_modules()}
    layers: list[Layer] = []
    seen: set[int] = set()
    for name, modules in reversed(found):
        weights = {}
        for module in modules:
            for key, weight in module.named_parameters(recurse=False):
                if id(weight) not in seen:
                    seen.add(id(weight))
                    weights[f"{names[id(module)]}.{key}".lstrip(".")] = weight
        if weights:
            layers.append(Layer(name, tuple(modules), weights))
    return layers[::-1]


def _visit(
    name: str, module: nn.Module, in_row: bool, found: list[tuple[str, list[nn.Module]]]
) -> None:
    if isinstance(module, NORMS) and found:
        found[-1][1].append(module)
        return
    if next(module.parameters(), None) is None:
        return
    row = isinstance(module, ROWS)
    inner = [child for child in module.children() if next(child.parameters(), None) is not None]
    # An adapted layer is one layer, with what was put beside it.
    if not row and (in_row or not inner or hasattr(module, "base_layer")):
        found.append((name, list(module.modules())))
        return
    if next(module.parameters(recurse=False), None) is not None:
        found.append((name or "of its own", [module]))
    for key, child in module.named_children():
        _visit(f"{name}.{key}".lstrip("."), child, row, found)


def head_of(network: nn.Module) -> Layer:
    """The last layer, which gives the answer."""
    return layers_of(network)[-1]


def batch_norms(layers: Collection[Layer]) -> Iterator[nn.Module]:
    """Those of the layers."""
    for layer in layers:
        yield from (m for m in layer.modules if isinstance(m, nn.modules.batchnorm._BatchNorm))


def freeze(layers: Sequence[Layer]) -> tuple[nn.Module, ...]:
    """Their weights learn no more; returns their batch norms, which have to stay in eval mode."""
    for layer in layers:
        for weight in layer.weights.values():
            weight.requires_grad = False
    return tuple(batch_norms(layers))
