"""Which pixels a unit of a layer sees: by the layers' geometry, and by the gradient.

A window of kernel k, stride s, padding p and dilation d at place i reads the places i s - p to
i s - p + d (k - 1) of its input; going back through all layers, and over all paths where they
join, gives the receptive field: Araujo, Norris and Sim, "Computing Receptive Fields of
Convolutional Neural Networks", Distill 2019, https://doi.org/10.23915/distill.00021. How strongly
it sees each pixel is the gradient: Luo et al., "Understanding the Effective Receptive Field in
Deep Convolutional Neural Networks", 2016, https://arxiv.org/abs/1701.04128.
"""

from math import ceil, floor
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.explainers.layer_trace import PICTURE, Call, output_of
from dlexplain.explainers.operations import MONOTONE, Called, Rule, Rules
from dlexplain.explainers.prepare import PreparedModel, replace_modules
from dlexplain.results import Rectangle

ACTIVATIONS = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.CELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish,
    nn.Tanh, nn.Sigmoid, nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid, nn.Softplus, nn.LogSigmoid,
)  # fmt: skip
ELEMENTWISE = (*ACTIVATIONS, nn.BatchNorm2d, nn.Dropout, nn.Dropout2d, nn.Identity)
"""A value of their output depends on the value at its place alone."""
WINDOWS = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)


class Unit(NamedTuple):
    """A value of a layer; one of a vector has row and column 0."""

    channel: int
    row: int
    column: int


class Window(NamedTuple):
    """Of one axis."""

    kernel: int
    stride: int
    padding: int
    dilation: int

    @property
    def last(self) -> int:
        """Of the places that it reads, counted from its first."""
        return self.dilation * (self.kernel - 1)


def windows(module: nn.Module) -> tuple[Window, Window]:
    """Down and across, of a convolution or a pooling layer.

    padding is what stands before the first place. A convolution that pads for itself says so by
    `same`, (before, after), as TensorFlow's "same" needs it.
    """
    kernel, stride = _pair(module.kernel_size), _pair(module.stride)
    dilation = _pair(getattr(module, "dilation", 1))
    own = getattr(module, "same", (0, 0))[0]
    padding: Any = module.padding
    if padding == "same":
        before = tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
    else:
        before = (0, 0) if padding == "valid" else _pair(padding)
    down, across = (
        Window(k, s, p + own, d)
        for k, s, p, d in zip(kernel, stride, before, dilation, strict=True)
    )
    return down, across


def _pair(value: Any) -> tuple[int, int]:
    return (int(value[0]), int(value[1])) if isinstance(value, tuple | list) else (value, value)


def by_geometry(
    model: PreparedModel, calls: tuple[Call, ...], call: Call, unit: Unit, clip: bool
) -> Rectangle:
    """The pixels that a unit of a layer sees.

    clip  False gives the field as it would be on a picture without an end
    """
    row, column = unit.row, unit.column
    wanted: dict[int, Rectangle] = {call.place: Rectangle(row, column, row, column)}
    for index in range(call.place, -1, -1):
        if index not in wanted:
            continue
        layer = calls[index]
        module = model.module.get_submodule(layer.path)
        box = _before(module, layer, wanted.pop(index), clip)
        if index == call.place and isinstance(module, nn.Flatten) and len(layer.shape_in) == 3:
            box = _flattened(layer.shape_in, unit.channel)
        for source in layer.sources or (PICTURE,):
            shape = model.input_shape if source == PICTURE else calls[source].shape_out
            given = layer.shape_out if layer.adds else layer.shape_in
            # what lies between layers, such as a sum, keeps places; else all of it is seen
            kept = box if shape[1:] == given[1:] else whole(shape)
            wanted[source] = kept.joined(wanted.get(source))
    return wanted[PICTURE]


def _flattened(shape: tuple[int, ...], unit: int) -> Rectangle:
    """Where a value of a flattened layer was."""
    row, column = divmod(unit % (shape[1] * shape[2]), shape[2])
    return Rectangle(row, column, row, column)


def _before(module: nn.Module, call: Call, box: Rectangle, clip: bool) -> Rectangle:
    """What of a layer's input a part of its output sees."""
    if call.adds or isinstance(module, ELEMENTWISE):
        return box
    before, after = call.shape_in, call.shape_out
    if len(before) != 3 or len(after) != 3:
        return whole(before)
    height, width = before[1:]
    if isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d):
        top, bottom = _adaptive(box.top, box.bottom, height, after[1])
        left, right = _adaptive(box.left, box.right, width, after[2])
    elif isinstance(module, nn.Upsample) and module.mode == "bilinear":
        top, bottom = _resized(box.top, box.bottom, height, after[1])
        left, right = _resized(box.left, box.right, width, after[2])
    elif isinstance(module, WINDOWS):
        down, across = windows(module)
        top, bottom = _window(box.top, box.bottom, down)
        left, right = _window(box.left, box.right, across)
    else:  # unknown: it may see everything
        return whole(before)
    if not clip:
        return Rectangle(top, left, bottom, right)
    return Rectangle(max(0, top), max(0, left), min(height - 1, bottom), min(width - 1, right))


def _window(first: int, last: int, window: Window) -> tuple[int, int]:
    begin = first * window.stride - window.padding
    return begin, last * window.stride - window.padding + window.last


def _adaptive(first: int, last: int, size: int, places: int) -> tuple[int, int]:
    """As torch divides `size` values among `places`."""
    return first * size // places, -(-(last + 1) * size // places) - 1


def _resized(first: int, last: int, size: int, places: int) -> tuple[int, int]:
    """A place between two of the input is a mixture of both (align_corners off)."""
    begin, end = ((place + 0.5) * size / places - 0.5 for place in (first, last))
    return floor(begin), ceil(end)


def whole(shape: tuple[int, ...]) -> Rectangle:
    """All of a layer's places; a vector has one."""
    return Rectangle(0, 0, shape[1] - 1, shape[2] - 1) if len(shape) == 3 else Rectangle(0, 0, 0, 0)


def structure(model: nn.Module) -> nn.Module:
    """A copy, in float64, that lets a gradient through wherever the layers are connected.

    Activations and norms are taken out, maxima become means, and every weight the same positive
    number, so that nothing cancels.
    """
    kinds = (*ELEMENTWISE, nn.MaxPool2d, nn.AdaptiveMaxPool2d, nn.Conv2d, nn.Linear)
    return replace_modules(model, kinds, _connected).double()


def _connected(module: nn.Module) -> nn.Module:
    if isinstance(module, nn.MaxPool2d):
        size = module.kernel_size, module.stride, module.padding, module.ceil_mode
        return nn.AvgPool2d(*size)
    if isinstance(module, nn.AdaptiveMaxPool2d):
        return nn.AdaptiveAvgPool2d(module.output_size)
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.constant_(module.weight, 1 / module.weight[0].numel())
        if module.bias is not None:
            nn.init.zeros_(module.bias)
        return module
    return nn.Identity()


def _mean(call: Called) -> Any:
    """A mean in place of a maximum, over the same windows."""
    if call.name == "adaptive_max_pool2d":
        return F.adaptive_avg_pool2d(
            call.x, call.rest[0] if call.rest else call.named["output_size"]
        )
    names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
    given = {**dict(zip(names, call.rest, strict=False)), **call.named}
    size, stride = given["kernel_size"], given.get("stride")
    padding, ceil = given.get("padding", 0), given.get("ceil_mode", False)
    return F.avg_pool2d(call.x, size, stride, padding, ceil)


CONNECTED: dict[str, Rule] = {
    **dict.fromkeys((*MONOTONE, "gelu", "silu", "mish", "hardswish"), lambda call: call.x),
    **dict.fromkeys(("max_pool2d", "adaptive_max_pool2d"), _mean),
}
"""For `structure`: the same of what the network computes by functions, not by modules."""


def by_gradient(model: PreparedModel, call: Call, unit: Unit) -> Rectangle:
    """The same pixels, as those that have a gradient in `structure`.

    The original is not touched. Works on every network that autograd can go through, so it checks
    the geometry.
    """
    with model.lock.turn():  # else others' hooks would be copied too
        prepared = structure(model.module).cpu()
    x = torch.ones((1, *model.input_shape), dtype=torch.float64)
    with Rules(CONNECTED):
        seen = _gradient(prepared, call, x, unit).abs().sum(0) > 0
    rows, columns = (torch.nonzero(seen.any(axis)).flatten() for axis in (1, 0))
    return Rectangle(int(rows[0]), int(columns[0]), int(rows[-1]), int(columns[-1]))


def effective(model: PreparedModel, call: Call, x: Tensor, unit: Unit) -> Tensor:
    """(height, width): sum over the picture's channels of |d unit / d pixel| on x (1, c, h, w)."""
    with model.lock.turn():
        return _gradient(model.module, call, model.to_device(x), unit).abs().sum(0)


def _gradient(module: nn.Module, call: Call, x: Tensor, unit: Unit) -> Tensor:
    """(channels, height, width)"""
    channel, row, column = unit
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        output = output_of(module, call, x)
        value = output[0, channel, row, column] if output.dim() == 4 else output[0, channel]
        return torch.autograd.grad(value, x)[0][0]
