"""A network whose first layer takes a constant shift of its input back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.explainers.inputs.base import ModelInput
from dlexplain.explainers.prepare import in_float32

KINDS = (nn.Conv2d, nn.Linear)
ROUNDING = 1e-4
"""Of what reaches the first layer, relative to its largest change; and of scores."""


class TakenBack(nn.Module):
    """A layer less what it gives for a shift of its input alone, `back` (1, ...)."""

    def __init__(self, layer: nn.Module, back: Tensor) -> None:
        super().__init__()
        self.layer = layer
        self.register_buffer("back", back)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.layer(x) - self.back
        return found


def shifted_back(given: ModelInput, shift: float) -> nn.Module:
    """A copy of the network that says of x + shift what the network says of x.

    The first layer, a convolution or a linear layer, has another bias, b - W s with the shift s as
    it arrives there. Where a convolution pads with zeros, what its edge takes back is less: there
    the bias differs from place to place.

    Raises Incompatible where the first layer with weights is another one, or does not see the
    input itself, so that its bias cannot take the shift back.
    """
    evaluator, x = given.differentiable()
    with given.model.lock.turn(), torch.no_grad():
        name, plain, moved = _seen(evaluator.model.module, x, x + shift)
        network = in_float32(given.network)
        layer = network.get_submodule(name)
        delta = moved - plain
        _check_constant(delta, layer, name)
        back = layer(delta) - layer(torch.zeros_like(delta))
        if isinstance(layer, nn.Conv2d) and layer.padding not in ("valid", (0, 0)):
            _replace(network, name, TakenBack(layer, back))
        else:
            axes = (0, 2, 3) if isinstance(layer, nn.Conv2d) else tuple(range(back.dim() - 1))
            bias = -back.mean(axes)
            assert isinstance(layer, KINDS)
            own = bias if layer.bias is None else layer.bias + bias
            layer.bias = nn.Parameter(own, requires_grad=False)
    _check_same(given, network, x, shift)
    return network


def _seen(network: nn.Module, x: Tensor, shifted: Tensor) -> tuple[str, Tensor, Tensor]:
    """The name of the first layer with weights that runs, and its input for both."""
    with _first_inputs(network) as inputs:
        network(x)
        name, plain = inputs.pop()
        network(shifted)
        again, moved = inputs.pop()
    if again != name:
        raise Incompatible("which layer comes first depends on the input")
    layer = network.get_submodule(name)
    if not isinstance(layer, KINDS):
        raise Incompatible(
            f'the first layer with weights is "{name}" ({type(layer).__name__}); the bias of a '
            "Conv2d or a Linear can take a shift of the input back"
        )
    return name, plain, moved


@contextmanager
def _first_inputs(network: nn.Module) -> Iterator[list[tuple[str, Tensor]]]:
    """Collects, once a run, the first layer with weights and what it is given; a list that its
    reader empties."""
    found: list[tuple[str, Tensor]] = []

    def note(name: str, inputs: tuple[Any, ...]) -> None:
        if not found and inputs and isinstance(inputs[0], Tensor):
            found.append((name, inputs[0].detach().clone()))

    hooks = [
        module.register_forward_pre_hook(lambda _m, inputs, name=name: note(name, inputs))
        for name, module in network.named_modules()
        if any(True for _ in module.parameters(recurse=False))
    ]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def _check_constant(delta: Tensor, layer: nn.Module, name: str) -> None:
    """Raises Incompatible where the shift does not arrive as one number a channel."""
    # of a convolution (1, channels, height, width), of a linear layer (1, ..., features)
    axes = (2, 3) if isinstance(layer, nn.Conv2d) else tuple(range(1, delta.dim() - 1))
    uneven = delta - delta.mean(axes, keepdim=True) if axes else torch.zeros(1)
    if float(uneven.abs().max()) > ROUNDING * max(float(delta.abs().max()), 1e-12):
        raise Incompatible(
            f'the first layer, "{name}", does not see the input itself: a constant shift of the '
            "input is none there"
        )


def _check_same(given: ModelInput, network: nn.Module, x: Tensor, shift: float) -> None:
    other = given.of_network(network, f"shifted-{shift:g}")
    given.progress.plan(2)
    before = float(given.differentiable()[0].all_scores(x)[0])
    after = float(other.differentiable()[0].all_scores(x + shift)[0])
    if abs(after - before) > 10 * ROUNDING * max(abs(before), 1.0):
        raise Incompatible(
            f"the score is {after:.4g} after a shift of the input by {shift:g} that the first "
            f"layer takes back, and {before:.4g} before: the network sees its input elsewhere too"
        )


def _replace(network: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(network.get_submodule(parent), child, module)
