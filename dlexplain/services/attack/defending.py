"""A defence by preprocessing, tried on pictures: does it hold against who knows of it?"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.attacks import Attack, Budget, attacks_for
from dlexplain.attacks.defences import DEFENCES, Defence, Defended
from dlexplain.attacks.methods.pgd import PGDParams
from dlexplain.attacks.victim import Victim
from dlexplain.errors import BadInput, Incompatible
from dlexplain.evaluation.intervals import LEAST
from dlexplain.evaluation.paired import more_often
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.results.defences import COUNTS, DefenceResult
from dlexplain.services.attack.robust_pictures import PictureSubject
from dlexplain.services.attack.seeds import check_seed
from dlexplain.services.explaining import batch_sizes
from dlexplain.services.pictures.models import LoadedModel

EPSILON, STEPS, COUNT, MOST = 8 / 255, 20, 50, 10_000
BLOCK = 25
"""Pictures at a time."""


def known_defences() -> Mapping[str, Defence]:
    """By name: what can be asked of `try_defence`."""
    return DEFENCES


@random_state_kept()
def try_defence(
    model: LoadedModel,
    defence: str = "jpeg",
    strength: int | None = None,
    epsilon: float = EPSILON,
    steps: int = STEPS,
    data: str = "",
    count: int = COUNT,
    seed: int = 0,
    progress: Progress | None = None,
) -> DefenceResult:
    """Attack a classifier behind a defence, with an attack that knows of it and one that does not.

    The attack is PGD in L∞. The static one is made against the model alone, and what comes out goes
    through the defence. The adaptive one goes through the defence at every step, whose backward
    pass is taken for the identity (BPDA, Athalye et al. 2018, https://arxiv.org/abs/1802.00420); of
    its pictures and the static ones the worse counts, since who knows of it may try both.

    defence   "jpeg" or "bit-depth";  strength  its quality or bits, by default the usual
    data, count, seed  as `dx.robustness` takes them

    Raises UnknownName, DataError, Incompatible for what has no gradients, BadInput for a strength,
    a budget or a count that is not one, or Cancelled.
    """
    if not isinstance(model, LoadedModel) or not model.prepared.differentiable:
        name = getattr(model, "name", type(model).__name__)
        raise Incompatible(f"{name} is no picture classifier with gradients")
    chosen = DEFENCES[defence]
    strength = chosen.check(chosen.usual if strength is None else strength)
    budget = Budget("linf", epsilon)
    check_seed(seed)
    if not isinstance(count, int) or not LEAST <= count <= MOST:
        raise BadInput(f"count is {count!r}; {LEAST} to {MOST:,} are accepted")
    pgd: Attack[PGDParams] = attacks_for(model.modality)["pgd"]
    params = pgd.params({"steps": steps})
    subject, progress = PictureSubject(model), progress or Progress()
    examples = subject.examples(data, count, seed)
    if len(examples) < LEAST:
        raise BadInput(
            f"{examples.title}: {len(examples)} pictures are too few; {LEAST} are needed"
        )
    behind = Defended.of(model.prepared, chosen, strength)
    kept_of: dict[str, list[NDArray[np.bool_]]] = {key: [] for key in COUNTS}
    generator = torch.Generator().manual_seed(seed)
    progress.plan(len(examples) * (2 * (params.steps + 1) + 5))
    for start in range(0, len(examples), BLOCK):
        places = range(start, min(start + BLOCK, len(examples)))
        seen = [model.view(subject.shown[place].picture) for place in places]
        victim = _victim(model, torch.cat([model.to_input(view) for view in seen]), progress)
        said = victim.logits(victim.x)
        if not said.isfinite().all():
            raise BadInput(f"{model.name} says NaN or infinity of a picture; nothing is measured")
        truth = [examples.labels[place] for place in places]
        labels = [said[i].argmax() if label is None else label for i, label in enumerate(truth)]
        victim = _labelled(victim, torch.tensor([int(label) for label in labels]))
        defended = Victim(behind, victim.x, victim.labels, progress, victim.chunks)

        def right(on: Victim, x: Tensor) -> Tensor:
            logits = on.logits(x)  # one that says NaN says nothing right
            return ~on.fooled(logits) & logits.isfinite().all(1)

        def moved(on: Victim) -> Tensor:
            return pgd.run(on, budget, params, generator)

        clean, kept = right(victim, victim.x), right(defended, defended.x)
        static, adaptive = moved(victim), moved(defended)
        withstands = kept & right(defended, static)
        found = {
            "clean": clean,
            "clean_defended": kept,
            "attacked": clean & right(victim, static),
            "static": withstands,
            "adaptive": withstands & right(defended, adaptive),
        }
        for key, values in found.items():
            kept_of[key].append(values.cpu().numpy())
    whole = {key: np.concatenate(parts) for key, parts in kept_of.items()}
    return DefenceResult(
        model=model.name,
        defence=defence,
        title=chosen.title,
        measure=chosen.measure,
        strength=strength,
        attack=f"PGD-{params.steps}",
        epsilon=budget.epsilon,
        n=len(examples),
        counts={key: int(values.sum()) for key, values in whole.items()},
        p=more_often(whole["adaptive"], whole["attacked"]).p,
        examples=examples.title,
        notes=examples.notes,
        evaluations=progress.done,
        seconds=progress.seconds,
        seed=seed,
    )


def _victim(model: LoadedModel, inputs: Tensor, progress: Progress) -> Victim:
    low, high = model.prepared.value_range
    x = ((model.prepared.to_device(inputs) - low) / (high - low)).clamp(0.0, 1.0)
    none = torch.zeros(len(x), dtype=torch.long, device=x.device)
    return Victim(model.prepared, x, none, progress, batch_sizes())


def _labelled(victim: Victim, labels: Tensor) -> Victim:
    return Victim(
        victim.model, victim.x, labels.to(victim.x.device), victim.progress, victim.chunks
    )
