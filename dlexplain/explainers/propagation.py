"""Layer-wise relevance propagation through whatever a network computes.

Relevance is the input times a gradient in which operations follow rules: while the network runs, a
mode of torch's sees each call, in this thread only, and answers with a result of the same numbers
whose way back is the rule. No module is changed and no hook is set. Rules that are not a layer's
(those are in explainers.relevance):

activation   R_x = R_y, by G_x = G_y · f(x) / x
product      of two values that depend on the input: half of the relevance goes to each; but all
             of it to what a gate weighs, and none to the gate (Arras et al. 2017,
             https://arxiv.org/abs/1706.07206)
norm         the deviation, or the length, counts as a constant, as does any divisor
softmax      its gradient, which is R_i = x_i (R_i - s_i Σ_j R_j)

What moves, adds up or averages values, and pooling by the largest, keeps torch's gradient.
"""

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import cache
from types import FunctionType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from dlexplain.explainers.gates import is_gate
from dlexplain.explainers.operations import MONOTONE, Called, Rule, Rules, elementwise
from dlexplain.explainers.relevance import Layer, LayerRule, shared_by
from dlexplain.explainers.written_out import WRITTEN_OUT, batch_statistics

CONVOLUTIONS = ("conv1d", "conv2d", "conv3d")
TRANSPOSED = ("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
ACTIVATIONS = (
    *MONOTONE, "gelu", "silu", "mish", "hardswish", "softsign", "tanhshrink", "softshrink",
    "hardshrink", "rrelu", "erf", "abs", "square",
)  # fmt: skip
"""Functions of single values, as torch names them."""
STATISTICS = (
    "sqrt", "rsqrt", "std", "var", "norm", "vector_norm", "linalg_vector_norm", "reciprocal",
    "__rdiv",
)  # fmt: skip
"""Roots, lengths and divisors, as norms take them."""
NEAR_NOTHING = 1e-9
"""Of x, below which f(x) / x could overflow."""


@dataclass(frozen=True)
class Plan:
    """Which rules hold.

    dense, convolution  of these layers
    epsilon  of products of matrices, and of a BatchNorm that no layer stands before
    weighs   whether a softmax is a gate as a sigmoid is, so that attention's weights are given no
             relevance: Ali et al. 2022, https://arxiv.org/abs/2202.07304
    """

    dense: LayerRule
    convolution: LayerRule
    epsilon: float
    weighs: bool


class Propagation(Rules):
    """Inside it, torch's functions follow the plan.

    first     the rule of the layer that is called first, in place of its own
    products  how many products of two matrices that depend on the input were computed, such as
              those of attention
    """

    def __init__(self, plan: Plan, first: LayerRule | None = None) -> None:
        self.plan, self.first, self.products = plan, first, 0
        # By their outputs, for a BatchNorm that comes after them.
        self._layers: MutableMapping[Tensor, tuple[Layer, LayerRule, int]]
        self._layers = WeakTensorKeyDictionary()
        super().__init__(self._every_rule())

    def _every_rule(self) -> dict[str, Rule]:
        return {
            **dict.fromkeys((*CONVOLUTIONS, *TRANSPOSED), self._convolution),
            "linear": self._linear,
            "addmm": self._addmm,
            **dict.fromkeys(("matmul", "mm", "bmm"), self._matmul),
            "baddbmm": self._baddbmm,
            "einsum": self._einsum,
            **dict.fromkeys(("mul", "multiply"), self._mul),
            **dict.fromkeys(("div", "divide", "true_divide"), _div),
            **dict.fromkeys(ACTIVATIONS, _activation),
            "pow": _pow,
            **dict.fromkeys(STATISTICS, _statistic),
            "batch_norm": self._batch_norm,
        }

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if torch.is_grad_enabled() and _follows((args, kwargs)):
            opened = self._opened(func)
            if opened is not None:
                with self:
                    return opened(*args, **(kwargs or {}))
        return super().__torch_function__(func, types, args, kwargs)

    def _opened(self, func: Callable[..., Any]) -> Callable[..., Any] | None:
        """The same in smaller operations, which then follow their rules, or None."""
        name = getattr(func, "__name__", "")
        if name in WRITTEN_OUT:
            return WRITTEN_OUT[name]
        if name.rstrip("_") in self.rules or not isinstance(func, FunctionType):
            return None
        # Closures there are poolings, which choose between two functions and have no rule.
        opens = func.__module__ == F.__name__ and func.__closure__ is None
        return without_override(func) if opens else None

    def _rules(self, call: Called) -> bool:
        depends = _follows((call.x, call.rest, dict(call.named)))
        return call.name in self.rules and depends and torch.is_grad_enabled()

    def _layer(self, layer: Layer, rule: LayerRule, folds: bool) -> Tensor:
        """folds  whether a BatchNorm's channels are the first axis of the weight"""
        if self.first is not None:
            rule, self.first = self.first, None
        y = rule(layer)
        if folds:
            self._layers[y] = (layer, rule, y._version)
        return y

    def _convolution(self, call: Called) -> Tensor | None:
        weight, bias, rest, named = _parameters(call)
        if _follows((call.rest, dict(call.named))):
            return None  # weights that another part of the network makes

        def run(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
            found: Tensor = call.func(x, weight, bias, *rest, **named)
            return found

        folds = call.name in CONVOLUTIONS
        return self._layer(Layer(call.x, weight, bias, run), self.plan.convolution, folds)

    def _linear(self, call: Called) -> Tensor:
        weight, bias, _, _ = _parameters(call)
        return self._dense(call.x, weight, bias)

    def _dense(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if _follows((weight, bias)):
            found = self._product(F.linear, x, weight)
            return found if bias is None else found + bias
        return self._layer(Layer(x, weight, bias, F.linear), self.plan.dense, x.dim() == 2)

    def _addmm(self, call: Called) -> Tensor | None:
        """A dense layer, the bias first."""
        if call.named or len(call.rest) != 2 or not call.rest[0].requires_grad:
            return None
        return self._dense(call.rest[0], call.rest[1].t(), call.x)

    def _matmul(self, call: Called) -> Tensor:
        x, other = call.x, _second(call)
        if other.dim() == 2 and not other.requires_grad:
            return self._dense(x, other.t(), None)
        return self._product(call.func, x, other)

    def _baddbmm(self, call: Called) -> Tensor | None:
        if call.named or len(call.rest) != 2:
            return None
        return call.x + self._product(torch.bmm, *call.rest)

    def _einsum(self, call: Called) -> Tensor | None:
        if sum(map(_follows, (call.x, *call.rest))) < 2:
            alone: Tensor = call.on(call.x)
            return alone
        return self._product(call.func, call.x, *call.rest) if len(call.rest) == 1 else None

    def _mul(self, call: Called) -> Tensor | None:
        other = _second(call)
        if not isinstance(other, Tensor):
            return None
        if call.func.__name__.endswith("_"):  # in place
            both = call.x.requires_grad and other.requires_grad
            return None if both else call.on(call.x)
        return self._product(torch.mul, call.x, other, matrices=False)

    def _product(
        self, of: Callable[[Tensor, Tensor], Tensor], a: Tensor, b: Tensor, matrices: bool = True
    ) -> Tensor:
        """of  linear in both"""
        if not (a.requires_grad and b.requires_grad):
            return of(a, b)
        self.products += matrices
        a_gate, b_gate = is_gate(a, self.plan.weighs), is_gate(b, self.plan.weighs)
        if a_gate != b_gate:
            found = of(a.detach(), b) if a_gate else of(a, b.detach())
        else:
            found = (of(a, b.detach()) + of(a.detach(), b)) / 2
        return shared_by(found, found, self.plan.epsilon) if matrices else found

    def _batch_norm(self, call: Called) -> Tensor | None:
        if call.func is not F.batch_norm:
            return None
        return self._normed(call.x, *call.rest, **call.named)

    def _normed(
        self,
        x: Tensor,
        mean: Tensor | None,
        variance: Tensor | None,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        training: bool = False,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> Tensor:
        """A part of the layer before it; a linear map by itself where there is none."""
        if training or mean is None or variance is None:
            with self:
                return batch_statistics(x, weight, bias, eps)
        scale = (variance + eps).rsqrt() * (1.0 if weight is None else weight)  # (channels,)
        shift = -mean * scale + (0.0 if bias is None else bias)
        before = self._layers.get(x)
        if before is None or before[2] != x._version:
            by_channel = (1, -1, *[1] * (x.dim() - 2))
            y = x * scale.view(by_channel) + shift.view(by_channel)
            return shared_by(y, y, self.plan.epsilon)
        layer, rule, _ = before
        folded = layer.weight * scale.view(-1, *[1] * (layer.weight.dim() - 1))
        shifted = shift if layer.bias is None else layer.bias * scale + shift
        return rule(Layer(layer.x, folded, shifted, layer.run))


def _follows(values: Any) -> bool:
    """Whether one of them gets a gradient."""
    return any(isinstance(leaf, Tensor) and leaf.requires_grad for leaf in tree_leaves(values))


def _parameters(call: Called) -> tuple[Tensor, Tensor | None, tuple[Any, ...], dict[str, Any]]:
    """Weight and bias of a layer's call, and its other arguments."""
    named = dict(call.named)
    rest = list(call.rest)
    weight = rest.pop(0) if rest else named.pop("weight")
    bias = rest.pop(0) if rest else named.pop("bias", None)
    return weight, bias, tuple(rest), named


def _second(call: Called) -> Any:
    """The other factor, or the divisor."""
    return call.rest[0] if call.rest else next(iter(call.named.values()), None)


def _div(call: Called) -> Tensor | None:
    other = _second(call)
    if not isinstance(other, Tensor) or not call.x.requires_grad:
        return None
    constant = {key: v.detach() if v is other else v for key, v in call.named.items()}
    found: Tensor = call.func(call.x, *(other.detach() for _ in call.rest[:1]), **constant)
    return found


def _activation(call: Called) -> Tensor | None:
    if not call.x.requires_grad or _follows((call.rest, dict(call.named))):
        return None
    return elementwise(call, _identity)


def _identity(call: Called, x: Tensor, y: Tensor, gradient: Tensor) -> Tensor:
    """R_x = R_y"""
    away = torch.where(x < 0, -NEAR_NOTHING, NEAR_NOTHING)
    return gradient * y / torch.where(x.abs() < NEAR_NOTHING, away, x)


def _pow(call: Called) -> Tensor | None:
    """A root or a reciprocal is a statistic, as RMSNorm takes it; other powers are activations."""
    power = _second(call)
    if isinstance(power, int | float):
        return _activation(call) if power >= 1 else _statistic(call)
    return None


def _statistic(call: Called) -> Any:
    found = call.on(call.x)
    return found.detach() if isinstance(found, Tensor) else None


@cache
def without_override(func: FunctionType) -> Callable[..., Any]:
    """A function of torch.nn.functional that does not ask modes before it begins, so that they see
    what it calls."""
    asks = {name: lambda *_: False for name in func.__globals__ if "has_torch_function" in name}
    opened = FunctionType(
        func.__code__, {**func.__globals__, **asks}, func.__name__, func.__defaults__
    )
    opened.__kwdefaults__ = func.__kwdefaults__
    return opened
