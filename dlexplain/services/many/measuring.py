"""How far maps of very many pictures can be believed: the work on one shard, and the job."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dlexplain.data.fit import Fit, read_fit
from dlexplain.data.picture_files import PictureFiles, PictureReader
from dlexplain.data.pictures import Picture
from dlexplain.errors import BadInput, PictureError
from dlexplain.evaluation.intervals import mean_of
from dlexplain.explainers.batching import Target
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.results import ClassScore, ManyQuality, MeasuredMany
from dlexplain.results.words import listed
from dlexplain.services.attack.seeds import check_seed
from dlexplain.services.loading import load
from dlexplain.services.many.explaining import SameSizes
from dlexplain.services.many.job import SHARD, How, Work, found_model, in_shards
from dlexplain.services.many.measuring_plan import Judging, Params, judging_of
from dlexplain.services.many.packing import Packed, Unpacked, unpacked
from dlexplain.services.many.rows import measured_by, to_parquet
from dlexplain.services.many.store import ManyQuestion
from dlexplain.services.pictures.explain import classify, input_of, usual_method
from dlexplain.services.pictures.folder_work import truth_of
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.quality.judged_maps import JudgedMap, judged_map
from dlexplain.services.quality.judging import one_or_more
from dlexplain.services.question import asked_classes

MAKER = "dlexplain.services.many.measuring:measuring"
"""What makes the work on another machine."""
NO_NUMBER = "it is no finite number for this map"


@random_state_kept()
def quality_many(
    model: LoadedModel | str,
    source: str | Path | bytes | PictureFiles,
    methods: str | Sequence[str] = (),
    metrics: str | Sequence[str] = (),
    *,
    out: str | Path,
    seed: int = 0,
    params: Params | None = None,
    on: str = "local",
    workers: int = 0,
    cpus: int = 1,
    shard: int = SHARD,
    fit: Fit | str | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> MeasuredMany:
    """How far the explanation of each picture can be believed, by each method and metric: see
    `dx.quality`, whose answer each row has; and the means over all pictures.

    What the model says of the picture is explained.

    methods  names of methods, or one; by default the usual one
    metrics  names of `dlexplain.evaluation`'s metrics, or one; by default those of faithfulness and
             complexity, which do not ask the method again
    seed     of all that is drawn in judging, for each picture anew
    params   of methods and metrics, by their names: {"rise": {"samples": 400}}

    The others are those of `dx.explain_many`; it raises as that does, and Incompatible where a
    method or metric does not suit.
    """
    how = How(out, on, workers, cpus, shard, resume)
    check_seed(seed)
    model = load(LoadedModel, model) if isinstance(model, str) else model
    names = one_or_more(methods) or (usual_method(model),)
    judging = judging_of(model, names, one_or_more(metrics), params or {})
    wanted = str(read_fit(model.spec.preprocessing.fit if fit is None else fit))
    told: dict[str, Any] = {
        "methods": judging.method_names, "metrics": judging.metric_names, "params": params or {},
        "seed": seed, "fit": wanted,
    }  # fmt: skip

    def question(files: PictureFiles) -> ManyQuestion:
        return ManyQuestion(
            model=model.name,
            model_fingerprint=model.prepared.fingerprint,
            method=f"quality of {listed(judging.method_names)} by {listed(judging.metric_names)}",
            params={**judging.used, "seed": seed},
            fit=wanted,
            files=files.fingerprint,
            shard=shard,
        )

    do, each = QualityShards(model, judging, seed, wanted), len(judging.methods)
    columns = [f"{name}{end}" for name in judging.metric_names for end in ("", "_why")]
    work = Work(model, MAKER, told, do, question, each)
    facts, found = in_shards(work, source, how, progress or Progress(), columns)
    return MeasuredMany(
        method=listed(judging.method_names),
        title=listed([one.method.title for one in judging.methods]),
        params=judging.used,
        seed=seed,
        measured=tuple(_over_pictures(judging, found, seed)),
        **facts,
    )


def measuring(
    model: str,
    fingerprint: str,
    methods: Sequence[str],
    metrics: Sequence[str],
    params: Params,
    seed: int,
    fit: str,
) -> "QualityShards":
    """The work by what was asked; raises RunError where the model of that name is another here."""
    loaded = found_model(model, fingerprint)
    return QualityShards(loaded, judging_of(loaded, methods, metrics, params), seed, fit)


@dataclass(frozen=True)
class _Said:
    """What the model says of a picture, which is explained."""

    picture: Picture
    top: ClassScore
    goal: Target


class QualityShards:
    """Shard -> its rows as a Parquet file."""

    def __init__(self, model: LoadedModel, judging: Judging, seed: int, fit: str) -> None:
        self.model, self.judging, self.seed = model, judging, seed
        self.fit, self.chunks = read_fit(fit), SameSizes()

    @random_state_kept()
    def __call__(self, shard: Packed, progress: Progress | None = None) -> bytes:
        """Raises Cancelled where the progress, which counts pictures, says so."""
        progress = progress or Progress()
        rows: list[dict[str, Any]] = []
        for one in unpacked(shard):
            rows += self._rows(one, progress)
            progress.advance(1)
        return to_parquet(rows, measured_by(self.judging.metric_names))

    def _rows(self, one: Unpacked, progress: Progress) -> Iterator[dict[str, Any]]:
        """One a method."""
        said = one.why or self._said(one)
        for asked in self.judging.methods:
            row = {**one.row, "method": asked.method.name}
            if isinstance(said, str):
                yield row | {"error": said}
                continue
            progress.check()
            inner = Progress(cancelled=progress.cancelled)
            given = input_of(self.model, said.picture, said.goal, inner, chunks=self.chunks)
            made = judged_map(asked, given, self.judging.metrics, self.seed)
            row |= self._told(one, said) | {"evaluations": inner.done}
            row["note"] = "; ".join(filter(None, (*said.picture.notes, made.note)))
            for name in self.judging.metric_names:
                row |= _columns(name, made)
            yield row

    def _said(self, one: Unpacked) -> _Said | str:
        """Or why there is nothing to explain."""
        try:
            picture = replace(PictureReader(None).read(one.file), fit=self.fit)
            top = classify(self.model, picture, top=1).scores[0]
        except (PictureError, BadInput) as error:
            return str(error)
        if not math.isfinite(top.probability):
            return f"{one.file.name} gets scores that are not finite"
        chosen, other = asked_classes(self.model, top.name.index, None, alone=False)
        return _Said(picture, top, Target(chosen.index, other.index if other else None))

    def _told(self, one: Unpacked, said: _Said) -> dict[str, Any]:
        truth = truth_of(self.model, one.file.folder)
        return {
            "class_index": said.top.name.index,
            "class": said.top.name.label,
            "probability": said.top.probability,
            "truth": truth.label if truth else None,
        }


def _columns(name: str, made: JudgedMap) -> dict[str, Any]:
    """What a row has of one metric: a value, or why there is none."""
    if name not in made.found:
        return {f"{name}_why": made.lost or made.why[name]}
    found = made.found[name].found
    if not math.isfinite(found.value):
        return {f"{name}_why": found.note or NO_NUMBER}
    return {
        name: found.value,
        f"{name}_low": found.low,
        f"{name}_high": found.high,
        f"{name}_n": found.n,
        f"{name}_note": found.note or None,
    }


def _over_pictures(
    judging: Judging, columns: Mapping[str, Sequence[Any]], seed: int
) -> Iterator[ManyQuality]:
    """By method, then metric. columns  with the methods of each picture in turn"""
    each = len(judging.methods)
    for place, asked in enumerate(judging.methods):
        answered = sum(said is not None for said in columns["class"][place::each])
        for one in judging.metrics:
            metric = one.metric
            values = [v for v in columns[metric.name][place::each] if v is not None]
            whys = (why for why in columns[f"{metric.name}_why"][place::each] if why is not None)
            mean = mean_of(np.array(values), seed) if values else None
            yield ManyQuality(
                method=asked.method.name,
                metric=metric.name,
                title=metric.title,
                family=metric.family,
                unit=judging.units[metric.name],
                higher_is_better=metric.higher_is_better,
                n=len(values),
                mean=mean.value if mean else None,
                low=mean.low if mean else None,
                high=mean.high if mean else None,
                undefined=answered - len(values),
                why=next(whys, ""),
            )
