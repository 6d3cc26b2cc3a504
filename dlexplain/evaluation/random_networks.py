"""A network with random weights, layer by layer."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import nn

from dlexplain.errors import Incompatible
from dlexplain.explainers.drawing import random_state_kept

Order = Literal["cascading", "independent"]
Draw = Literal["deviation", "reset"]
ORDERS: tuple[Order, ...] = ("cascading", "independent")
WEIGHTS = 1810
"""Tells these draws from others of the same seed."""
DRAWS: tuple[Draw, ...] = ("deviation", "reset")


@dataclass(frozen=True, eq=False)
class RandomNetwork:
    """layers  what got random weights at this step: a layer's name, or the first and the last
    network  is changed at the next step, so it is to be used before
    """

    layers: str
    network: nn.Module


def layers_of(network: nn.Module, draw: Draw) -> list[str]:
    """Names of the modules with weights of their own, from the first to the last as the network
    declares them; to be reset, of those that can draw their first weights again.

    Raises Incompatible where there are none.
    """
    found = [name for name, module in network.named_modules() if _has_weights(module, draw)]
    if not found:
        what = "that could be drawn anew" if draw == "deviation" else "with reset_parameters"
        raise Incompatible(f"the network has no layers with weights {what}")
    return found


def _has_weights(module: nn.Module, draw: Draw) -> bool:
    if draw == "reset":
        return hasattr(module, "reset_parameters")
    return any(parameter.is_floating_point() for parameter in module.parameters(recurse=False))


def random_networks(
    network: nn.Module, order: Order, draw: Draw, steps: int, seed: int
) -> Iterator[RandomNetwork]:
    """Yield the network with random weights, in at most so many steps of about equally many layers.

    order  cascading: from the last layer down, each step keeping what was random before it;
           independent: at each step those layers alone
    draw   deviation: each tensor of weights normal, with its own mean and deviation, so that any
           architecture, also with norms folded away, stays in range; a tensor of one number stays.
           reset: as the layer draws its first weights, by `reset_parameters`; every layer from
           the same seed, as Quantus' MPRT
    What is given is what is changed, so it is a copy where others use it; afterwards, also where
    not all is asked for, it is as it was.
    """
    names = layers_of(network, draw)[::-1]
    own = {name: value.clone() for name, value in network.state_dict().items()}
    try:
        for group in _groups(names, steps):
            if order == "independent":
                network.load_state_dict(own)
            for name in group:
                _DRAWS[draw](network.get_submodule(name), seed + names.index(name), seed)
            title = group[0] if len(group) == 1 else f"{group[0]} to {group[-1]}"
            yield RandomNetwork(title, network)
    finally:
        network.load_state_dict(own)


@torch.no_grad()
def redrawn(network: nn.Module, draws: int, seed: int) -> Iterator[nn.Module]:
    """Yield the network with all weights drawn anew, normal with each tensor's own mean and
    deviation, as the whole of `random_networks`' last step, so many times.

    Numbers are drawn once, which takes as long as a pass of the network, and from draw to draw move
    on by a random number of places: each draw by itself is as good as another. What is given is
    changed, and stays so. Raises Incompatible where it has no weights.
    """
    layers_of(network, "deviation")
    found = [p for p in network.parameters() if p.is_floating_point()]
    spreads = [_spread(parameter) for parameter in found]
    sizes = [p.numel() for p in found]
    generator = torch.Generator().manual_seed(_mixed(seed))
    drawn = torch.empty(sum(sizes)).normal_(generator=generator)
    for _ in range(draws):
        by = int(torch.randint(len(drawn), (), generator=generator))
        pieces = torch.split(drawn.roll(by), sizes)
        for parameter, piece, spread in zip(found, pieces, spreads, strict=True):
            if spread is not None:
                mean, deviation = spread
                parameter.copy_(piece.view(parameter.shape)).mul_(deviation).add_(mean)
        yield network


def _spread(parameter: nn.Parameter) -> tuple[float, float] | None:
    """Mean and deviation; None of infinite weights, which stay."""
    mean, deviation = float(parameter.mean()), float(parameter.std(unbiased=False))
    return (mean, deviation) if math.isfinite(deviation) else None


def _mixed(seed: int) -> int:
    """Not the seed itself: with a small one somebody may have drawn the weights as they are."""
    drawn = np.random.SeedSequence([seed, WEIGHTS]).generate_state(1, np.uint64)
    return int(drawn[0] >> np.uint64(1))


def _groups(names: list[str], steps: int) -> Iterator[list[str]]:
    count = min(steps, len(names))
    for step in range(count):
        yield names[len(names) * step // count : len(names) * (step + 1) // count]


@torch.no_grad()
def _like_its_own(module: nn.Module, of_layer: int, _seed: int) -> None:
    generator = torch.Generator().manual_seed(_mixed(of_layer))
    for parameter in module.parameters(recurse=False):
        if not parameter.is_floating_point() or (ends := _spread(parameter)) is None:
            continue
        mean, deviation = ends
        # In the order in which they lie in memory: otherwise they are drawn one by one.
        last = parameter.dim() == 4 and parameter.is_contiguous(memory_format=torch.channels_last)
        numbers = parameter.permute(0, 2, 3, 1) if last else parameter
        if numbers.device.type == "cpu":
            numbers.normal_(mean, deviation, generator=generator)
        else:
            numbers.copy_(torch.empty(numbers.shape).normal_(mean, deviation, generator=generator))


def _reset(module: nn.Module, _of_layer: int, seed: int) -> None:
    with random_state_kept():
        torch.manual_seed(seed + 1)
        module.reset_parameters()  # type: ignore[operator]


_DRAWS: dict[Draw, Callable[[nn.Module, int, int], None]] = {
    "deviation": _like_its_own,
    "reset": _reset,
}
