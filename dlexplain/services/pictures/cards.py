"""What is known of a picture classifier before it is loaded; no torch here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import dlexplain.data.imagenet  # noqa: F401, registers its class list
from dlexplain.data.class_list import CLASS_LISTS
from dlexplain.errors import BadInput, WeightsError
from dlexplain.execution.spec import RunSpec
from dlexplain.networks.base import ARCHITECTURES, ModelSpec, PicturePreprocessing
from dlexplain.trained.catalogue import ModelEntry, entries
from dlexplain.trained.folder import Trained
from dlexplain.trained.own_files import is_own_file

if TYPE_CHECKING:
    from torch import nn

TASK = "classify-image"


@dataclass(frozen=True)
class PictureCard:
    """A picture classifier's card.

    channels, side  of its input; one channel is grey
    mean, scale     its input is (pixel - mean) / scale
    """

    spec: RunSpec
    channels: int
    side: int
    classes: tuple[str, ...]
    mean: float
    scale: float


def picture_card(model: Trained) -> PictureCard:
    """Raises WeightsError, one sentence, where the card is missing, damaged or of another task."""
    spec, facts = model.spec, model.facts
    try:
        return _picture_card(spec, facts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise WeightsError(f"the card of {model.owner} is damaged: {why}") from error


def _picture_card(spec: RunSpec, facts: dict[str, Any]) -> PictureCard:
    if spec.task != TASK:
        raise ValueError(f'its task is "{spec.task}", not {TASK}')
    channels, side = int(facts["channels"]), int(facts["side"])
    mean, scale = float(facts["mean"]), float(facts["scale"])
    if channels not in (1, 3) or side < 1:
        raise ValueError(f"it has {channels} channels of side {side}")
    if not (math.isfinite(mean) and math.isfinite(scale) and scale > 0):
        raise ValueError(f"its mean is {mean:g} and its scale {scale:g}")
    classes = tuple(str(label) for label in facts["classes"])
    if not classes:
        raise ValueError("it has no classes")
    return PictureCard(spec, channels, side, classes, mean, scale)


def picture_specs() -> tuple[ModelSpec, ...]:
    """Of every picture classifier; those whose card is damaged are left out, who loads one is
    told."""
    found = []
    for entry in entries(TASK):
        try:
            found.append(picture_spec(entry))
        except WeightsError:
            continue
    return tuple(found)


def rivals(name: str, labels: Sequence[str], own: Sequence[str] = ()) -> tuple[ModelEntry, ...]:
    """Models other than the one of this name that tell classes of these labels apart; of the
    user's own, whose classes are known only when they are loaded, all."""
    found = []
    for entry in entries(TASK, own=own):
        if entry.name == name:
            continue
        try:
            fits = entry.source == "own" or sorted(_labels(picture_spec(entry))) == sorted(labels)
        except WeightsError:  # whoever loads it is told
            continue
        found += [entry] if fits else []
    return tuple(found)


def _labels(spec: ModelSpec) -> Sequence[str]:
    return spec.classes or [known.label for known in CLASS_LISTS[spec.labels]().names]


def picture_spec(entry: ModelEntry) -> ModelSpec:
    """A registered model's own, or one made of a card; raises WeightsError of a damaged one."""
    if isinstance(entry.origin, ModelSpec):
        return entry.origin
    if entry.source == "own" and is_own_file(entry.name):
        from dlexplain.services.pictures.own_files import own_file_spec

        return own_file_spec(entry.name)
    if entry.source == "own":
        from dlexplain.services.pictures.own_models import own_picture_spec

        return own_picture_spec(entry.name)
    model = entry.trained
    card = picture_card(model)
    try:
        paper = ARCHITECTURES[card.spec.model].paper
    except BadInput as error:
        raise WeightsError(f"{model.owner} cannot be rebuilt: {error}") from error
    return ModelSpec(
        name=model.name,
        title=model.title,
        task=card.spec.task,
        modality="image",
        input_shape=(card.channels, card.side, card.side),
        labels=card.spec.data,
        # As its data module saw the pictures.
        preprocessing=PicturePreprocessing(card.side, card.side, card.mean, card.scale),
        paper=paper,
        licence="Apache-2.0, trained by dlexplain" if model.source == "zoo" else "trained here",
        module=partial(_network, model),
        classes=card.classes,
    )


def _network(model: Trained) -> "nn.Module":
    from dlexplain.trained.networks import load_network

    return load_network(model)
