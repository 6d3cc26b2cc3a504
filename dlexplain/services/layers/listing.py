"""The layers of a picture model: what there are, what they cost, and finding one by its name.

The network is looked at as it was trained, with its norms, not the folded copy that explains.
"""

import threading
from dataclasses import replace
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from dlexplain.data.pictures import Picture
from dlexplain.errors import ParamError
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.layer_trace import PICTURE, Call, find_call, trace
from dlexplain.explainers.prepare import PreparedModel, working_copy
from dlexplain.explainers.receptive_field import ACTIVATIONS, windows
from dlexplain.results import Layer, Layers
from dlexplain.services.loading import load
from dlexplain.services.pictures.models import LoadedModel

INPUT = "picture"
"""The model's input among a layer's sources."""
_plain: WeakKeyDictionary[LoadedModel, PreparedModel] = WeakKeyDictionary()
_building = threading.Lock()


def as_model(model: LoadedModel | str) -> LoadedModel:
    """A model as it is, or by its name."""
    return load(LoadedModel, model) if isinstance(model, str) else model


def plain(model: LoadedModel) -> PreparedModel:
    """The network with nothing folded away, frozen, in eval mode, on the model's device.

    It shares the explained ready's lock.
    """
    with _building:
        if model not in _plain:
            _plain[model] = unfolded(model.prepared, model.spec.network())
        return _plain[model]


def unfolded(prepared: PreparedModel, network: nn.Module) -> PreparedModel:
    """`prepared` with `network`, a copy of it, in place of its folded module."""
    whole, _ = working_copy(network, prepared.trial(1).cpu())
    whole = whole.to(prepared.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return replace(prepared, module=whole, folded=False, difference=0.0)


@random_state_kept()
def layers(model: LoadedModel | str) -> Layers:
    """Every layer that the model runs, in order, with shapes, parameters and multiply-adds.

    Raises UnknownName or WeightsError.
    """
    known = as_model(model)
    ready = plain(known)
    calls = trace(ready)
    found = tuple(_layer(ready, calls, call) for call in calls)
    return Layers(known.name, ready.input_shape, found)


def find_layer(model: LoadedModel, name: str) -> Call:
    """A block's name means its last layer. Raises ParamError, which suggests the closest names."""
    return find_call(trace(plain(model)), name)


def checked(value: int, count: int, what: str) -> int:
    """`value` where it is from 0 to count - 1; raises ParamError."""
    if not 0 <= value < count:
        raise ParamError(f"{what} {value} is not there; 0 to {count - 1} are accepted")
    return value


def check_unit(call: Call, channel: int, row: int, column: int) -> None:
    """Raises ParamError where the layer has no such unit."""
    channels, height, width = grid(call)
    checked(channel, channels, "channel")
    checked(row, height, "row")
    checked(column, width, "column")


def grid(call: Call) -> tuple[int, int, int]:
    """Channels, height and width of a layer's output; a vector has height and width 1."""
    if len(call.shape_out) == 3:
        channels, height, width = call.shape_out
        return channels, height, width
    return torch.Size(call.shape_out).numel(), 1, 1


def input_of(model: LoadedModel, picture: Picture) -> Tensor:
    """(1, channels, height, width) as the network takes it."""
    return plain(model).to_device(model.to_input(model.view(picture)))


def before_activation(model: PreparedModel, call: Call) -> Call:
    """What an activation function is applied to: where that is flat, it has no gradient."""
    calls = trace(model)
    while isinstance(model.module.get_submodule(call.path), ACTIVATIONS):
        if len(call.sources) != 1 or call.sources[0] == PICTURE:
            return call
        call = calls[call.sources[0]]
    return call


def after_activation(model: PreparedModel, call: Call, output: Tensor) -> Tensor:
    """What a layer puts out, of what the one that `before_activation` gives for it put out."""
    calls, first = trace(model), before_activation(model, call)
    applied: list[nn.Module] = []
    while call.place != first.place:
        applied.insert(0, model.module.get_submodule(call.path))
        call = calls[call.sources[0]]
    for layer in applied:
        output = layer(output)
    return output


def _layer(model: PreparedModel, calls: tuple[Call, ...], call: Call) -> Layer:
    sources = tuple(INPUT if s == PICTURE else calls[s].name for s in call.sources)
    settings = "sum" if call.adds else settings_of(model.module.get_submodule(call.path))
    settings = "" if call.adds and len(sources) < 2 else settings
    return Layer(
        call.name,
        call.kind,
        settings,
        call.shape_in,
        call.shape_out,
        call.parameters,
        call.multiply_adds,
        sources,
        call.adds,
    )


def settings_of(module: nn.Module) -> str:
    """What a layer is set to, in words, such as "3 x 3, stride 2, 32 groups"; "" where nothing is
    to be said."""
    if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
        down, across = windows(module)
        told = [f"{down.kernel} × {across.kernel}"]
        told += [f"stride {down.stride}"] if down.stride > 1 else []
        told += [f"padding {down.padding}"] if down.padding else []
        told += [f"dilation {down.dilation}"] if down.dilation > 1 else []
        groups = int(getattr(module, "groups", 1))
        told += [f"{groups} groups"] if groups > 1 else []
        return ", ".join(told)
    if isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d):
        return f"to {module.output_size}"
    if isinstance(module, nn.Dropout):
        return f"{module.p:g}, in training only"
    if isinstance(module, nn.Linear) and module.bias is None:
        return "no bias"
    return ""
