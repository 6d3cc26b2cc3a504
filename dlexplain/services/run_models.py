"""A finished run as a model: its architecture from its card, its weights read strictly."""

from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

import dlexplain.models  # noqa: F401, registers the architectures
from dlexplain.errors import BadInput, WeightsError
from dlexplain.models.base import (
    ARCHITECTURES,
    ModelSpec,
    PicturePreprocessing,
    PictureShape,
)
from dlexplain.params import parse
from dlexplain.runs.paths import weights_file
from dlexplain.runs.states import RunRow
from dlexplain.services.model_list import run_entry
from dlexplain.services.run_cards import read_picture_card
from dlexplain.settings import settings


def run_model(row: RunRow) -> ModelSpec:
    """The model of a finished run; raises WeightsError where its card cannot be used."""
    card, entry = read_picture_card(row.id), run_entry(row)
    try:
        architecture = ARCHITECTURES[card.spec.model]
        params: Any = parse(architecture.Params, card.spec.model_params)
    except BadInput as error:
        raise WeightsError(f"run {row.id} cannot be rebuilt: {error}") from error
    shape = PictureShape(card.channels, card.side, len(card.classes))
    return ModelSpec(
        name=entry.name,
        title=entry.title,
        task=entry.task,
        modality="image",
        input_shape=(card.channels, card.side, card.side),
        labels=card.spec.data,
        # As the run's data module saw its pictures.
        preprocessing=PicturePreprocessing(card.side, card.side, card.mean, card.scale),
        paper=architecture.paper,
        licence="trained here",
        build=partial(architecture.build, shape, params),
        weights=partial(_weights, row.id),
        read_weights=_read_weights,
        classes=card.classes,
    )


def _weights(run: str) -> Path:
    path = weights_file(settings().home, run)
    if not path.is_file():
        raise WeightsError(f"run {run} has no {path.name}; only a whole run is a model")
    return path


def _read_weights(path: Path) -> dict[str, Tensor]:
    try:
        state: dict[str, Tensor] = load_file(path)
    except SafetensorError as error:
        raise OSError(f"{path.name} is damaged ({error})") from error
    wrong = [key for key, tensor in state.items() if not bool(torch.isfinite(tensor).all())]
    if wrong:
        raise OSError(f"{wrong[0]} has values that are not finite; the training diverged")
    return state
