"""A convolution worked out in numbers at one place, and what norm, activation and pooling make of
its value; every number is the network's own."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from dlexplain.data.pictures import Picture, Source
from dlexplain.errors import ParamError
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.layer_trace import Call, Flow, flows, trace, users
from dlexplain.explainers.receptive_field import ACTIVATIONS, Unit, Window, windows
from dlexplain.results import ConvolutionStep, StageStep, StepThrough
from dlexplain.services.layers.listing import as_model, check_unit, find_layer, input_of, plain
from dlexplain.services.pictures.explain import as_picture
from dlexplain.services.pictures.models import LoadedModel

SKIPPED = (nn.Dropout, nn.Dropout2d)
"""They do nothing outside of training."""
POOLS = (nn.MaxPool2d, nn.AvgPool2d)
FORMULAS = {
    "ReLU": "max(0, x)",
    "ReLU6": "min(max(0, x), 6)",
    "Tanh": "tanh(x)",
    "Sigmoid": "1 / (1 + exp(-x))",
    "GELU": "x Φ(x)",
    "SiLU": "x / (1 + exp(-x))",
}


@random_state_kept()
def step_through(
    model: LoadedModel | str,
    picture: Source | Picture,
    layer: str,
    channel: int = 0,
    row: int = 0,
    column: int = 0,
) -> StepThrough:
    """The value of a convolution at one place, and of the layers that follow as far as one value
    goes on alone: norm, activation and pooling.

    Raises ParamError where the layer is no convolution or has no such unit, or PictureError.
    """
    known = as_model(model)
    prepared, call = plain(known), find_layer(known, layer)
    convolution = prepared.module.get_submodule(call.path)
    if not isinstance(convolution, nn.Conv2d):
        raise ParamError(f'"{layer}" is a {call.kind}; a layer of kind Conv2d is accepted')
    check_unit(call, channel, row, column)
    calls = trace(prepared)
    following, ended = _following(prepared.module, calls, call)
    x = input_of(known, as_picture(picture))
    with prepared.lock.turn(), torch.inference_mode():
        first, *rest = flows(prepared.module, (call, *following), x)
    unit = Unit(channel, row, column)
    stages = []
    for stage, flow in zip(following, rest, strict=True):
        found = _stage(prepared.module.get_submodule(stage.path), stage, flow, unit)
        stages.append(found)
        unit = Unit(channel, found.row, found.column)
    told = _convolution(convolution, call, first, channel, row, column)
    return StepThrough(known.name, told, tuple(stages), ended)


def convolutions(model: LoadedModel) -> tuple[str, ...]:
    """Names of the layers that can be stepped through."""
    prepared = plain(model)
    return tuple(
        call.name
        for call in trace(prepared)
        if isinstance(prepared.module.get_submodule(call.path), nn.Conv2d) and not call.adds
    )


def _following(module: nn.Module, calls: tuple[Call, ...], call: Call) -> tuple[list[Call], str]:
    """The layers that take a value on alone, and why it goes no further; one pooling at most."""
    found: list[Call] = []
    pooled = False
    while True:
        after = users(calls, call.place)
        if not after:
            return found, "This is where the network ends."
        if len(after) > 1:
            return found, f"It goes on to {len(after)} layers: " + _names(after)
        call = after[0]
        layer = module.get_submodule(call.path)
        if isinstance(layer, SKIPPED):
            continue
        is_pool = isinstance(layer, POOLS)
        known = is_pool or isinstance(layer, (*ACTIVATIONS, nn.BatchNorm2d))
        if call.adds or not known or (is_pool and pooled):
            return found, f"It goes on to {call.name} ({call.kind})."
        pooled = pooled or is_pool
        found.append(call)


def _names(calls: list[Call]) -> str:
    return ", ".join(call.name for call in calls) + "."


def _convolution(
    layer: nn.Conv2d, call: Call, flow: Flow, channel: int, row: int, column: int
) -> ConvolutionStep:
    """y[m, n] = sum over c, p, q of x[c, m s + p d - padding, ...] k[c, p, q] + b"""
    down, across = windows(layer)
    own = layer.in_channels // layer.groups
    first = channel // (layer.out_channels // layer.groups) * own
    inputs = range(first, first + own)
    given = flow.given[0, first : first + own].double().cpu().numpy()
    patch = _cut(given, row, column, down, across)
    kernel = layer.weight[channel].double().cpu().numpy()
    bias = 0.0 if layer.bias is None else float(layer.bias[channel])
    return ConvolutionStep(
        call.name, channel, row, column,
        row * down.stride - down.padding, column * across.stride - across.padding,
        (down.stride, across.stride), patch, kernel, tuple(inputs), bias,
        float((patch * kernel).sum()) + bias,
        float(flow.output[0, channel, row, column]),
    )  # fmt: skip


def _cut(
    values: NDArray[np.float64],
    row: int,
    column: int,
    down: Window,
    across: Window,
    outside: float = 0.0,
) -> NDArray[np.float64]:
    """(channels, kernel, kernel) of (channels, height, width); what lies outside is `outside`."""
    rows = row * down.stride - down.padding + down.dilation * np.arange(down.kernel)
    columns = column * across.stride - across.padding + across.dilation * np.arange(across.kernel)
    height, width = values.shape[1:]
    inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))
    found = values[:, rows.clip(0, height - 1)[:, None], columns.clip(0, width - 1)]
    return np.where(inside, found, outside)


def _stage(layer: nn.Module, call: Call, flow: Flow, unit: Unit) -> StageStep:
    channel, row, column = unit
    given = flow.given[0, channel : channel + 1].double().cpu().numpy()
    if isinstance(layer, POOLS):
        return _pooling(layer, call, flow, unit, given)
    x = float(given[0, row, column])
    if isinstance(layer, nn.BatchNorm2d):
        kind = "norm"
        value, formula = _norm(layer, channel, x)
    else:
        kind = "activation"
        value = float(layer(torch.tensor([[[[x]]]], dtype=torch.float64)))
        formula = FORMULAS.get(call.kind, call.kind)
    own = float(flow.output[0, channel, row, column])
    window = np.array([[x]])
    return StageStep(call.name, kind, formula, window, row, column, row, column, value, own)


def _norm(layer: nn.BatchNorm2d, channel: int, x: float) -> tuple[float, str]:
    """(x - mean) / sqrt(variance + epsilon) scale + shift"""
    assert layer.running_mean is not None
    assert layer.running_var is not None
    mean, variance = float(layer.running_mean[channel]), float(layer.running_var[channel])
    scale = 1.0 if layer.weight is None else float(layer.weight[channel])
    shift = 0.0 if layer.bias is None else float(layer.bias[channel])
    spread = (variance + layer.eps) ** 0.5
    formula = f"(x - {mean:.4g}) / {spread:.4g} × {scale:.4g} + {shift:.4g}".replace("- -", "+ ")
    return (x - mean) / spread * scale + shift, formula.replace("+ -", "- ")


def _pooling(
    layer: Any, call: Call, flow: Flow, unit: Unit, given: NDArray[np.float64]
) -> StageStep:
    """The window that has the unit; where windows overlap, the first of them."""
    down, across = windows(layer)
    height, width = call.shape_out[1:]
    row = _pooled(unit.row, down, height)
    column = _pooled(unit.column, across, width)
    maximum = isinstance(layer, nn.MaxPool2d)
    cut = _cut(given, row, column, down, across, -np.inf if maximum else 0.0)[0]
    value = float(cut.max() if maximum else cut.mean())
    return StageStep(
        call.name,
        "maximum" if maximum else "mean",
        "the largest" if maximum else "the mean",
        cut,
        row * down.stride - down.padding,
        column * across.stride - across.padding,
        row,
        column,
        value,
        float(flow.output[0, unit.channel, row, column]),
    )


def _pooled(place: int, window: Window, count: int) -> int:
    """The first window with the place; a place that no window has (at the end) takes the last."""
    first = -(-(place + window.padding - window.last) // window.stride)
    return min(max(first, 0), count - 1)
