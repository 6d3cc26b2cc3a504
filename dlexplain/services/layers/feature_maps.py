"""What a layer puts out on a picture, channel by channel; and the first layer's filters."""

import numpy as np
import torch
from torch import nn

from dlexplain.data.pictures import Picture, Source
from dlexplain.errors import Incompatible, UnknownName, known_names
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.layer_trace import PICTURE, output_of, trace
from dlexplain.results import FeatureMaps, Filters
from dlexplain.services.layers.listing import as_model, find_layer, grid, input_of, plain
from dlexplain.services.pictures.explain import as_picture
from dlexplain.services.pictures.models import LoadedModel

RANKS = ("mean", "largest")
"""By what channels are ordered: their mean over all places, or their largest value."""


@random_state_kept()
def feature_maps(
    model: LoadedModel | str, picture: Source | Picture, layer: str, ranked_by: str = "mean"
) -> FeatureMaps:
    """The output of `layer` on the picture, its channels ordered by activation.

    layer      a name that `layers` lists, or a block's, which means its last layer
    ranked_by  "mean" over all places, or "largest" value

    Raises PictureError, ParamError for a layer that is not there, UnknownName, or WeightsError.
    """
    if ranked_by not in RANKS:
        raise UnknownName(f'unknown order "{ranked_by}"; {known_names(ranked_by, RANKS)}')
    known = as_model(model)
    call, read, prepared = find_layer(known, layer), as_picture(picture), plain(known)
    x = input_of(known, read)
    with prepared.lock.turn(), torch.inference_mode():
        output = output_of(prepared.module, call, x)
    values = output[0].float().reshape(grid(call)).cpu().contiguous().numpy()
    values.setflags(write=False)
    by = values.mean((1, 2)) if ranked_by == "mean" else values.max((1, 2))
    order = np.argsort(-by, kind="stable")
    return FeatureMaps(known.name, call.name, call.kind, values, order, ranked_by, known.view(read))


@random_state_kept()
def first_filters(model: LoadedModel | str) -> Filters:
    """The weights of the convolution that reads the picture, which may be enlarged for it.

    Raises Incompatible where none does.
    """
    known = as_model(model)
    prepared, pictures = plain(known), {PICTURE}
    for call in trace(prepared):
        module = prepared.module.get_submodule(call.path)
        if not pictures.issuperset(call.sources):
            continue
        if isinstance(module, nn.Upsample):
            pictures.add(call.place)
        elif isinstance(module, nn.Conv2d):
            return Filters(known.name, call.name, module.weight.detach().float().cpu().numpy())
    raise Incompatible(f"{known.name} has no convolution that reads the picture")
