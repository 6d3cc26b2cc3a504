"""The layers that a model runs on a picture, in order: shapes, cost, and who feeds whom.

Seen by hooks during one run, and joined by autograd's graph: what a layer's input was computed
from. So sums of residual blocks are found, which are no layer of their own.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from dlexplain.errors import ParamError
from dlexplain.explainers.prepare import PreparedModel
from dlexplain.results.layers import layer_called

PICTURE = -1
"""Stands for the model's input among a layer's sources."""
WHOLE = "output"
"""The name of what the whole model adds after its last layer, such as a scale of its logits."""
ATOMS = (nn.MultiheadAttention, nn.RNNBase)
"""Layers with layers inside that are shown as one."""


@dataclass(frozen=True, eq=False)
class Call:
    """A layer as it was run.

    place          from 0, in the order in which layers end
    path, nth      its module's name in the model, and which of that module's runs it was
    kind           the module's class
    shape_in, shape_out   without the batch
    multiply_adds  of convolutions and linear layers; others count 0
    sources        places of what its input was computed from; PICTURE is the model's input
    adds           whether it is a block that puts out a sum, or the like, of several layers
    """

    place: int
    path: str
    nth: int
    kind: str
    shape_in: tuple[int, ...]
    shape_out: tuple[int, ...]
    parameters: int
    multiply_adds: int
    sources: tuple[int, ...]
    adds: bool

    @property
    def name(self) -> str:
        """The path; a module's later runs have a number."""
        return (self.path or WHOLE) + (f"#{self.nth + 1}" if self.nth else "")


_known: WeakKeyDictionary[PreparedModel, tuple[Call, ...]] = WeakKeyDictionary()


def trace(model: PreparedModel) -> tuple[Call, ...]:
    """Every layer that the model runs, in their order; one run of a grey picture."""
    if model not in _known:
        _known[model] = _trace(model)
    return _known[model]


def find_call(calls: tuple[Call, ...], name: str) -> Call:
    """The layer of this name, or the last one of the block of this name; raises ParamError, which
    suggests the closest."""
    known = {call.name: call for call in calls}
    return known[layer_called(list(known), name)]


def users(calls: tuple[Call, ...], place: int) -> list[Call]:
    """The layers whose input is computed from this one's output."""
    return [call for call in calls if place in call.sources]


class _Watch:
    """Notes the calls of one run."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._nth: dict[str, int] = {}
        self._counted: set[int] = set()
        # autograd's nodes, kept alive so that the same node stays the same object
        self._made_by: dict[Any, int] = {}

    def note(self, path: str, module: nn.Module, given: Any, output: Any) -> None:
        x, y = _first(given), _first(output)
        if x is None or y is None or isinstance(module, nn.Identity):
            return
        leaf = isinstance(module, ATOMS) or not any(True for _ in module.children())
        if not leaf and (y.grad_fn is None or y.grad_fn in self._made_by):
            return  # the last layer inside has said it
        sources = self._sources(x if leaf else y)
        place, nth = len(self.calls), self._nth.get(path, 0)
        self._nth[path] = nth + 1
        if y.grad_fn is not None:
            self._made_by[y.grad_fn] = place
        shapes = tuple(x.shape[1:]), tuple(y.shape[1:])
        cost = _multiply_adds(module, *shapes) if leaf else 0
        self.calls.append(
            Call(place, path, nth, type(module).__name__, *shapes, self._parameters(module, leaf),
                 cost, sources, not leaf)
        )  # fmt: skip

    def _parameters(self, module: nn.Module, leaf: bool) -> int:
        """A weight that is used twice counts once."""
        found = [p for p in module.parameters(recurse=leaf) if id(p) not in self._counted]
        self._counted |= {id(p) for p in found}
        return sum(p.numel() for p in found)

    def _sources(self, tensor: Tensor) -> tuple[int, ...]:
        """Back through autograd's graph to the nearest outputs of layers."""
        if tensor.grad_fn is None:
            return (PICTURE,) if tensor.requires_grad else ()
        found: set[int] = set()
        for node in _back(tensor.grad_fn, self._made_by):
            if node in self._made_by:
                found.add(self._made_by[node])
            elif hasattr(node, "variable"):  # where the graph begins
                found.add(PICTURE)
        return tuple(sorted(found))


def _back(start: Any, stop: dict[Any, int]) -> Iterator[Any]:
    waiting, seen = [start], {start}
    while waiting:
        node = waiting.pop()
        yield node
        if node in stop:
            continue
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                waiting.append(following)


def _trace(model: PreparedModel) -> tuple[Call, ...]:
    watch = _Watch()
    modules = dict(model.module.named_modules())
    atoms = [name for name, module in modules.items() if isinstance(module, ATOMS)]
    told = {
        path: partial(watch.note, path, module)
        for path, module in modules.items()
        if not any(path.startswith(f"{atom}.") for atom in atoms)
    }
    with model.lock.turn(), listening(model.module, told), torch.enable_grad():
        model.module(model.to_device(torch.zeros((1, *model.input_shape))).requires_grad_())
    return tuple(watch.calls)


Told = Callable[[Any, Any], None]
"""Is called with what went into a layer and what came out."""
Given = Callable[[Any], None]
"""Is called with what goes into a layer."""


@contextmanager
def listening(
    module: nn.Module, told: Mapping[str, Told], before: Mapping[str, Given] | None = None
) -> Iterator[None]:
    """Inside it, told[path] hears of each run of the layer of that path, and before[path] of what
    goes in while the layer has not run: one that works in place writes over it."""
    with ExitStack() as hooks:
        for path, hear in (before or {}).items():
            layer = module.get_submodule(path)
            hooks.enter_context(
                layer.register_forward_pre_hook(lambda _m, given, hear=hear: hear(given))
            )
        for path, tell in told.items():
            layer = module.get_submodule(path)
            hooks.enter_context(
                layer.register_forward_hook(lambda _m, given, out, tell=tell: tell(given, out))
            )
        yield


def _first(value: Any) -> Tensor | None:
    if isinstance(value, Tensor):
        return value
    if isinstance(value, tuple | list) and value:
        return _first(value[0])
    return None


def _multiply_adds(module: nn.Module, shape_in: tuple[int, ...], shape_out: tuple[int, ...]) -> int:
    """Products that are summed, one for each weight at each place that it is used at."""
    values = torch.Size(shape_out).numel()
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        return values * module.weight[0].numel()
    if isinstance(module, nn.ConvTranspose2d):
        return torch.Size(shape_in).numel() * module.weight[0].numel()
    if isinstance(module, nn.Linear):
        return values * module.in_features
    return 0


class Reached(Exception):
    """Carries what a layer put out."""

    def __init__(self, output: Tensor) -> None:
        super().__init__("reached")
        self.output = output


class Flow(NamedTuple):
    """What went into a layer and came out, (batch, ...)."""

    given: Tensor
    output: Tensor


def output_of(module: nn.Module, call: Call, x: Tensor) -> Tensor:
    """What a layer of `module` puts out on x; what comes after it is not run.

    The caller has the model's turn; gradients flow as they would.
    """
    runs = 0

    def stop(_given: Any, output: Any) -> None:
        nonlocal runs
        runs += 1
        found = _first(output)
        if runs > call.nth and found is not None:
            raise Reached(found)

    try:
        with listening(module, {call.path: stop}):
            module(x)
    except Reached as reached:
        found = reached.output
    else:
        raise ParamError(f'the layer "{call.name}" was not run')
    if found.shape[:1] == (1,) and len(x) > 1:  # a module that takes one at a time
        rest = [output_of(module, call, one) for one in torch.split(x[1:], 1)]
        return torch.cat([found, *rest])
    return found


def flows(module: nn.Module, calls: tuple[Call, ...], x: Tensor) -> list[Flow]:
    """What goes into these layers and comes out, in one run; the caller has the model's turn."""
    found: dict[int, Flow] = {}
    runs: dict[str, int] = {}
    waiting: dict[str, Tensor | None] = {}
    wanted = {(call.path, call.nth): call.place for call in calls}

    def keep(path: str, given: Any) -> None:
        nth = runs[path] = runs.get(path, -1) + 1
        x = _first(given)
        # the layer itself, or a later one, may work in place
        waiting[path] = x.detach().clone() if (path, nth) in wanted and x is not None else None

    def note(path: str, _given: Any, output: Any) -> None:
        before, after = waiting.pop(path), _first(output)
        if before is not None and after is not None:
            found[wanted[path, runs[path]]] = Flow(before, after.detach().clone())

    paths = dict.fromkeys(call.path for call in calls)
    told = {path: partial(note, path) for path in paths}
    with listening(module, told, {path: partial(keep, path) for path in paths}):
        module(x)
    return [found[call.place] for call in calls]
