"""A job over very many pictures in shards, by this process or by workers on a Ray cluster."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dlexplain.data.picture_files import PictureFiles, find_pictures
from dlexplain.errors import BadInput, RunError
from dlexplain.execution.clusters.connecting import ClusterError
from dlexplain.execution.clusters.pool import Pool, joined
from dlexplain.execution.resources import NO_ADDRESS
from dlexplain.explainers.progress import Progress
from dlexplain.services.loading import load
from dlexplain.services.many.packing import Packed, pack
from dlexplain.services.many.store import ManyQuestion, ManyStore
from dlexplain.services.pictures.bundle import versions
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.settings import output_path, settings

PLACES = ("local", "ray")
SHARD, MOST_SHARD = 64, 4096
MOST = 10_000_000
"""Pictures of a job: those of a shard are in memory, and of all others the names."""


@dataclass(frozen=True)
class How:
    """Where a job is done, and where its shards are kept, as `dx.explain_many` takes it.

    Raises BadInput, or RunError where there is no cluster in the settings.
    """

    out: str | Path
    on: str
    workers: int
    cpus: int
    shard: int
    resume: bool

    def __post_init__(self) -> None:
        bounds = {"shard": (1, MOST_SHARD), "workers": (0, MOST), "cpus": (1, 1024)}
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                value = getattr(self, name)
                raise BadInput(f"{name} is {value}; {low:,} to {high:,} is accepted")
        if self.on not in PLACES:
            raise BadInput(f'on is "{self.on}"; {" or ".join(PLACES)} is accepted')
        if self.on == "ray" and not settings().ray:
            raise ClusterError(NO_ADDRESS)


@dataclass(frozen=True)
class Work:
    """What is asked of each shard.

    maker     MODULE:FUNCTION(model=, fingerprint=, **asked) that makes `do` on another machine
    do        (shard, progress) -> its rows as a Parquet file
    question  of the files
    each      rows of a picture, which are neighbours
    """

    model: LoadedModel
    maker: str
    asked: Mapping[str, Any]
    do: Callable[[Packed, Progress], bytes]
    question: Callable[[PictureFiles], ManyQuestion]
    each: int = 1


def found_model(name: str, fingerprint: str) -> LoadedModel:
    """Of another machine; raises RunError where it has other weights here."""
    loaded = load(LoadedModel, name)
    if loaded.prepared.fingerprint != fingerprint:
        raise RunError(
            f"{name} has other weights here than where the job was asked; both need the same"
        )
    return loaded


def in_shards(
    work: Work,
    source: str | Path | bytes | PictureFiles,
    how: How,
    progress: Progress,
    columns: Sequence[str] = (),
) -> tuple[dict[str, Any], Mapping[str, list[Any]]]:
    """Do what is not done yet; returns what ManyPictures has of it, and columns of all rows."""
    files = source if isinstance(source, PictureFiles) else find_pictures(source, most=MOST)
    store = ManyStore(output_path(how.out))
    question = work.question(files)
    job = _Job(work, files, store, how, progress)
    with store.held():
        about = {"source": files.name, "pictures": len(files.files), "versions": versions()}
        store.begin(question, about, how.resume)
        job.find_done()
        if how.on == "ray" and job.todo():
            job.on_cluster()
        else:
            job.here()
        columns = ("class", "truth", *columns)
        told = {"question": asdict(question), **about}
        counted = store.close(job.sizes, told, columns, work.each)
    said, truths = (counted.columns[name][:: work.each] for name in ("class", "truth"))
    pairs = zip(said, truths, strict=True)
    known = [one == truth for one, truth in pairs if truth is not None]
    facts = {
        "source": files.name,
        "model": work.model.name,
        "folder": store.folder,
        "pictures": counted.examples,
        "shards": len(job.sizes),
        "refused": counted.refused,
        "problems": counted.problems,
        "known": len(known),
        "right": sum(known),
        "earlier": job.earlier,
        "damaged": job.damaged,
        "lost": tuple(job.lost),
        "digest": counted.digest,
        "on": how.on,
        "workers": job.workers,
        "seconds": time.perf_counter() - job.began,
    }
    return facts, counted.columns


@dataclass(eq=False)
class _Job:
    work: Work
    files: PictureFiles
    store: ManyStore
    how: How
    progress: Progress
    whole: set[int] = field(default_factory=set)
    damaged: int = 0
    earlier: int = 0
    workers: int = 0
    lost: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.perf_counter)

    @cached_property
    def sizes(self) -> list[int]:
        """Pictures of each shard."""
        size, count = self.how.shard, len(self.files.files)
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
        size = self.how.shard
        with self.files.opened() as reader:
            for number in self.todo():
                first = number * size
                yield number, pack(reader, self.files.files[first : first + size], first)

    def here(self) -> None:
        """Do them one after the other."""
        self.workers = 1
        for number, shard in self.shards():
            self._keep(number, self.work.do(shard, self.progress))

    def on_cluster(self) -> None:
        """Have workers on the cluster do them, each of which loads the model once."""
        model, todo = self.work.model, len(self.todo())
        fingerprint = model.prepared.fingerprint
        asked = {"model": model.name, "fingerprint": fingerprint, **self.work.asked}
        most = min(self.how.workers or todo, todo)
        address = settings().ray
        with joined(address, [model.name]) as ray:
            pool = Pool(ray, address, self.work.maker, asked, most, self.how.cpus)
            self.workers = pool.count
            for number, rows in pool.results(self.shards(), self.progress.check, self.lost.append):
                self._keep(number, rows)
                self.progress.advance(self.sizes[number])

    def _keep(self, number: int, rows: bytes) -> None:
        self.store.add(number, self.sizes[number] * self.work.each, rows)
