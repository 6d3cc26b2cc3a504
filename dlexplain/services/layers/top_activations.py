"""The pictures of a set that most excite a channel: Zeiler and Fergus, "Visualizing and
Understanding Convolutional Networks", 2013, https://arxiv.org/abs/1311.2901."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from dlexplain.data.pictures import Picture
from dlexplain.errors import BadInput
from dlexplain.explainers.layer_trace import output_of
from dlexplain.explainers.progress import Progress
from dlexplain.results import TopActivation, TopActivations
from dlexplain.services.layers.listing import (
    after_activation,
    before_activation,
    checked,
    find_layer,
    grid,
    plain,
)
from dlexplain.services.layers.receptive_fields import field_of
from dlexplain.services.pictures.models import LoadedModel

TOGETHER = 16
"""Pictures that are sent through at once."""


def top_activations(
    model: LoadedModel,
    pictures: Sequence[Picture],
    layer: str,
    channel: int = 0,
    count: int = 9,
    progress: Progress | None = None,
    title: str = "",
) -> TopActivations:
    """The pictures on which the channel has its largest value, and where it has it.

    Where the layer is an activation function, what goes into it is looked at: it flattens.

    title  of the set, for people
    Raises ParamError for a layer or a channel that is not there, BadInput without pictures, or
    Cancelled.
    """
    call, prepared = find_layer(model, layer), plain(model)
    measured = before_activation(prepared, call)  # ReLU6 would make all that reach 6 alike
    checked(channel, grid(call)[0], "channel")
    if not pictures:
        raise BadInput("there is no picture to search through")
    progress = progress or Progress()
    progress.plan(len(pictures))
    peaks: list[Tensor] = []
    places: list[Tensor] = []
    means: list[Tensor] = []
    for start in range(0, len(pictures), TOGETHER):
        some = pictures[start : start + TOGETHER]
        x = torch.cat([model.to_input(model.view(picture)) for picture in some])
        with prepared.lock.turn(), torch.inference_mode():
            output = output_of(prepared.module, measured, prepared.to_device(x))
            peak, place = output[:, channel].reshape(len(some), -1).max(1)
            final = after_activation(prepared, call, output)[:, channel].reshape(len(some), -1)
        means.append(final.float().mean(1).cpu())
        peaks.append(peak.float().cpu())
        places.append(place.cpu())
        progress.advance(len(some))
    values, found = torch.cat(peaks).numpy(), torch.cat(places).tolist()
    averages = torch.cat(means).tolist()
    width = grid(call)[2]
    best = [
        TopActivation(
            pictures[place].name,
            float(values[place]),
            averages[place],
            field_of(model, call.name, channel, *divmod(found[place], width)),
            model.view(pictures[place]),
        )
        for place in np.argsort(-values, kind="stable")[:count].tolist()
    ]
    return TopActivations(
        model.name, call.name, channel, measured.name, title, tuple(best), values, progress.seconds
    )
