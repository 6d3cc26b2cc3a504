"""What a network computes, operation by operation, seen while it runs and changed where wanted.

A ReLU may be a module, a function, in place, or one module under two names or run twice: all of
them call the same operation of torch, so rules hold for operations and not for modules.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Called(NamedTuple):
    """A call of a torch function whose first argument, a tensor, is `x`.

    name  without the underscore of a form that works in place, such as "relu"
    """

    name: str
    func: Callable[..., Any]
    x: Tensor
    rest: tuple[Any, ...]
    named: Mapping[str, Any]

    def on(self, x: Tensor) -> Any:
        """The same of another tensor."""
        return self.func(x, *self.rest, **self.named)


Rule = Callable[[Called], Any]
"""Gives what stands for the call's result, or None to leave the call as it is."""


MONOTONE = (
    "relu", "relu6", "hardtanh", "clamp", "clip", "clamp_min", "clamp_max", "threshold",
    "_threshold", "leaky_relu", "prelu", "elu", "celu", "selu", "softplus", "sigmoid", "tanh",
    "hardsigmoid", "log_sigmoid", "logsigmoid",
)  # fmt: skip
"""Functions of single values that never fall, or never rise, as torch names them."""
LARGER = ("maximum", "max", "fmax")
"""Of two tensors, value by value, in any order."""


class Rules(TorchFunctionMode):
    """Inside it, a torch function that has a rule under its name is computed by that rule, where
    its first argument gets a gradient from autograd. Only for this thread.

    applied  how many calls followed a rule
    inside   whether a rule is at work
    """

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        super().__init__()
        self.rules = rules
        self.applied = 0
        self.inside = False

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        call = _called(func, args, kwargs or {})
        if call is not None and self._rules(call):
            with self._at_work():
                found = self.rules[call.name](call)
            if found is not None:
                self.applied += 1
                return found
        return func(*args, **(kwargs or {}))

    def _rules(self, call: Called) -> bool:
        # Without grad mode a gradient is computed by hand, as in a torch.autograd.Function.
        return call.name in self.rules and call.x.requires_grad and torch.is_grad_enabled()

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        self.inside = True
        try:
            yield
        finally:
            self.inside = False


def _called(
    func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Called | None:
    named = dict(kwargs)
    if getattr(func, "__name__", "") == "einsum" and len(args) > 1:
        equation, *factors = args
        x, *rest = factors if isinstance(factors[0], Tensor) else factors[0]
        return Called("einsum", lambda *given: func(equation, *given), x, tuple(rest), named)
    if args:
        x, *rest = args
    else:
        x, rest = named.pop("input", None), []
    if not isinstance(x, Tensor):
        return None
    name = _name(func)
    if name in LARGER and not x.requires_grad and rest and isinstance(rest[0], Tensor):
        return Called(name, lambda b, a, **kw: func(a, b, **kw), rest[0], (x, *rest[1:]), named)
    return Called(name, func, x, tuple(rest), named)


def _name(func: Callable[..., Any]) -> str:
    """As torch names it, also where aten's own is called: relu_.default is a relu. One of aten's
    that gives several values keeps its whole name: torch's of that name may give one."""
    whole = getattr(func, "__name__", "")
    schema = getattr(func, "_schema", None)
    several = schema is not None and len(schema.returns) > 1
    return whole if several else whole.partition(".")[0].rstrip("_")


class Ruled(nn.Module):
    """A network that runs under rules; it is not copied, and no hook is set on it."""

    def __init__(self, module: nn.Module, rules: Mapping[str, Rule]) -> None:
        super().__init__()
        self.module = module
        self.rules = rules

    def forward(self, x: Tensor) -> Tensor:
        with Rules(self.rules):
            found: Tensor = self.module(x)
        return found


class _Elementwise(torch.autograd.Function):
    """y = f(x), value by value, with a gradient of the caller's making."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, call: Called, back: "Back", placed: list[bool]) -> Tensor:
        given = x.clone()
        y: Tensor = call.on(given)
        placed.append(y.data_ptr() == given.data_ptr())
        # What worked in place will be written over x, which the gradient still needs.
        ctx.save_for_backward(x.clone() if placed[0] else x, y.clone() if placed[0] else y)
        ctx.call, ctx.back = call, back
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None]:
        x, y = ctx.saved_tensors
        return ctx.back(ctx.call, x, y, grads[0]), None, None, None


Back = Callable[[Called, Tensor, Tensor, Tensor], Tensor]
"""The call, x, y and the gradient at y -> what goes back to x."""


def elementwise(call: Called, back: Back) -> Tensor:
    """The call's result, whose gradient `back` makes; written over x where the call does so."""
    placed: list[bool] = []
    y: Tensor = _Elementwise.apply(call.x, call, back, placed)  # type: ignore[no-untyped-call]
    return call.x.copy_(y) if placed[0] else y


def slope(call: Called, x: Tensor) -> Tensor:
    """dy/dx of a function of single values."""
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        (found,) = torch.autograd.grad(call.on(leaf.clone()).sum(), leaf)
    return found


def floor_of(call: Called) -> float | None:
    """The value that the call's result does not fall below, where it is a clipped identity."""
    name, rest, named = call.name, call.rest, call.named
    if name in ("relu", "relu6"):
        return 0.0
    if name == "hardtanh":
        low: Any = rest[0] if rest else named.get("min_val", -1.0)
    elif name in ("clamp", "clip", "clamp_min"):
        low = rest[0] if rest else named.get("min")
    elif name in ("threshold", "_threshold"):
        pair = (*rest, *(named[key] for key in ("threshold", "value") if key in named))
        low = pair[0] if len(pair) > 1 and pair[0] == pair[1] else None
    elif name in LARGER:
        low = rest[0] if rest else named.get("other")
        if not isinstance(low, Tensor) or low.requires_grad:
            return None
    else:
        return None
    if isinstance(low, Tensor):
        low = low.flatten()[0] if low.numel() and bool((low == low.flatten()[0]).all()) else None
    return None if low is None else float(low)


@dataclass(frozen=True)
class Operation:
    """An operation of torch's lowest level, after those made of others were taken apart.

    name     as aten calls it, without the underscore of a form that works in place
    follows  of each argument, whether it is or holds a tensor that depends on the input
    args     those arguments that are plain values, None for others
    """

    name: str
    follows: tuple[bool, ...]
    args: tuple[Any, ...]


SHAPES_ONLY = ("zeros", "ones", "empty", "full", "new_", "rand")
"""How operations begin that read no value of their argument, only its shape."""


class Trace(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Inside it, notes each operation that reads what depends on the input.

    operations  those outside of `rules`, in order

    What a value depends on is followed by the memory that it lies in, so views and what works in
    place are seen too.
    """

    def __init__(self, x: Tensor, rules: Rules) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: list[Operation] = []
        self.rules = rules
        self._kept: list[Any] = []  # memory that is given back may be another tensor's next
        self._depends: set[int] = set()
        self._note(x)

    def __torch_dispatch__(
        self,
        func: Any,
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = (*args, *(kwargs or {}).values())
        follows = tuple(self._follows(value) for value in given)
        found = func(*args, **(kwargs or {}))
        if any(follows):
            name = func._schema.name.split("::")[-1]
            name = name[:-1] if name.endswith("_") else name
            if not name.startswith(SHAPES_ONLY):
                self._note(found)
                if not self.rules.inside:
                    plain = tuple(None if _tensors(v) else v for v in given)
                    self.operations.append(Operation(name, follows, plain))
        return found

    def _follows(self, value: Any) -> bool:
        return any(_memory(leaf) in self._depends for leaf in _tensors(value))

    def _note(self, value: Any) -> None:
        for leaf in _tensors(value):
            self._depends.add(_memory(leaf))
            self._kept.append(leaf)


def _tensors(value: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(value) if isinstance(leaf, Tensor)]


def _memory(tensor: Tensor) -> int:
    place: int = tensor.untyped_storage()._cdata
    return place


def traced(module: nn.Module, x: Tensor, rules: Mapping[str, Rule] | Rules) -> tuple[Rules, Trace]:
    """Both after one run of the network on x; the caller has the model's turn."""
    at_work = rules if isinstance(rules, Rules) else Rules(rules)
    with torch.enable_grad():
        leaf = x.detach().clone().requires_grad_()
        trace = Trace(leaf, at_work)
        with trace, at_work:
            module(leaf)
    return at_work, trace
