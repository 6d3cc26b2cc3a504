"""Very many pictures explained: the work on one shard, the same on every machine, and the job."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from dlexplain.data.fit import Fit
from dlexplain.data.picture_files import PictureFiles, PictureReader
from dlexplain.explainers.batching import BatchSizes, Kind
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.prepare import Prepared
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value
from dlexplain.results import ExplainedMany
from dlexplain.services.loading import load
from dlexplain.services.many.job import SHARD, How, Work, found_model, in_shards
from dlexplain.services.many.packing import Packed, unpacked
from dlexplain.services.many.rows import EXPLAINED, map_columns, to_parquet
from dlexplain.services.many.store import ManyQuestion
from dlexplain.services.pictures.explain import usual_method
from dlexplain.services.pictures.folder_store import Fresh, Refused
from dlexplain.services.pictures.folder_work import FolderWork, Seen
from dlexplain.services.pictures.models import LoadedModel

MAKER = "dlexplain.services.many.explaining:explaining"
"""What makes the work on another machine."""
CHUNK = 32
"""Pictures or evaluations at once: measured sizes would differ from machine to machine, and so
would the last digits."""


class SameSizes(BatchSizes):
    """CHUNK, or less where memory allowed no more."""

    def get(self, model: Prepared, kind: Kind) -> int:
        return self._known.get(self._key(model, kind), CHUNK)


@random_state_kept()
def explain_many(
    model: LoadedModel | str,
    source: str | Path | bytes | PictureFiles,
    method: str = "",
    *,
    out: str | Path,
    on: str = "local",
    workers: int = 0,
    cpus: int = 1,
    shard: int = SHARD,
    fit: Fit | str | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    **params: Value,
) -> ExplainedMany:
    """Each picture's class, probabilities and map in a Parquet file of its shard.

    model    from `dx.load`, or its name; on a cluster it is loaded there by its name
    source   a folder or a ZIP, by its path, or a ZIP's bytes
    out      the folder for the shards; the job that it holds must have asked the same
    on       local: this process; ray: workers on the cluster of the settings
    workers  on a cluster, at most; 0 is as many as its processors allow
    cpus     processors of each of them, with as many threads
    shard    pictures of a shard: what is lost at most when a worker is, 1 to 4,096
    fit      how pictures are made into the model's square, see Fit
    resume   whether to go on with what is in `out`, rather than to refuse it
    progress counts pictures;  params  the method's

    A file that cannot be read has a row that says why. Raises DataError where there is nothing to
    read, BadInput where `out` has the answers to another question or cannot be written, RunError
    where the cluster cannot be used, UnknownName, ParamError, Incompatible or Cancelled; shards
    that were done by then are kept.
    """
    how = How(out, on, workers, cpus, shard, resume)
    model = load(LoadedModel, model) if isinstance(model, str) else model
    method = method or usual_method(model)
    asked = FolderWork.of(model, None, method, params, fit, SameSizes())
    told = {"method": method, "params": params, "fit": asked.fit_of(model)}

    def question(files: PictureFiles) -> ManyQuestion:
        return ManyQuestion(**asdict(asked.question(files)), shard=shard)

    work = Work(model, MAKER, told, ExplainShards(asked), question)
    facts, _ = in_shards(work, source, how, progress or Progress())
    return ExplainedMany(method=method, title=asked.method.title, params=asked.ready.used, **facts)


def explaining(
    model: str, fingerprint: str, method: str, params: dict[str, Value], fit: str
) -> "ExplainShards":
    """The work by what was asked; raises RunError where the model of that name is another here."""
    loaded = found_model(model, fingerprint)
    return ExplainShards(FolderWork.of(loaded, None, method, params, fit, SameSizes()))


class ExplainShards:
    """Shard -> its rows as a Parquet file."""

    def __init__(self, work: FolderWork) -> None:
        self.work = work

    @random_state_kept()
    def __call__(self, shard: Packed, progress: Progress | None = None) -> bytes:
        """Raises Incompatible, or Cancelled where the progress, which counts pictures, says so."""
        progress = progress or Progress()
        rows: dict[int, dict[str, Any]] = {}
        seen: list[Seen] = []
        for one in unpacked(shard):
            rows[one.place] = one.row
            found: Seen | Refused = Refused(one.place, one.why)
            if not one.why:
                found = self.work.see(PictureReader(None), one.place, one.file)
            if isinstance(found, Seen):
                seen.append(found)
            else:
                rows[one.place] |= {"error": found.why}
                progress.advance(1)
        at_once = self.work.at_once
        for start in range(0, len(seen), at_once):
            for made in self.work.answer(seen[start : start + at_once], progress):
                place = made.place if isinstance(made, Refused) else made.answer.place
                rows[place] |= _columns(made)
                progress.advance(1)
        return to_parquet(list(rows.values()), EXPLAINED)


def _columns(made: Fresh | Refused) -> dict[str, Any]:
    if isinstance(made, Refused):
        return {"error": made.why}
    answer = made.answer
    if not np.isfinite(made.map).all():
        return {"error": f"{answer.name} gets a map that is not finite"}
    return {
        "class_index": answer.top.name.index,
        "class": answer.top.name.label,
        "probability": answer.top.probability,
        "entropy_bits": answer.entropy,
        "probabilities": made.probabilities.astype(np.float32),
        "truth": answer.truth.label if answer.truth else None,
        "width": answer.size[0],
        "height": answer.size[1],
        **map_columns(made.map),
        "note": answer.note,
    }
