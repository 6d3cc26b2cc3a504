"""A network whose gradient is the relevance of its input, and whether rules hold for what it
computes."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.explainers.linear_operations import bent
from dlexplain.explainers.operations import traced
from dlexplain.explainers.propagation import Plan, Propagation
from dlexplain.explainers.relevance import Box, Layer, LayerRule, box_rule

STRAIGHT = 1e-4
"""Largest miss, relative to the range, of a straight line by what stands before the first layer."""
KEPT = frozenset((
    "max_pool1d", "max_pool2d", "max_pool3d", "max_pool1d_with_indices", "max_pool2d_with_indices",
    "max_pool3d_with_indices", "mkldnn_max_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d", "max", "amax", "maximum", "fmax", "min", "amin", "minimum", "fmin",
    "where", "gt", "ge", "lt", "le", "eq", "ne", "logical_not", "logical_and", "logical_or",
    "bitwise_not", "bitwise_and", "bitwise_or", "isnan", "isinf", "any", "all", "argmax", "sort",
    "topk", "_local_scalar_dense", "sqrt", "rsqrt", "reciprocal", "_softmax", "_safe_softmax",
    "_log_softmax", "log", "logsumexp", "_pack_padded_sequence",
))  # fmt: skip
"""Bent operations that keep torch's gradient: choices, a score's logarithm, statistics that count
as constants, and a softmax, whose gradient is its rule."""


class Relevances(nn.Module):
    """A network that runs under a plan: the gradient of its scores is the relevance of each value
    of its input, (x - x0) · G_x, and not G_x. Raises Incompatible where an operation has no rule.

    pixels    whether the input is a picture: x0 is then the colour that the first layer reads as 0,
              so that a mean taken off before is no bias; else 0
    box       lowest and highest value of a pixel, by which the first layer follows the box rule
    products  of two matrices that depend on the input, in the last run
    """

    def __init__(
        self,
        module: nn.Module,
        plan: Plan,
        pixels: bool = False,
        box: tuple[float, float] | None = None,
    ) -> None:
        super().__init__()
        self.module, self.plan, self.pixels, self.box = module, plan, pixels, box
        self.products = 0

    def forward(self, x: Tensor) -> Tensor:
        reads = partial(first_reading, self.module, self.plan)
        first = None if self.box is None else _boxed(reads, x, *self.box)
        nothing = zero_colour(reads, x.detach()) if self.pixels else 0.0
        with Propagation(self.plan, first) as mode:
            found: Tensor = self.module(weighed(x, x.detach() - nothing))
        self.products = mode.products
        if not found.requires_grad:
            raise Incompatible(
                "no relevance reaches the input: the model's scores do not follow it"
            )
        return found


class _Weighed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(weight)
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return ctx.saved_tensors[0] * grads[0], None


def weighed(x: Tensor, weight: Tensor) -> Tensor:
    """x, whose gradient is multiplied by the weight on its way back."""
    found: Tensor = _Weighed.apply(x, weight)  # type: ignore[no-untyped-call]
    return found


class _Reached(Exception):
    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.x = x


Reads = Callable[[Tensor], Tensor | None]


def first_reading(module: nn.Module, plan: Plan, x: Tensor) -> Tensor | None:
    """What the first layer reads, None where there is no layer; the run ends there."""

    def stop(layer: Layer) -> Tensor:
        raise _Reached(layer.x)

    try:
        with Propagation(plan, stop):
            module(x)
    except _Reached as reached:
        return reached.x
    return None


def zero_colour(reads: Reads, x: Tensor) -> Tensor:
    """(1, channels, 1, 1) the colour of a pixel that the first layer reads as 0; zeros where there
    is none, or where it does not read the picture pixel by pixel.

    What is computed before is taken to be a matrix and an offset of each pixel's colour, such as
    (x - mean) / std, and the result is tried.
    """
    channels, none = x.shape[1], x.new_zeros(1, x.shape[1], 1, 1)
    units = torch.cat([none, torch.eye(channels).to(x)[..., None, None]])  # (1 + channels, ...)
    # One by one: a program that was exported for one picture reads no more at once.
    each = [reads(u[None].expand(1, -1, *x.shape[2:]).clone().requires_grad_()) for u in units]
    if any(one is None or one.dim() != 4 for one in each):
        return none
    read = torch.cat([one for one in each if one is not None])
    if not bool(read[0].any()):
        return none
    colours = read.detach().mean((2, 3))  # (1 + channels, channels that are read)
    matrix = (colours[1:] - colours[0]).T
    found = torch.linalg.lstsq(matrix.double().cpu(), -colours[0].double().cpu()[:, None]).solution
    colour = found.to(x).view(1, channels, 1, 1)
    again = reads(colour.expand_as(x[:1]).clone().requires_grad_())
    assert again is not None
    left = float(again.detach().abs().max())
    return colour if left <= STRAIGHT * float(colours.abs().max()) else none


def _boxed(reads: Reads, x: Tensor, low: float, high: float) -> LayerRule:
    """The box rule of the layer that reads x first, also where its colours are scaled before.

    What stands before is run on the box's corners, too: h(x) - h(low) = J (x - low), so that what
    a layer gives its inputs less the lowest goes back as relevance of x less the lowest.
    """

    def before(given: Tensor) -> Tensor:
        read = reads(given)
        if read is None:
            raise Incompatible("the box rule is for a first layer, and the model has none")
        return read

    def plain(level: float) -> Tensor:
        return before(torch.full_like(x[:1], level).requires_grad_()).detach()

    bottom, top, middle = plain(low), plain(high), plain((low + high) / 2)
    bend = float((middle - (bottom + top) / 2).abs().max())
    if bend > STRAIGHT * float((top - bottom).abs().max()):
        raise Incompatible(
            "the box rule is for a first layer that reads the pixels, at most scaled; the model "
            "computes something else with them before"
        )
    up = bottom <= top  # elsewhere the highest pixel gives the layer its lowest input
    of_low, of_high = (before(weighed(x, x.detach() - level)) for level in (low, high))
    box = Box(
        lowest=torch.where(up, bottom, top),
        highest=torch.where(up, top, bottom),
        from_lowest=torch.where(up, of_low, of_high),
        from_highest=torch.where(up, of_high, of_low),
    )
    return lambda layer: box_rule(layer, box)


def without_rule(module: nn.Module, x: Tensor, plan: Plan) -> tuple[str, int]:
    """What the model computes that no rule is for, in words, "" where there is nothing; and how
    many products of two matrices that depend on the input.

    x  (1, ...) a trial; the caller has the model's turn
    """
    mode = Propagation(plan)
    try:
        _, trace = traced(module, x, mode)
    except Incompatible as error:
        return str(error), 0
    for operation in trace.operations:
        if operation.name not in KEPT and (why := bent(operation)):
            return f"there is no rule for {why}, which the model computes", mode.products
    return "", mode.products
