"""Seeing inside a model: which layers have a spatial grid, and one layer's output and gradient.

Hooks live only inside a `with` here and are removed on error; the caller holds the model's turn
meanwhile, so that nobody else's picture passes through them.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from dlexplain.errors import Incompatible, ParamError, known_names
from dlexplain.explainers.prepare import PreparedModel


@dataclass(frozen=True)
class Layer:
    """A layer whose output is a grid of places: (batch, channels, height, width), or tokens
    (batch, places, channels) that form a square, see FRONT.

    tokens   whether they are such
    reached  whether the scores depend on the grid: after the last block of a Transformer that reads
             its class token they do not
    """

    name: str
    channels: int
    height: int
    width: int
    tokens: bool = False
    reached: bool = True


FRONT = (0, 1, 2, 5)
"""Tokens before those of places: none, a class token, one of distillation too (DeiT), or four
registers too (Darcet et al., "Vision Transformers Need Registers", 2024)."""


SKIPPED = 5
"""A class token and four registers (Darcet et al., "Vision Transformers Need Registers", 2024)."""


def spatial(activation: Tensor) -> Tensor:
    """Reshape a layer's output to (batch, channels, height, width).

    Tokens (batch, places, channels), as Transformers have them, become a square grid; tokens in
    front that are no places, see FRONT, are dropped. Raises ValueError for anything else.
    """
    if activation.dim() == 4 and activation.shape[-2] * activation.shape[-1] > 1:
        return activation
    if activation.dim() == 3 and (found := grid_of(activation.shape[1])) is not None:
        front, side = found
        grid = activation[:, front:].transpose(1, 2)  # (batch, channels, places)
        return grid.reshape(*grid.shape[:2], side, side)
    raise ValueError(f"no spatial grid in an output of shape {tuple(activation.shape)}")


def grid_of(tokens: int) -> tuple[int, int] | None:
    """How many of so many tokens stand in front of a square grid, see FRONT, and its side."""
    for front in FRONT:
        side = math.isqrt(max(0, tokens - front))
        if side > 1 and side * side == tokens - front:
            return front, side
    return None


LEAST_GRID = 3
"""Places along a side that make a grid worth looking at, where a model has such a layer."""
_known: WeakKeyDictionary[PreparedModel, tuple[Layer, ...]] = WeakKeyDictionary()


def spatial_layers(model: PreparedModel) -> tuple[Layer, ...]:
    """All layers with a spatial grid, in the order in which the model runs them."""
    if model not in _known:
        _known[model] = _spatial_layers(model)
    return _known[model]


def same_form(model: PreparedModel, as_: PreparedModel) -> PreparedModel:
    """The first, whose layers are those of the second where these are known, whatever its weights:
    a map of another layer would be another question."""
    if as_ in _known:
        _known[model] = _known[as_]
    return model


def _spatial_layers(model: PreparedModel) -> tuple[Layer, ...]:
    found: dict[str, Layer] = {}
    outputs: dict[str, Tensor] = {}

    def note(name: str, output: object) -> None:
        if isinstance(output, Tensor) and output.shape[:1] == (1,):  # not the windows of a grid
            if output.dim() == 3 and _has_queries(output.shape[1], model.queries):
                return
            try:
                _, channels, height, width = spatial(output).shape
            except ValueError:
                return
            found.pop(name, None)
            found[name] = Layer(name, channels, height, width, output.dim() == 3)
            outputs[name] = output

    modules = [(n, m) for n, m in model.module.named_modules() if n and not _is_identity(m)]
    hooks = []
    with model.lock.turn():
        try:
            for name, module in modules:
                hooks.append(
                    module.register_forward_hook(lambda _m, _i, out, name=name: note(name, out))
                )
            x = model.to_device(model.trial(1))
            with torch.inference_mode():
                model.module(x)
            if any(output.dim() == 3 for output in outputs.values()):
                with torch.enable_grad():
                    logits = model.module(x.clone().requires_grad_())
                    score = (logits * torch.arange(1.0, logits.shape[-1] + 1)).sum()
                    asked = [name for name, output in outputs.items() if output.requires_grad]
                    gradients = torch.autograd.grad(
                        score, [outputs[name] for name in asked], allow_unused=True
                    )
                pairs = zip(asked, gradients, strict=True)
                there = {n for n, g in pairs if g is not None and bool(spatial(g).any())}
                found = {n: replace(layer, reached=n in there) for n, layer in found.items()}
        finally:
            for hook in hooks:
                hook.remove()
    return tuple(found.values())


def _has_queries(tokens: int, queries: int) -> bool:
    """Whether so many tokens may be, or end in, a detector's queries: 100 of them are no grid of
    10 x 10, and 1 + 50 x 50 + 100 tokens (YOLOS) none of 51 x 51."""
    return queries > 0 and (tokens == queries or grid_of(tokens - queries) is not None)


def _is_identity(module: nn.Module) -> bool:
    return isinstance(module, nn.Identity)


def find_layer(model: PreparedModel, name: str = "auto") -> Layer:
    """The layer of this name; "auto" is the last one on whose grid the scores depend, of at least
    LEAST_GRID places along its sides, or, where none has so many, of any. Where the scores are
    read from a map of places, it is the last one of the coarsest such grid: layers behind it only
    draw the map.

    Raises Incompatible when the model has none, ParamError when none has this name.
    """
    layers = spatial_layers(model)
    if not layers:
        raise Incompatible("the model has no layer with a spatial grid, which this method needs")
    if name == "auto":
        reached = [layer for layer in layers if layer.reached] or list(layers)
        fine = [layer for layer in reached if min(layer.height, layer.width) >= LEAST_GRID]
        if model.mapped:
            least = min(layer.height * layer.width for layer in fine or reached)
            return [x for x in fine or reached if x.height * x.width == least][-1]
        last = (fine or reached)[-1]
        # Inside a block, tokens are in the form of one head or norm; between blocks in their own.
        blocks = [layer for layer in fine if layer.name.rpartition(".")[2].isdigit()]
        return blocks[-1] if last.tokens and blocks else last
    for layer in layers:
        if layer.name == name:
            return layer
    known = known_names(name, ["auto", *(layer.name for layer in layers)])
    raise ParamError(f'the model has no spatial layer "{name}"; {known}')


@dataclass
class Tape:
    """What a layer put out last; `output` is a leaf from which the gradient can be taken.

    calls     how often the model ran the layer
    in_place  whether it wrote over its input, the last time
    """

    output: Tensor | None = field(default=None)
    calls: int = 0
    in_place: bool = False


@contextmanager
def capture(module: nn.Module, layer: str) -> Iterator[Tape]:
    """Record the last output of `layer`, cut from what came before it.

    A layer that works in place has written over its input, which the model may read under the
    input's own name: the cut goes through both names, so that the gradient misses neither.
    """
    tape = Tape()
    version = 0

    def look(_module: nn.Module, inputs: Any) -> None:
        nonlocal version
        version = _writes(inputs)

    def record(_module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        tape.calls += 1
        tape.in_place = in_place = _writes(inputs) > version and _share(inputs[0], output)
        # a copy, which what follows in place leaves alone
        tape.output = (output.detach().clone() if in_place else output.detach()).requires_grad_()
        return output.copy_(tape.output) if in_place else tape.output.clone()

    watched = module.get_submodule(layer)
    hooks = (watched.register_forward_pre_hook(look), watched.register_forward_hook(record))
    try:
        yield tape
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def ablated(module: nn.Module, layer: str, tape: Tape, channels: Tensor) -> Iterator[None]:
    """Set a channel of the last output of `layer` to 0: channels[b] in row b of the batch.

    That is all places of (batch, channels, height, width), and all tokens of (batch, tokens,
    channels), those in front included.

    tape      what `capture` recorded of the layer: which of its outputs is the last, and whether
              the model may read it under its input's name too
    channels  (batch,) numbers
    """
    calls = start = 0

    def ablate(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor | None:
        nonlocal calls, start
        calls += 1
        if calls % tape.calls:
            return None
        rows = channels[start : start + len(output)]  # a model may take fewer pictures at a time
        start += len(output)
        axis = 1 if output.dim() == 4 else 2
        numbers = torch.arange(output.shape[axis], device=output.device)
        gone = numbers == rows.to(output.device)[:, None]  # (batch, channels)
        gone = gone[:, :, None, None] if axis == 1 else gone[:, None]
        return output.masked_fill_(gone, 0) if tape.in_place else output.masked_fill(gone, 0)

    hook = module.get_submodule(layer).register_forward_hook(ablate)
    try:
        yield
    finally:
        hook.remove()


def _writes(inputs: Any) -> int:
    """How often the first of a layer's inputs was written over; 0 where torch does not count."""
    x = inputs[0] if inputs else None
    return x._version if isinstance(x, Tensor) and not x.is_inference() else 0


def _share(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are one memory."""
    return one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()
