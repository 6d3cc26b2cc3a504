"""An attack on the class of one picture: the changed picture, and how small a budget suffices."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.attacks import NORMS, Attack, Budget, attacks_for
from dlexplain.attacks.victim import Victim
from dlexplain.data.fit import Fit
from dlexplain.data.pictures import Picture, Source
from dlexplain.errors import BadInput, Incompatible
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value, as_dict
from dlexplain.results import AttackResult, ClassScore
from dlexplain.services.attack.seeds import check_seed
from dlexplain.services.explaining import batch_sizes
from dlexplain.services.pictures.explain import USUAL, as_picture
from dlexplain.services.pictures.models import LoadedModel

HALVINGS = 7
"""Of the search for the smallest budget."""


def known_attacks() -> Mapping[str, Attack[Any]]:
    """By name: what can be asked of `attack`, with titles, norms, parameters and descriptions."""
    return attacks_for(LoadedModel.modality)


def usual_budget(model: LoadedModel, method: str, norm: str) -> float:
    """Where none is asked for. Raises UnknownName for an attack; BadInput for a norm."""
    if norm not in NORMS:
        raise BadInput(f'the norm is "{norm}"; accepted: {", ".join(NORMS)}')
    return known_attacks()[method].usual(norm, model.prepared.input_shape)


@random_state_kept()
def attack(
    model: LoadedModel,
    picture: Source | Picture,
    method: str = "pgd",
    epsilon: float | None = None,
    norm: str = "",
    label: int | str | None = None,
    target: int | str | None = None,
    smallest: bool = False,
    seed: int = 0,
    fit: Fit | str | None = None,
    progress: Progress | None = None,
    **params: Value,
) -> AttackResult:
    """Change a picture by little, so that the model says another class of it.

    picture  as `dx.explain` takes it;  fit  likewise
    method   a name of `dlexplain.attacks`: fgsm, pgd, apgd, deepfool, carlini-wagner, square,
             one-pixel, patch
    epsilon  the budget, where 0 is black and 1 white: 8/255 in linf and 0.5 in l2 by default; in l0
             a number of pixels
    norm     "linf", "l2" or "l0"; by default the attack's own
    label    the class that is right, index or name; by default what the model says
    target   the class that is to be reached; by default any other
    smallest whether the smallest budget that suffices is looked for too, by bisection
    seed     of random starts and squares
    params   of the attack

    A picture of which the model says another class than `label` as it is, is given back as it is.
    Raises UnknownName, ParamError, TargetError, PictureError, Incompatible, BadInput for a budget
    that is not one, a target that is the label, or a model that says NaN; or Cancelled.
    """
    if not isinstance(model, LoadedModel):
        raise Incompatible(f"{type(model).__name__} is no picture classifier")
    chosen = known_attacks()[method]
    norm = norm or chosen.norms[0]
    if epsilon is None:
        epsilon = usual_budget(model, method, norm)
    budget = Budget(norm, epsilon)
    check_seed(seed)
    asked = chosen.params(params)
    read = as_picture(picture, fit, model.spec.preprocessing.fit)
    view = model.view(read)
    victim = victim_of(model, view, label, target, progress or Progress())
    chosen.check(victim, budget)
    before = victim.logits(victim.x)
    said = int(before.argmax())
    already = said != int(victim.labels[0])
    moved = victim.x if already else _run(chosen, victim, budget, asked, seed)
    found = None
    if smallest and not already:
        found = smallest_budget(chosen, victim, budget, asked, seed)
    after = victim.logits(moved)
    if not after.isfinite().all():
        raise BadInput(f"{model.name} says NaN or infinity of the changed picture")
    levels = victim.logits((moved * 255).round() / 255)
    change = (moved - victim.x).flatten()
    goal = victim.target
    return AttackResult(
        model=model.name,
        attack=chosen.name,
        title=chosen.title,
        params=as_dict(asked),
        norm=budget.norm,
        epsilon=budget.epsilon,
        label=model.classes[int(victim.labels[0])],
        target=None if goal is None else model.classes[goal],
        already=already,
        success=not already and bool(victim.fooled(after)),
        saved_success=not already and bool(victim.fooled(levels)),
        linf=float(change.abs().max()),
        l2=float(change.norm()),
        pixels=int((moved != victim.x).any(1).sum()),
        smallest=found,
        picture=view,
        moved=shown(moved),
        before=_scores(model, before),
        after=_scores(model, after),
        evaluations=victim.progress.done,
        seconds=victim.progress.seconds,
        seed=seed,
        path=read.name,
        model_fingerprint=model.prepared.fingerprint,
        picture_digest=read.digest,
    )


def victim_of(
    model: LoadedModel,
    view: NDArray[np.uint8],
    label: int | str | None,
    target: int | str | None,
    progress: Progress,
) -> Victim:
    """The model, one picture, and what it is to be fooled about; raises as `attack` does."""
    low, high = model.prepared.value_range
    x = (model.prepared.to_device(model.to_input(view)) - low) / (high - low)
    x = x.clamp(0.0, 1.0)  # a float's last digit may lie outside
    goal = None if target is None else model.find_class(target).index
    first = Victim(
        model.prepared, x, torch.zeros(1, dtype=torch.long), progress, batch_sizes(), goal
    )
    logits = first.logits(x)
    if not logits.isfinite().all():
        raise BadInput(
            f"{model.name} says NaN or infinity of this picture; nothing can be attacked"
        )
    if logits.shape[1] < 2:
        raise Incompatible(f"{model.name} has one class; an attack needs two")
    index = int(logits.argmax()) if label is None else model.find_class(label).index
    if goal == index:
        raise BadInput(
            f'the target is "{model.classes[index].label}", which is the class that is right; '
            "another one is accepted"
        )
    return replace(first, labels=torch.full((1,), index, device=x.device))


def smallest_budget(
    chosen: Attack[Any], victim: Victim, budget: Budget, params: Any, seed: int
) -> tuple[float, float] | None:
    """(one that does not suffice, one that does): bisected HALVINGS times; None where not even
    the attack's largest does, nor the one that is asked for. Of an attack that looks for the least
    change by itself, what it found is the second, and 0 the first."""
    enough = max(budget.epsilon, chosen.largest(budget.norm, tuple(victim.x.shape[1:])))
    moved = _run(chosen, victim, replace(budget, epsilon=enough), params, seed)
    if not bool(victim.fooled(victim.logits(moved))):
        return None
    change = (moved - victim.x).flatten()
    if chosen.minimal:
        return 0.0, float(change.abs().max() if budget.norm == "linf" else change.norm())
    low, high = 0.0, enough
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if budget.norm == "l0":
            middle //= 1
            if middle in (low, high):  # no pixel is halved
                break
        moved = _run(chosen, victim, replace(budget, epsilon=middle), params, seed)
        if bool(victim.fooled(victim.logits(moved))):
            high = middle
        else:
            low = middle
    return low, high


def _run(chosen: Attack[Any], victim: Victim, budget: Budget, params: Any, seed: int) -> Tensor:
    victim.progress.plan(chosen.evaluations(budget, params))
    return chosen.run(victim, budget, params, torch.Generator().manual_seed(seed))


def shown(x: Tensor) -> NDArray[np.float32]:
    """(1, channels, height, width) -> (height, width, 3) float32; grey three times."""
    pixels = x[0].permute(1, 2, 0).float().cpu().numpy()
    found = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
    return np.ascontiguousarray(found, dtype=np.float32)


def _scores(model: LoadedModel, logits: Tensor) -> tuple[ClassScore, ...]:
    best = logits[0].float().softmax(0).topk(min(USUAL, logits.shape[1]))
    pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return tuple(ClassScore(model.classes[i], p) for i, p in pairs)
