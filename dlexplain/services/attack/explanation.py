"""An attack on the explanation of one picture: the class stays, the map moves."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.attacks import Budget
from dlexplain.attacks.explanation import ExplanationParams, evaluations, move_map, saliency
from dlexplain.attacks.projection import random_start
from dlexplain.attacks.victim import Victim
from dlexplain.data.fit import Fit
from dlexplain.data.pictures import Picture, Source
from dlexplain.errors import BadInput, Incompatible
from dlexplain.evaluation.agreement import agreement
from dlexplain.explainers.base import find_method
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value, parse
from dlexplain.results.attacks import MovedMap
from dlexplain.services.attack.maps import map_of
from dlexplain.services.attack.pictures import shown, victim_of
from dlexplain.services.attack.seeds import check_seed
from dlexplain.services.pictures.explain import as_picture, usual_method
from dlexplain.services.pictures.models import LoadedModel

EPSILON = 8 / 255
DRAWS = 5
"""Random changes of the same size, to compare with."""


@random_state_kept()
def attack_explanation(
    model: LoadedModel,
    picture: Source | Picture,
    method: str = "",
    epsilon: float = EPSILON,
    seed: int = 0,
    fit: Fit | str | None = None,
    progress: Progress | None = None,
    **params: Value,
) -> MovedMap:
    """Change a picture by little, so that the class that the model says stays and its map moves.

    picture  as `dx.explain` takes it;  fit  likewise
    method   an explanation method, whose maps are compared; by default the model's usual one. What
             is attacked is the map of gradients, whatever is compared
    epsilon  the budget in L∞, where 0 is black and 1 white
    params   see `dlexplain.attacks.explanation.ExplanationParams`

    Raises UnknownName, ParamError, PictureError, Incompatible for a model without gradients,
    BadInput for a budget that is not one or a map that says nothing, or Cancelled.
    """
    if not isinstance(model, LoadedModel):
        raise Incompatible(f"{type(model).__name__} is no picture classifier")
    if not model.prepared.differentiable:
        raise Incompatible(f"{model.name} has no gradients, by which its map would be moved")
    budget = Budget("linf", epsilon)
    check_seed(seed)
    asked = parse(ExplanationParams, params)
    method, progress = method or usual_method(model), progress or Progress()
    read = as_picture(picture, fit, model.spec.preprocessing.fit)
    victim = victim_of(model, model.view(read), None, None, progress)
    progress.plan(evaluations(asked))
    generator = torch.Generator().manual_seed(seed)
    moved = move_map(victim, budget, asked, generator)
    label = int(victim.labels[0])
    before = map_of(model, shown(victim.x), label, method, progress)
    after = map_of(model, shown(moved), label, method, progress)
    correlation, overlap = _alike(before.heatmap, after.heatmap)
    chance = [
        _alike(before.heatmap, map_of(model, shown(x), label, method, progress).heatmap)[1]
        for x in _random_changes(victim, budget, generator)
    ]
    gradients = [saliency(victim, x)[0].cpu().numpy() for x in (victim.x, moved)]
    chances = [float(victim.logits(x)[0].softmax(0)[label]) for x in (victim.x, moved)]
    return MovedMap(
        model=model.name,
        method=method,
        title=find_method(model.prepared.modality, method).title,
        epsilon=budget.epsilon,
        label=model.classes[label],
        probabilities=(chances[0], chances[1]),
        before=before,
        after=after,
        overlap=overlap,
        correlation=correlation,
        chance=tuple(chance),
        attacked=_alike(*gradients)[1],
        picture=model.view(read),
        moved=shown(moved),
        evaluations=progress.done,
        seconds=progress.seconds,
        seed=seed,
    )


def _random_changes(victim: Victim, budget: Budget, generator: torch.Generator) -> list[Tensor]:
    """DRAWS corners of the budget's ball, without those that change the class."""
    drawn = []
    for _ in range(DRAWS):
        inside = random_start(victim.x, budget, generator) - victim.x
        corner = (victim.x + budget.epsilon * inside.sign()).clamp(0.0, 1.0)
        if bool(victim.logits(corner).argmax(1) == victim.labels):
            drawn.append(corner)
    return drawn


def _alike(before: NDArray[np.float32], after: NDArray[np.float32]) -> tuple[float, float]:
    """Rank correlation and overlap of the most marked tenth. Raises BadInput."""
    try:
        together = agreement(np.stack([before, after]), ["before", "after"])
    except BadInput as error:
        raise BadInput(f"the two maps cannot be compared: {error}") from error
    return float(together.correlations[0, 1]), float(together.overlaps[0, 1])
