"""Very many pictures attacked, one after the other: the work on one shard, and the job."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dlexplain.attacks import Budget
from dlexplain.data.fit import Fit, read_fit
from dlexplain.data.picture_files import PictureFiles, PictureReader
from dlexplain.errors import BadInput, PictureError
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value, as_dict
from dlexplain.results import AttackedMany
from dlexplain.services.attack.pictures import (
    attack,
    known_attacks,
    usual_budget,
    victim_of,
)
from dlexplain.services.attack.seeds import check_seed
from dlexplain.services.loading import load
from dlexplain.services.many.job import SHARD, How, Work, found_model, in_shards
from dlexplain.services.many.packing import Packed, Unpacked, unpacked
from dlexplain.services.many.rows import ATTACKED, to_parquet
from dlexplain.services.many.store import ManyQuestion
from dlexplain.services.pictures.folder_work import truth_of
from dlexplain.services.pictures.models import LoadedModel

MAKER = "dlexplain.services.many.attacking:attacking"
"""What makes the work on another machine."""


@random_state_kept()
def attack_many(
    model: LoadedModel | str,
    source: str | Path | bytes | PictureFiles,
    method: str = "pgd",
    *,
    out: str | Path,
    epsilon: float | None = None,
    norm: str = "",
    seed: int = 0,
    on: str = "local",
    workers: int = 0,
    cpus: int = 1,
    shard: int = SHARD,
    fit: Fit | str | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    **params: Value,
) -> AttackedMany:
    """Whether an attack makes the model say another class of each picture, and how: see
    `dx.attack`, whose answer each row is.

    The class that is right is that which the picture's folder is named after, else what the model
    says. method, epsilon, norm, seed and params are those of `dx.attack`, the others those of
    `dx.explain_many`; it raises as these do.
    """
    how = How(out, on, workers, cpus, shard, resume)
    model = load(LoadedModel, model) if isinstance(model, str) else model
    chosen = known_attacks()[method]
    norm = norm or chosen.norms[0]
    epsilon = usual_budget(model, method, norm) if epsilon is None else float(epsilon)
    check_seed(seed)
    used = as_dict(chosen.params(params))
    side = model.prepared.input_shape[-2:]
    black = np.zeros((*side, 3), np.uint8)
    chosen.check(victim_of(model, black, None, None, Progress()), Budget(norm, epsilon))
    wanted = str(read_fit(model.spec.preprocessing.fit if fit is None else fit))
    told: dict[str, Any] = {
        "method": method, "epsilon": epsilon, "norm": norm, "seed": seed, "fit": wanted,
        "params": params,
    }  # fmt: skip

    def question(files: PictureFiles) -> ManyQuestion:
        return ManyQuestion(
            model=model.name,
            model_fingerprint=model.prepared.fingerprint,
            method=f"attack {method}",
            params={**used, "epsilon": epsilon, "norm": norm, "seed": seed},
            fit=wanted,
            files=files.fingerprint,
            shard=shard,
        )

    work = Work(model, MAKER, told, AttackShards(model, **told), question)
    columns = ("already_misclassified", "success")
    facts, found = in_shards(work, source, how, progress or Progress(), columns)
    return AttackedMany(
        method=method,
        title=chosen.title,
        params=used,
        norm=norm,
        epsilon=epsilon,
        attacked=sum(already is False for already in found["already_misclassified"]),
        fooled=sum(success is True for success in found["success"]),
        **facts,
    )


def attacking(model: str, fingerprint: str, **told: Any) -> "AttackShards":
    """The work by what was asked; raises RunError where the model of that name is another here."""
    return AttackShards(found_model(model, fingerprint), **told)


class AttackShards:
    """Shard -> its rows as a Parquet file; told  as `dx.attack` takes it"""

    def __init__(
        self, model: LoadedModel, method: str, fit: str, params: dict[str, Value], **told: Any
    ) -> None:
        self.model, self.fit = model, read_fit(fit)
        self.asked: dict[str, Any] = {"method": method, **told, **params}

    @random_state_kept()
    def __call__(self, shard: Packed, progress: Progress | None = None) -> bytes:
        """Raises Incompatible, or Cancelled where the progress, which counts pictures, says so."""
        progress = progress or Progress()
        rows = []
        for one in unpacked(shard):
            try:
                said = {"error": one.why} if one.why else self._attacked(one, progress)
            except (PictureError, BadInput) as error:  # such as scores that are not finite
                said = {"error": str(error)}
            rows.append(one.row | said)
            progress.advance(1)
        return to_parquet(rows, ATTACKED)

    def _attacked(self, one: Unpacked, progress: Progress) -> dict[str, Any]:
        picture = replace(PictureReader(None).read(one.file), fit=self.fit)
        truth = truth_of(self.model, one.file.folder)
        label = None if truth is None else truth.index
        inner = Progress(cancelled=progress.cancelled)
        found = attack(self.model, picture, label=label, progress=inner, **self.asked)
        before, after = found.before[0], found.after[0]
        return {
            "class_index": before.name.index,
            "class": before.name.label,
            "probability": before.probability,
            "truth": truth.label if truth else None,
            "already_misclassified": found.already,
            "success": found.success,
            "success_in_256_levels": found.saved_success,
            "after_class_index": after.name.index,
            "after_class": after.name.label,
            "after_probability": after.probability,
            "linf": found.linf,
            "l2": found.l2,
            "pixels": found.pixels,
            "evaluations": found.evaluations,
            "note": "; ".join(picture.notes),
        }
