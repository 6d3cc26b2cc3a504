"""Does the explanation notice an attack? One question of the picture before and after it."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from dlexplain.errors import BadInput
from dlexplain.evaluation.agreement import agreement
from dlexplain.explainers.base import find_method
from dlexplain.explainers.batching import Target
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.progress import Progress
from dlexplain.results import AttackResult, Attribution
from dlexplain.services.explaining import batch_sizes
from dlexplain.services.pictures.explain import request_of, usual_method
from dlexplain.services.pictures.models import LoadedModel


@dataclass(frozen=True, eq=False)
class MapsOfAttack:
    """before, after  maps of the class that is right, of the picture and of the changed one
    instead        the map of the class that the model says then, of the changed one
    correlation    Spearman's, of the values of before and after, -1 to 1
    overlap        share of the most marked tenth that both have, 0 to 1, by chance 0.1
    Both are None where a map says nothing.
    """

    before: Attribution
    after: Attribution
    instead: Attribution
    correlation: float | None
    overlap: float | None


@random_state_kept()
def maps_of(
    model: LoadedModel,
    result: AttackResult,
    method: str = "",
    progress: Progress | None = None,
) -> MapsOfAttack:
    """Explain the right class before and after the attack, and what is said then, by one method.

    Raises UnknownName, Incompatible, or BadInput where the attack is of another model; Cancelled.
    """
    if result.model_fingerprint != model.prepared.fingerprint:
        raise BadInput(f"the attack is on another model than {model.name}")
    method, progress = method or usual_method(model), progress or Progress()
    levels = result.picture.astype(np.float32) / np.float32(255)
    asked = ((levels, result.label.index), (result.moved, result.label.index))
    before, after = (map_of(model, x, index, method, progress) for x, index in asked)
    said = result.after[0].name.index
    instead = (
        after if said == result.label.index else map_of(model, result.moved, said, method, progress)
    )
    try:
        together = agreement(np.stack([before.heatmap, after.heatmap]), ["before", "after"])
        alike, shared = float(together.correlations[0, 1]), float(together.overlaps[0, 1])
    except BadInput:  # a map of nothing has no order
        return MapsOfAttack(before, after, instead, None, None)
    return MapsOfAttack(before, after, instead, alike, shared)


def map_of(
    model: LoadedModel, x: NDArray[np.float32], index: int, method: str, progress: Progress
) -> Attribution:
    """Of a picture of floats, which a file could not hold. x  (height, width, 3) in [0, 1]"""
    low, high = model.prepared.value_range
    channels = model.prepared.input_shape[0]
    pixels = torch.from_numpy(x[..., :channels].transpose(2, 0, 1).copy())[None]
    given = PictureInput(
        model.prepared, Target(index), progress, batch_sizes(), low + (high - low) * pixels
    )
    explainer = find_method(model.prepared.modality, method)
    found = explainer.explain(given, request_of(model, method, {}))
    return Attribution(
        **vars(found),
        model=model.name,
        target=model.classes[index],
        picture=(x * 255).round().astype(np.uint8),
        model_fingerprint=model.prepared.fingerprint,
    )
