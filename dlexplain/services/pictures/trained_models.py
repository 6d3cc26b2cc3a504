"""A trained picture classifier, of the zoo or of a run, as a model that the image page knows."""

from functools import partial
from pathlib import Path

from dlexplain.errors import BadInput, WeightsError
from dlexplain.networks.base import (
    ARCHITECTURES,
    ModelSpec,
    PicturePreprocessing,
)
from dlexplain.services.pictures.cards import picture_card
from dlexplain.services.trained.models import Trained
from dlexplain.services.trained.networks import build_network, read_weights


def picture_model(model: Trained) -> ModelSpec:
    """Raises WeightsError where its card cannot be used."""
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
        licence="trained here" if model.source == "run" else "Apache-2.0, trained by dlexplain",
        build=partial(build_network, model),
        weights=partial(_weights, model),
        read_weights=read_weights,
        classes=card.classes,
    )


def _weights(model: Trained) -> Path:
    path = model.weights
    if not path.is_file():
        raise WeightsError(f"{model.owner} has no {path.name}; only a whole run is a model")
    return path
