"""Very many pictures explained in shards, by this process or by workers on a Ray cluster."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dlexplain.data.fit import Fit
from dlexplain.data.picture_files import PictureFiles, find_pictures
from dlexplain.errors import BadInput
from dlexplain.execution.clusters.connecting import ClusterError
from dlexplain.execution.clusters.pool import Pool, joined
from dlexplain.execution.resources import NO_ADDRESS
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value
from dlexplain.results import ExplainedMany
from dlexplain.services.loading import load
from dlexplain.services.many.explaining import (
    MAKER,
    ExplainShards,
    Packed,
    SameSizes,
    pack,
)
from dlexplain.services.many.store import ManyQuestion, ManyStore
from dlexplain.services.pictures.bundle import versions
from dlexplain.services.pictures.explain import usual_method
from dlexplain.services.pictures.folder_work import FolderWork
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.settings import local_path, settings

PLACES = ("local", "ray")
SHARD, MOST_SHARD = 64, 4096
MOST = 10_000_000
"""Pictures of a job: those of a shard are in memory, and of all others the names."""


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
    for name, value, low, high in (
        ("shard", shard, 1, MOST_SHARD), ("workers", workers, 0, MOST), ("cpus", cpus, 1, 1024),
    ):  # fmt: skip
        if not low <= value <= high:
            raise BadInput(f"{name} is {value}; {low:,} to {high:,} is accepted")
    if on not in PLACES:
        raise BadInput(f'on is "{on}"; {" or ".join(PLACES)} is accepted')
    if on == "ray" and not settings().ray:
        raise ClusterError(NO_ADDRESS)
    model = load(LoadedModel, model) if isinstance(model, str) else model
    files = source if isinstance(source, PictureFiles) else find_pictures(source, most=MOST)
    work = FolderWork.of(model, None, method or usual_method(model), params, fit, SameSizes())
    question = ManyQuestion(**asdict(work.question(files)), shard=shard)
    store = ManyStore(local_path(out))
    job = _Job(work, params, files, store, question, progress or Progress())
    with store.held():
        about = {"source": files.name, "pictures": len(files.files), "versions": versions()}
        store.begin(question, about, resume)
        job.find_done()
        if on == "ray" and job.todo():
            job.on_cluster(workers, cpus)
        else:
            job.here()
        counted = store.close(job.sizes, {"question": asdict(question), **about})
    return ExplainedMany(
        source=files.name,
        model=model.name,
        method=work.method.name,
        title=work.method.title,
        params=work.ready.used,
        folder=store.folder,
        pictures=counted.rows,
        shards=len(job.sizes),
        refused=counted.refused,
        problems=counted.problems,
        known=counted.known,
        right=counted.right,
        earlier=job.earlier,
        damaged=job.damaged,
        lost=tuple(job.lost),
        digest=counted.digest,
        on=on,
        workers=job.workers,
        seconds=time.perf_counter() - job.began,
    )


@dataclass(eq=False)
class _Job:
    """params  of the method, as they were given"""

    work: FolderWork
    params: dict[str, Value]
    files: PictureFiles
    store: ManyStore
    question: ManyQuestion
    progress: Progress
    whole: set[int] = field(default_factory=set)
    damaged: int = 0
    earlier: int = 0
    workers: int = 0
    lost: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.perf_counter)

    @property
    def sizes(self) -> list[int]:
        """Pictures of each shard."""
        size, count = self.question.shard, len(self.files.files)
        return [min(size, count - first) for first in range(0, count, size)]

    def find_done(self) -> None:
        """Take what an earlier attempt has left."""
        sizes = self.sizes
        self.whole, damaged = self.store.done()
        self.damaged = len(damaged)
        self.earlier = sum(sizes[number] for number in self.whole)
        self.progress.plan(len(self.files.files))
        if self.earlier:
            self.progress.advance(self.earlier)

    def todo(self) -> Sequence[int]:
        return [number for number in range(len(self.sizes)) if number not in self.whole]

    def shards(self) -> Iterator[tuple[int, Packed]]:
        """Those to do, each read when it is asked for."""
        size = self.question.shard
        with self.files.opened() as reader:
            for number in self.todo():
                first = number * size
                yield number, pack(reader, self.files.files[first : first + size], first)

    def here(self) -> None:
        """Do them one after the other."""
        self.workers = 1
        explain = ExplainShards(self.work)
        for number, shard in self.shards():
            self._keep(number, explain(shard, self.progress))

    def on_cluster(self, workers: int, cpus: int) -> None:
        """Have workers on the cluster do them, each of which loads the model once."""
        asked: dict[str, Any] = {
            "model": self.work.model.name,
            "fingerprint": self.work.model.prepared.fingerprint,
            "method": self.work.method.name,
            "params": self.params,
            "fit": self.question.fit,
        }
        most = min(workers or len(self.todo()), len(self.todo()))
        with joined(settings().ray, [self.work.model.name]) as ray:
            pool = Pool(ray, settings().ray, MAKER, asked, most, cpus)
            self.workers = pool.count
            for number, rows in pool.results(self.shards(), self.progress.check, self.lost.append):
                self._keep(number, rows)
                self.progress.advance(self.sizes[number])

    def _keep(self, number: int, rows: bytes) -> None:
        self.store.add(number, self.sizes[number], rows)
