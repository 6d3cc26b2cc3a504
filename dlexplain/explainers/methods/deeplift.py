"""DeepLift, over the operations that a network computes, whichever modules call them."""

from typing import Any, ClassVar, Protocol
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.explainers.base import (
    SMALLEST_DIFFERENCE,
    Attributed,
    Explainer,
    Family,
    NoParams,
    register,
    summed_up,
)
from dlexplain.explainers.batching import Target
from dlexplain.explainers.inputs.base import ModelInput, Need
from dlexplain.explainers.linear_operations import bent
from dlexplain.explainers.operations import (
    LARGER,
    MONOTONE,
    Called,
    Rule,
    Ruled,
    elementwise,
    slope,
    traced,
)
from dlexplain.explainers.prepare import Prepared

LEAST_CHANGE = 1e-6
"""Of an input, relative to it, below which Δy / Δx is rounding and the derivative is taken."""
ROUNDING = 1e-3
"""Of the largest logit, a floor of the difference that the trial's error is relative to."""
TOLERANCE = 0.01
"""Largest completeness error on a trial input at which the rule is taken to be exact."""


def _multiplier(call: Called, pair: Tensor, out: Tensor, gradient: Tensor) -> Tensor:
    """Δy / Δx of the inputs, times the gradient; what goes to the baselines is never read."""
    (x, x0), (y, y0) = pair.chunk(2), out.chunk(2)
    change = x - x0
    still = change.abs() < LEAST_CHANGE * x.abs().clamp_min(1)
    ratio = (y - y0) / torch.where(still, 1.0, change)
    if bool(still.any()):
        ratio = torch.where(still, slope(call, x), ratio)
    found = gradient.chunk(2)[0] * ratio
    return torch.cat([found, found])


def _rescaled(call: Called) -> Any:
    return elementwise(call, _multiplier)


def _larger(call: Called) -> Any:
    """The maximum of a tensor and a constant, value by value; other maxima have no rule."""
    other = call.rest[0] if call.rest else call.named.get("other")
    if not isinstance(other, Tensor) or other.requires_grad:
        return None
    wide = torch.maximum(call.x.detach(), other).shape == call.x.shape
    return elementwise(call, _multiplier) if wide else None


class _Pooled(torch.autograd.Function):
    """Max pooling of inputs and then as many baselines, with DeepLift's multipliers.

    What a window's maximum gains is put down to the place of the larger of the two maxima: there
    the input has changed by at least as much.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, call: Called) -> Tensor:
        y, places = WITH_PLACES[call.name](x, *call.rest, **call.named)
        ctx.save_for_backward(x, y, places)
        pooled: Tensor = y
        return pooled

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (x, x0), (y, y0), (place, place0) = (saved.chunk(2) for saved in ctx.saved_tensors)
        gained = (y - y0).flatten(2)  # (batch, channels, windows)
        chosen = torch.where(y >= y0, place, place0).flatten(2)
        change = (x - x0).flatten(2)  # (batch, channels, height * width)
        at_chosen = change.gather(2, chosen)
        share = gained / torch.where(at_chosen == 0, 1.0, at_chosen)
        multiplier = torch.zeros_like(change).scatter_add(
            2, chosen, share * grads[0].chunk(2)[0].flatten(2)
        )
        multiplier = multiplier.view(x.shape)
        return torch.cat([multiplier, multiplier]), None


WITH_PLACES: dict[str, Any] = {
    "max_pool1d": F.max_pool1d_with_indices,
    "max_pool2d": F.max_pool2d_with_indices,
    "max_pool3d": F.max_pool3d_with_indices,
    "adaptive_max_pool1d": F.adaptive_max_pool1d_with_indices,
    "adaptive_max_pool2d": F.adaptive_max_pool2d_with_indices,
    "adaptive_max_pool3d": F.adaptive_max_pool3d_with_indices,
}


def _pooled(call: Called) -> Any:
    named = dict(call.named)
    if named.pop("return_indices", False):
        return None  # the places are an answer of their own, which has no rule
    return _Pooled.apply(call.x, call._replace(named=named))  # type: ignore[no-untyped-call]


# Of functions of single values only those that do not both fall and rise, as GELU does: where its
# ends are equal the rule says 0, whatever lies between them.
RESCALE: dict[str, Rule] = {
    **dict.fromkeys(MONOTONE, _rescaled),
    **dict.fromkeys(LARGER, _larger),
    **dict.fromkeys(WITH_PLACES, _pooled),
}


def rescaled(module: nn.Module, target: Target, x: Tensor, baseline: Tensor) -> Tensor:
    """(1, ...) twice -> (...): the input's change times its multipliers."""
    pair = torch.cat([x, baseline]).detach().requires_grad_()
    with torch.enable_grad():
        score = target.score(Ruled(module, RESCALE)(pair))[0]
        (multipliers,) = torch.autograd.grad(score, pair)
    return (x - baseline)[0] * multipliers[0]


_verdicts: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


def check_exact(known_by: Any, model: Prepared, x: Tensor, baseline: Tensor) -> None:
    """Raise Incompatible where the rule is not exact on what the model computes.

    known_by     the object for as long as which the verdict is remembered
    x, baseline  (1, ...) a trial: what is computed from them is looked at, and whether it adds up
    """
    if known_by not in _verdicts:
        with model.lock.turn():
            _verdicts[known_by] = _verdict(model.module, x, baseline)
    if _verdicts[known_by]:
        raise Incompatible(_verdicts[known_by])


def _verdict(module: nn.Module, x: Tensor, baseline: Tensor) -> str:
    """Why the rule is not exact; empty where it is."""
    _, trace = traced(module, torch.cat([x, baseline]), RESCALE)
    for operation in trace.operations:
        if why := bent(operation):
            return f"DeepLift's rule is not exact for {why}, which the model computes"
    with torch.no_grad():  # one by one: a model may mix what it gets at once
        logits = torch.cat([module(x), module(baseline)]).double()
    change = logits[0] - logits[1]
    moved = int(change.abs().argmax())
    try:
        total = float(rescaled(module, Target(moved), x, baseline).double().sum())
    except ValueError:  # the two halves of a batch are not there
        return "DeepLift compares an input with its baseline, and the model takes one at a time"
    scale = max(
        float(logits.abs().max()) * ROUNDING, SMALLEST_DIFFERENCE, abs(float(change[moved]))
    )
    error = abs(total - float(change[moved])) / scale
    if error <= TOLERANCE:
        return ""
    return (
        f"DeepLift's rule is not exact for what the model computes: on a trial input its values "
        f"miss the difference of the scores by {error:.0%}"
    )


class Tried(Protocol):
    """A model whose rules can be tried before an input is given."""

    def trial_pair(self) -> tuple[Prepared, Tensor, Tensor]:
        """What is differentiated, and an input (1, ...) and a baseline of it."""


@register
class DeepLift(Explainer[NoParams]):
    """Compares every activation with the one a baseline gives and passes the difference in the
    score back through the network, change by change. One pass like a gradient, yet it sums to
    f(x) - f(baseline) and does not stop at saturated units. Offered where all that the model
    computes is linear, or has this rule.

    Rule (rescale): multiplier of a non-linearity = Δoutput / Δinput; what the maximum of a window
    gains is put down to the place of the larger one.
    """

    name = "deeplift"
    title = "DeepLift"
    family: ClassVar[Family] = "gradient"
    needs: ClassVar[frozenset[Need]] = frozenset({"gradients", "baselines", "trial"})
    uses = ("baseline",)
    usual: ClassVar = {"picture": {"baseline": "blur"}}
    complete = True
    paper = "Shrikumar, Greenside, Kundaje 2017, https://arxiv.org/abs/1704.02685"
    Params = NoParams

    def check(self, model: Tried) -> None:
        check_exact(model, *model.trial_pair())

    def attribute(self, given: ModelInput, params: NoParams) -> Attributed:
        evaluator, x = given.differentiable()
        baseline = given.baseline(evaluator, x)
        given.progress.plan(3)
        with evaluator.model.lock.turn():
            values = rescaled(evaluator.model.module, given.target, x, baseline)
        given.progress.advance(1)
        score, nothing = evaluator.all_scores(torch.cat([x, baseline])).tolist()
        return summed_up(given.fold(values), score, nothing)
