"""The card of a user's own picture classifier: what it is, and what its normalisation does."""

from collections.abc import Mapping

import torch

from dlexplain.data.fit import Fit
from dlexplain.data.pictures import Picture, Source
from dlexplain.errors import Incompatible
from dlexplain.explainers.capture import find_layer
from dlexplain.results import ClassScore, NormalisationEffect
from dlexplain.services.pictures.explain import USUAL, as_picture, method_infos
from dlexplain.services.pictures.models import LoadedModel

Numbers = tuple[float, float, float]
NORMALISATIONS: Mapping[str, tuple[Numbers, Numbers]] = {
    "0 to 1": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "−1 to 1": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "ImageNet's mean and deviation": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "CIFAR-10's mean and deviation": ((0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)),
    "0 to 255": ((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)),
}
"""The usual ones: mean and standard deviation by channel, for pixels from 0 to 1."""


def model_facts(model: LoadedModel) -> dict[str, str]:
    """For people, in the order of a card."""
    spec, how = model.spec, model.spec.preprocessing
    channels, height, width = spec.input_shape
    colours = "grey" if channels == 1 else "RGB"
    count = sum(parameter.numel() for parameter in model.prepared.module.parameters())
    cut = f"short side to {how.resize}, the middle {how.crop} × {how.crop} of it"
    into = cut if how.fit == "crop" else f"{how.fit} to {how.crop} × {how.crop}"
    facts = {
        "Input": f"{channels} × {height} × {width}, {colours}",
        "Into the square": f"{into}, {how.resample}",
        "Classes": f"{len(model.classes):,}",
        "Parameters": f"{count:,}" if count else "not told",
        "Methods": f"{len(method_infos(model))}",
    }
    try:
        layer = find_layer(model.prepared)
        facts["Layer of the CAMs"] = f"{layer.name}, {layer.height} × {layer.width} places"
    except Incompatible:
        facts["Layer of the CAMs"] = "none with a grid"
    return facts


def under_normalisations(
    model: LoadedModel, picture: Source | Picture, fit: Fit | str | None = None
) -> tuple[NormalisationEffect, ...]:
    """What a model that takes pixels from 0 to 1 as they are says of a picture under each of the
    usual normalisations; of grey pictures the means over the channels."""
    read = as_picture(picture, fit, model.spec.preprocessing.fit)
    x = model.to_input(model.view(read))  # (1, channels, side, side) from 0 to 1
    found = []
    for title, values in NORMALISATIONS.items():
        mean, std = (torch.tensor(value).view(1, 3, 1, 1) for value in values)
        if x.shape[1] == 1:
            mean, std = mean.mean(1, keepdim=True), std.mean(1, keepdim=True)
        shares = model.prepared.logits((x - mean) / std)[0].float().softmax(0)
        best = shares.topk(min(USUAL, len(shares)))
        pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        scores = tuple(ClassScore(model.classes[index], share) for index, share in pairs)
        entropy = float(-(shares * shares.clamp_min(1e-12).log2()).sum())
        found.append(NormalisationEffect(title, *values, scores, entropy))
    return tuple(found)
