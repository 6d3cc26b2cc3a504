"""Why each head of one network says what it says of one picture, by one method."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dlexplain.data.fit import Fit
from dlexplain.data.pictures import Picture, Source
from dlexplain.errors import BadInput
from dlexplain.explainers.progress import Progress
from dlexplain.results import HeadMaps
from dlexplain.services.loading import load
from dlexplain.services.pictures.explain import as_picture, explain, usual_method
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.similarity import similarity
from dlexplain.trained.catalogue import find


def heads_of(name: str) -> Mapping[str, str]:
    """The heads of a model, by their models' names; {} of one that has but one."""
    found = find(name, *LoadedModel.tasks).heads
    return found if len(found) > 1 else {}


def head_maps(
    name: str,
    picture: Source | Picture,
    method: str = "",
    progress: Progress | None = None,
    fit: Fit | str | None = None,
    **params: Any,
) -> HeadMaps:
    """A map of each head, of the class that it takes for the most probable, and Spearman's rank
    correlation of each two, as `explain` and `similarity` have them.

    name    of the model, or of any of its heads
    method  by default the usual one
    Raises BadInput of a model with one head, and what `explain` raises.
    """
    heads = heads_of(name)
    if not heads:
        raise BadInput(f"{name} has one head only; a model that learned several labels is accepted")
    models = {head: load(LoadedModel, of) for of, head in heads.items()}
    first = next(iter(models.values()))
    read = as_picture(picture, fit, first.spec.preprocessing.fit)
    method = method or usual_method(first)
    asked: dict[str, Any] = dict(params)
    maps = {
        head: explain(model, read, method, progress=progress, **asked)
        for head, model in models.items()
    }
    found = np.eye(len(maps))
    for i, one in enumerate(maps.values()):
        for j, other in enumerate(maps.values()):
            found[i, j] = found[i, j] if i == j else similarity(one, other).spearman
    return HeadMaps(maps, found)
