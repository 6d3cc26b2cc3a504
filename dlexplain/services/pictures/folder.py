"""A folder or ZIP of pictures: the class of each, how sure it is, and why."""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from dlexplain.data.fit import Fit
from dlexplain.data.picture_files import PictureFiles, find_pictures
from dlexplain.data.reading_ahead import read_ahead
from dlexplain.errors import DataError
from dlexplain.execution.paths import folders_folder
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value
from dlexplain.results import ExplainedFolder, PictureAnswer
from dlexplain.services.kept import forget_all_but
from dlexplain.services.loading import load
from dlexplain.services.pictures.bundle import versions
from dlexplain.services.pictures.explain import usual_method
from dlexplain.services.pictures.folder_store import (
    FolderQuestion,
    FolderStore,
    Fresh,
    Refused,
)
from dlexplain.services.pictures.folder_work import FolderWork, Seen
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.settings import output_path, settings

KEEP_SECONDS, KEEP_BYTES = 1.0, 50e6
"""What is done is kept when so much time has passed, or so much of it is there."""
BYTES_A_PIXEL = 4 + 3
"""Of a map and of what the model saw."""
KEPT = 20
"""Questions without a folder of their own whose answers are kept, besides the one that is asked."""
Tell = Callable[[ExplainedFolder], None]


@random_state_kept()
def explain_folder(
    model: LoadedModel | str,
    source: str | Path | bytes | PictureFiles,
    method: str = "",
    out: str | Path | None = None,
    *,
    rival: LoadedModel | str | None = None,
    fit: Fit | str | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    tell: Tell | None = None,
    **params: Value,
) -> ExplainedFolder:
    """Each picture's class, probability and entropy, and the map of one method for that class.

    model    from `dx.load`, or its name
    source   a folder or a ZIP, by its path, or a ZIP's bytes; what lies in a folder that is named
             after a class has that class as its truth
    out      the folder in which answers and maps are kept as they come; by default one in the home
             folder, named after the question, in which an earlier attempt is gone on with; those
             of the last KEPT questions are kept
    rival    a second model of the same classes, whose answers are compared with the first one's
    fit      how pictures are made into the model's square, see Fit
    resume   whether to go on with what is in `out`, rather than to refuse it
    progress counts pictures;  tell  is given the answers so far each time that some are kept
    params   the method's

    A file that cannot be read is told in `refused`; the others go on. Raises DataError where there
    is nothing to read, BadInput where `out` has answers to another question or cannot be written,
    UnknownName, ParamError, Incompatible or Cancelled; what was done by then is kept.
    """
    model = load(LoadedModel, model) if isinstance(model, str) else model
    rival = load(LoadedModel, rival) if isinstance(rival, str) else rival
    method = method or usual_method(model)
    files = source if isinstance(source, PictureFiles) else find_pictures(source)
    work = FolderWork.of(model, rival, method, params, fit)
    question = work.question(files)
    if out is None:
        out, resume = question.folder(folders_folder(settings().home)), True
        forget_all_but(folders_folder(settings().home), KEPT)
    store = FolderStore(output_path(out))
    return _run(work, files, store, question, resume, progress or Progress(), tell)


def _run(
    work: FolderWork,
    files: PictureFiles,
    store: FolderStore,
    question: FolderQuestion,
    resume: bool,
    progress: Progress,
    tell: Tell | None,
) -> ExplainedFolder:
    with store.held():
        about = {"source": files.name, "pictures": len(files.files), "versions": versions()}
        store.begin(question, about, resume)
        kept = _Kept(work, files, store, progress, tell, *store.read(work.model.classes))
        left = len(files.files) - kept.earlier
        height, width = work.model.prepared.input_shape[-2:]
        store.check_room(left, (height, width))
        progress.plan(len(files.files))
        if kept.earlier:
            progress.advance(kept.earlier)
            kept.tell_so_far()
        try:
            with closing(_batches(work, files, kept)) as batches:
                for batch in batches:
                    kept.add(work.answer(batch, progress))
        finally:  # what is done is kept, also where the work is cancelled
            kept.write()
            kept.tell_so_far()
        if not kept.answers:
            raise DataError(
                f"none of the {len(files.files):,} pictures of {files.name} can be read: "
                f"{kept.refused[0].why}"
            )
        return kept.so_far()


def _batches(
    work: FolderWork, files: PictureFiles, kept: "_Kept"
) -> Generator[list[Seen], None, None]:
    """Pictures that are still to do, as many at once as the model likes; what cannot be read is
    noted."""
    size, done = work.at_once, kept.places
    todo = [(place, file) for place, file in enumerate(files.files) if place not in done]
    used = sum(answer.size[0] * answer.size[1] for answer in kept.answers)
    batch: list[Seen] = []
    with files.opened(used) as reader:
        with closing(read_ahead(todo, lambda one: work.see(reader, *one), size)) as read:
            for found in read:
                if isinstance(found, Refused):
                    kept.add([found])
                    continue
                batch.append(found)
                if len(batch) == size:
                    yield batch
                    batch = []
            if batch:
                yield batch


@dataclass(eq=False)
class _Kept:
    """What is done: on the disk, and as a result; what is not written yet is `fresh`."""

    work: FolderWork
    files: PictureFiles
    store: FolderStore
    progress: Progress
    tell: Tell | None
    answers: list[PictureAnswer]
    refused: list[Refused]
    earlier: int = field(init=False)
    fresh: list[Fresh | Refused] = field(default_factory=list)
    began: float = field(default_factory=time.perf_counter)
    written: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self.earlier = len(self.places)

    @property
    def places(self) -> set[int]:
        """Of the files that are done."""
        return {a.place for a in self.answers} | {r.place for r in self.refused}

    def add(self, found: Sequence[Fresh | Refused]) -> None:
        """Count these, and keep what there is when it is time."""
        self.fresh += found
        maps = [one.map.size for one in self.fresh if isinstance(one, Fresh)]
        late = time.perf_counter() - self.written >= KEEP_SECONDS
        if late or BYTES_A_PIXEL * sum(maps) >= KEEP_BYTES:
            self.write()
            self.tell_so_far()
        self.progress.advance(len(found))

    def write(self) -> None:
        """Keep what is done on the disk."""
        if self.fresh:
            refused = [one for one in self.fresh if isinstance(one, Refused)]
            answered = [one for one in self.fresh if isinstance(one, Fresh)]
            self.answers += self.store.add(answered, refused)
            self.refused += refused
        self.fresh, self.written = [], time.perf_counter()

    def tell_so_far(self) -> None:
        if self.tell is not None:
            self.tell(self.so_far())

    def so_far(self) -> ExplainedFolder:
        return ExplainedFolder(
            source=self.files.name,
            folder=self.store.folder,
            load=self.store.load,
            answers=tuple(sorted(self.answers, key=lambda answer: answer.place)),
            refused=tuple(one.why for one in sorted(self.refused, key=lambda one: one.place)),
            skipped=self.files.skipped,
            total=len(self.files.files),
            seconds=time.perf_counter() - self.began,
            earlier=self.earlier,
            **self.work.facts,
        )
