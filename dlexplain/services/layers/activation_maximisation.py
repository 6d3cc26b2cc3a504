"""The picture that a channel likes best, made by gradient ascent."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.explainers.activation_maximisation import Params, activation, maximise
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.layer_trace import Call, output_of
from dlexplain.explainers.prepare import PreparedModel
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value, as_dict, parse
from dlexplain.results import ActivationMaximisation
from dlexplain.services.layers.listing import (
    as_model,
    before_activation,
    checked,
    find_layer,
    grid,
    plain,
)
from dlexplain.services.pictures.models import LoadedModel

__all__ = ["Params", "maximise_activation"]
NOISE = 16
"""Pictures of random pixels that are compared with."""
TOGETHER = 8
TELL_SECONDS = 0.5


@random_state_kept()
def maximise_activation(
    model: LoadedModel | str,
    layer: str,
    channel: int = 0,
    progress: Progress | None = None,
    tell: Callable[[NDArray[np.uint8]], None] | None = None,
    **params: Value,
) -> ActivationMaximisation:
    """The picture on which `channel` of `layer` is most active, as gradient ascent finds it.

    tell    is called with the picture so far, (height, width, 3), about twice a second
    params  see explainers.activation_maximisation.Params

    Raises ParamError for a layer, channel or parameter that is not there, or Cancelled.
    """
    known = as_model(model)
    prepared, call = plain(known), find_layer(known, layer)
    checked(channel, grid(call)[0], "channel")
    wanted = parse(Params, params)
    progress = progress or Progress()
    raised = before_activation(prepared, call)
    found = maximise(prepared, raised, channel, wanted, progress, _teller(prepared, progress, tell))
    noise = _activations(prepared, call, channel, wanted.unit, prepared.trial(NOISE))
    (reached,) = _activations(prepared, call, channel, wanted.unit, found.picture)
    return ActivationMaximisation(
        known.name, call.name, channel, wanted.unit, raised.name,
        to_picture(found.picture, prepared.value_range), float(reached), noise,
        np.array(found.curve, np.float32), as_dict(wanted), progress.seconds,
    )  # fmt: skip


def to_picture(x: Tensor, value_range: tuple[float, float]) -> NDArray[np.uint8]:
    """(1, channels, height, width) in the model's range -> (height, width, 3) uint8"""
    low, high = value_range
    share = ((x[0].float().cpu() - low) / (high - low)).clamp(0, 1)
    pixels = (255 * share).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels


def _activations(
    model: PreparedModel, call: Call, channel: int, unit: str, pictures: Tensor
) -> NDArray[np.float32]:
    found = []
    for some in torch.split(pictures, TOGETHER):
        with model.lock.turn(), torch.inference_mode():
            output = output_of(model.module, call, model.to_device(some))
            found.append(activation(output, channel, unit).float().cpu())
    return torch.cat(found).numpy()


def _teller(
    model: PreparedModel, progress: Progress, tell: Callable[[NDArray[np.uint8]], None] | None
) -> Callable[[Tensor], None]:
    """Passes on pictures, not too often."""
    last = 0.0

    def told(picture: Tensor) -> None:
        nonlocal last
        if tell is not None and progress.seconds - last >= TELL_SECONDS:
            last = progress.seconds
            tell(to_picture(picture, model.value_range))

    return told
