"""Attention of vision Transformers over a picture: by head, by rollout, and for a class."""

import numpy as np
import torch

from dlexplain.data.fit import Fit
from dlexplain.data.pictures import Picture, Source
from dlexplain.explainers.attention import attention, attention_gradients, relevance
from dlexplain.explainers.attention import rollout as rolled
from dlexplain.explainers.batching import Target
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.patches import patches_of
from dlexplain.results import HeadFacts, PatchWeights, PictureAttention
from dlexplain.results.words import layers_told
from dlexplain.services.loading import load
from dlexplain.services.pictures.explain import as_picture, classify
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.question import asked_classes


def check_model(model: LoadedModel) -> None:
    """Raises Incompatible where the model has no attention that can be shown."""
    patches_of(model.prepared)


@random_state_kept()
def picture_attention(
    model: LoadedModel | str, picture: Source | Picture, fit: Fit | str | None = None
) -> PictureAttention:
    """Where each patch of `picture` looks, for each layer and head.

    model  or its name;  picture, fit  as `predict` takes them

    Raises PictureError, UnknownName, or Incompatible where the model has no such attention.
    """
    known = load(LoadedModel, model) if isinstance(model, str) else model
    patches = patches_of(known.prepared)
    read = as_picture(picture, fit, known.spec.preprocessing.fit)
    view = known.view(read)
    layers = attention(known.prepared, known.to_input(view))
    weights = torch.stack(layers).float().cpu().numpy()
    weights.setflags(write=False)
    return PictureAttention(
        model=known.name,
        path=read.name,
        weights=weights,
        front=patches.front,
        side=patches.side,
        read=patches.read.cpu().numpy(),
        picture=view,
    )


def rollout(maps: PictureAttention, layers: int | None = None) -> PatchWeights:
    """What the first `layers` amount to, by default all; see explainers.attention.rollout."""
    count = len(maps.weights) if layers is None else layers
    joined = rolled([torch.tensor(layer) for layer in maps.weights[:count]]).numpy()
    return maps.joined(f"rollout of {layers_told(count)}", joined)


@random_state_kept()
def class_attention(
    model: LoadedModel,
    picture: Source | Picture,
    maps: PictureAttention,
    target: int | str | None = None,
    contrast: int | str | None = None,
    fit: Fit | str | None = None,
) -> PatchWeights:
    """Attention that counts for a class, from any patch; see explainers.attention.relevance.

    maps  of this picture;  target, contrast  as `explain` takes them
    """
    read = as_picture(picture, fit, model.spec.preprocessing.fit)
    if target is None:
        target = classify(model, read, top=1).scores[0].name.index
    chosen, other = asked_classes(model, target, contrast, alone=contrast is None)
    goal = Target(chosen.index, other.index if other else None)
    layers, gradients = attention_gradients(model.prepared, model.to_input(model.view(read)), goal)
    joined = relevance(layers, gradients).float().cpu().numpy()
    return maps.joined(f"gradient-weighted, for {chosen.label}", joined)


def patch_head_facts(maps: PictureAttention) -> HeadFacts:
    """Entropy of every head, over all tokens, and its mean distance in patches, of patches that
    look at patches."""
    weights, front, side = maps.weights.astype(np.float64), maps.front, maps.side
    entropy = -(weights * np.log2(np.where(weights > 0, weights, 1))).sum(-1).mean(-1)
    rows, columns = np.divmod(np.arange(side**2), side)
    apart = np.hypot(rows[:, None] - rows, columns[:, None] - columns)
    among = weights[:, :, front:, front:]
    distance = ((among * apart).sum(-1) / among.sum(-1).clip(1e-12)).mean(-1)
    return HeadFacts(
        entropy.astype(np.float32),
        distance.astype(np.float32),
        {},
        np.full(entropy.shape, "mixed"),
        weights.shape[-1],
        "patches",
    )
