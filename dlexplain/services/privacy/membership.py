"""Membership inference against a picture classifier, by its loss and by likelihood ratio."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dlexplain.data.base import PictureData, Pictures
from dlexplain.errors import BadInput, Incompatible
from dlexplain.evaluation import membership as attacks
from dlexplain.evaluation.roc import auroc, newcombe_interval, roc
from dlexplain.execution.spec import RunSpec
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.one_pass import all_logits
from dlexplain.explainers.progress import Progress
from dlexplain.results.privacy import FALSE_ALARMS, MembershipAttack, PrivacyReport
from dlexplain.results.words import wilson
from dlexplain.services.explaining import batch_sizes
from dlexplain.services.pictures.data import fitting
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.privacy.records import Records, records_of, spec_of
from dlexplain.tasks.private import DELTA, EPSILON
from dlexplain.trained.catalogue import find
from dlexplain.trained.entry import ModelEntry

__all__ = ["privacy"]
Floats = NDArray[np.float64]
USUAL = 1000
"""Members, and others, at most."""
MOST, MOST_SHADOWS, MOST_SEED = 10_000, 64, 2**31 - 1
PAPERS = {
    "loss": ("Loss threshold", "https://arxiv.org/abs/1709.01604"),
    "lira": ("Likelihood ratio (LiRA)", "https://arxiv.org/abs/2112.03570"),
}


@random_state_kept()
def privacy(
    model: LoadedModel | str,
    data: str = "",
    shadows: int = 0,
    count: int = USUAL,
    seed: int = 0,
    progress: Progress | None = None,
) -> PrivacyReport:
    """What a picture classifier betrays of whether a record was in its training set.

    Members are records of its training part, others as many of its test part. The loss attack
    (Yeom et al. 2018) takes those with little loss for members; the likelihood ratio attack
    (LiRA, Carlini et al. 2022) compares each record's confidence with that of shadow models which
    were trained with it and without it.

    model    from `dx.load`, or its name: of the zoo, or a finished run
    data     where its data set lies, if not where the training found it
    shadows  models that are trained for the likelihood ratio, an even number; 0 leaves it out. Each
             is trained as the model was, on a random half of the records
    count    members at most, and as many others
    seed     of which records are drawn, of their halves and of the shadow models
    progress counts records, and epochs of shadow models

    Raises BadInput where its data is not known or too small, DataError where it is not here,
    Incompatible for anything but a picture classifier, or Cancelled.
    """
    name = model if isinstance(model, str) else getattr(model, "name", "")
    _check(shadows, count, seed)
    entry = find(name)
    if entry.task != "classify-image":
        raise Incompatible(f"{name} is no picture classifier; membership is asked of those only")
    spec, progress = spec_of(entry), progress or Progress()
    records = records_of(entry, data, count, seed)
    loaded = model if isinstance(model, LoadedModel) else _loaded(name)
    channels, side = loaded.spec.input_shape[0], loaded.spec.input_shape[1]
    fitting(records.data, spec.data, channels, side)
    pool, size = records.pool, len(records.members)
    progress.plan(2 * size + shadows * int(spec.training["epochs"]))
    logits = _logits(loaded, pool, progress)
    scores = {"loss": -attacks.losses(logits, pool.labels)}
    if shadows:
        confidences = attacks.confidence(logits, pool.labels)
        trained, inside = shadow_confidences(spec, records.data, pool, shadows, seed, progress)
        scores["lira"] = attacks.lira(confidences, trained, inside)
    epsilon, delta = _promised(entry)
    found = measured(records, logits, scores, seed)
    return PrivacyReport(
        model=loaded.name,
        title=entry.title,
        data=spec.data,
        count=size,
        member_places=records.members,
        other_places=records.others,
        scores={key: (each[:size], each[size:]) for key, each in scores.items()},
        shadows=shadows,
        seed=seed,
        epsilon=epsilon,
        delta=delta,
        seconds=progress.seconds,
        notes=(*records.notes, *_notes(spec, shadows)),
        model_fingerprint=loaded.prepared.fingerprint,
        **found,
    )


def measured(
    records: Records, logits: Floats, scores: Mapping[str, Floats], seed: int
) -> dict[str, Any]:
    """Of a report: losses, accuracies, the guess at a threshold, and how well each attack does."""
    labels, size = records.pool.labels, len(records.members)
    lost = attacks.losses(logits, labels)
    members, others = lost[:size], lost[size:]
    hits = logits.argmax(1) == labels
    threshold = float(members.mean())
    right = attacks.guesses_right(-members, -others, -threshold)
    low, high = wilson(right, 2 * size)
    return {
        "members": members,
        "others": others,
        "accuracy": (float(hits[:size].mean()), float(hits[size:].mean())),
        "threshold": threshold,
        "right": right,
        "low": low,
        "high": high,
        "attacks": tuple(
            attacked(name, each[:size], each[size:], seed) for name, each in scores.items()
        ),
    }


def attacked(name: str, members: Floats, others: Floats, seed: int) -> MembershipAttack:
    """How well scores tell members from others."""
    area = auroc(members, others)
    found = attacks.tpr_at_fpr(members, others, FALSE_ALARMS)
    title, paper = PAPERS[name]
    return MembershipAttack(
        name,
        title,
        paper,
        area,
        *newcombe_interval(area, len(members), len(others)),
        found,
        *attacks.tpr_interval(members, others, FALSE_ALARMS, seed),
        *roc(members, others),
    )


def shadow_confidences(
    spec: RunSpec, data: PictureData, pool: Pictures, shadows: int, seed: int, progress: Progress
) -> tuple[Floats, NDArray[np.bool_]]:
    """(shadows, records) confidences of models trained on random halves of the pool, and which had
    which record."""
    from dlexplain.services.privacy.fitting import fit, logits_of

    inside = attacks.halves(len(pool), shadows, seed)
    found = []
    for place, mine in enumerate(inside):
        half = replace(data, train=pool.take(np.flatnonzero(mine)))
        built = fit(replace(spec, seed=_seed(seed, place)), half, lambda: progress.advance(1))
        found.append(attacks.confidence(logits_of(built, pool.pixels), pool.labels))
    return np.array(found), inside


def _seed(seed: int, place: int) -> int:
    """Of a shadow model, so that no two of a small seed are alike, nor the model's own."""
    return int(np.random.SeedSequence([seed, 5, place]).generate_state(1)[0] % MOST_SEED)


def _loaded(name: str) -> LoadedModel:
    from dlexplain.services.loading import load

    return load(LoadedModel, name)


def _logits(model: LoadedModel, pool: Pictures, progress: Progress) -> Floats:
    """(records, classes) of the model itself."""
    how = model.spec.preprocessing
    pixels = torch.from_numpy(pool.pixels).permute(0, 3, 1, 2).float()
    inputs = ((pixels - how.mean) / how.scale).contiguous()
    found: Floats = all_logits(model.prepared, inputs, progress, batch_sizes()).double().numpy()
    return found


def _promised(entry: ModelEntry) -> tuple[float | None, float | None]:
    metrics = entry.trained.metrics
    return metrics.get(EPSILON), metrics.get(DELTA)


def _notes(spec: RunSpec, shadows: int) -> tuple[str, ...]:
    if not shadows:
        return ()
    notes = [
        f"The {shadows} shadow models were trained as the model was, but on half of the records "
        "that are asked about, and to the last epoch."
    ]
    if spec.task_params.get("teacher"):
        notes.append("The model had a teacher, the shadow models had none.")
    return tuple(notes)


def _check(shadows: int, count: int, seed: int) -> None:
    # Of two, each record is in one and not in the other: there is no spread to compare with.
    whole = isinstance(shadows, int) and 0 <= shadows <= MOST_SHADOWS and shadows % 2 == 0
    if not whole or shadows == 2:
        raise BadInput(
            f"shadows is {shadows!r}; 0 or an even number from 4 to {MOST_SHADOWS} is accepted"
        )
    if not isinstance(count, int) or not attacks.LEAST <= count <= MOST:
        raise BadInput(
            f"count is {count!r}; a whole number from {attacks.LEAST} to {MOST:,} is accepted"
        )
    if not isinstance(seed, int) or not 0 <= seed <= MOST_SEED:
        raise BadInput(f"seed is {seed!r}; a whole number from 0 to {MOST_SEED} is accepted")
