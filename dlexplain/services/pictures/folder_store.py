"""What is kept of the answers about a folder of pictures, so that a job which was killed goes on.

    question.json     what was asked: models, method, files, by their fingerprints
    answers.jsonl     a line a picture, or a file that could not be read, in the order of the work
    maps/000000.npy   (count, height, width) float32, as the line of each picture says
    views/000000.npy  (count, height, width, 3) uint8, what the model saw

Arrays are written whole, and before the lines that name them: a line that can be read is a picture
that is done. Nothing here is a pickle.
"""

import io
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from dlexplain.errors import BadInput
from dlexplain.execution.files import append_lines, whole_lines, write_whole
from dlexplain.params import Value
from dlexplain.results import ClassName, ClassScore, PictureAnswer
from dlexplain.results.folders import Loaded, map_place

QUESTION, ANSWERS, LOCK = "question.json", "answers.jsonl", ".lock"
SPARE = 1.1
"""Times the room on the disk that the maps take."""


@dataclass(frozen=True)
class FolderQuestion:
    """What was asked; all of it decides the answers.

    models  name and fingerprint of the model, and of its rival where there is one
    files   fingerprint of the pictures, see PictureFiles
    """

    model: str
    model_fingerprint: str
    method: str
    params: Mapping[str, Value]
    fit: str
    files: str
    rival: str = ""
    rival_fingerprint: str = ""

    def difference(self, other: "FolderQuestion") -> str:
        """What `other`, which was asked before, has otherwise; "" where it is the same."""
        for field in fields(self):
            now, before = getattr(self, field.name), getattr(other, field.name)
            if now != before:
                return _WORDS[field.name].format(now=now or "none", before=before or "none")
        return ""


_WORDS = {
    "model": "its model is {before}, not {now}",
    "model_fingerprint": "its model had other weights",
    "method": "its method is {before}, not {now}",
    "params": "its method had other parameters",
    "fit": "its pictures were fitted by {before}, not by {now}",
    "files": "its pictures were others, or have changed since",
    "rival": "its rival is {before}, not {now}",
    "rival_fingerprint": "its rival had other weights",
}


@dataclass(frozen=True)
class Refused:
    """A file that could not be read: its place among the files, and why."""

    place: int
    why: str


@dataclass(frozen=True, eq=False)
class Fresh:
    """An answer with its arrays, to be kept: map (height, width), view (height, width, 3)."""

    answer: PictureAnswer
    map: NDArray[np.float32]
    view: NDArray[np.uint8]


class FolderStore:
    """The answers in one folder. Writing methods raise BadInput where the disk does not take it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._groups = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else writes meanwhile; raises BadInput where somebody does."""
        lock = FileLock(self.folder / LOCK)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout as error:
            raise BadInput(f"another job is writing to {self.folder}; wait for its end") from error
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        try:
            yield
        finally:
            lock.release()

    def begin(self, question: FolderQuestion, about: Mapping[str, Any], resume: bool) -> None:
        """Note what is asked, or find it as it was; the caller holds the folder.

        about  further facts for people, which decide nothing
        Raises BadInput where there are answers already, of another question or without `resume`.
        """
        file = self.folder / QUESTION
        try:
            for left in self.folder.glob("**/.*.part"):  # of a process that was killed
                left.unlink()
            if not file.exists():
                told = {"question": asdict(question), **about}
                write_whole(file, json.dumps(told, indent=1).encode())
                return
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        if not resume:
            raise BadInput(
                f"{self.folder} has answers of an earlier job; resume it, or choose another folder"
            )
        if other := question.difference(_read_question(file)):
            raise BadInput(
                f"{self.folder} has answers to another question: {other}; choose another folder"
            )

    def read(self, classes: Sequence[ClassName]) -> tuple[list[PictureAnswer], list[Refused]]:
        """What is done, by places; lines that a crash has damaged, and those whose arrays are not
        there, are not."""
        lines, _ = whole_lines(self.folder / ANSWERS)
        answers: dict[int, PictureAnswer] = {}
        refused: dict[int, Refused] = {}
        counts: dict[int, int] = {}
        for line in lines:
            found = _read_line(line, classes)
            if isinstance(found, Refused):
                refused[found.place] = found
            elif found is not None:
                if found.group not in counts:
                    counts[found.group] = self._count(found.group)
                if found.row < counts[found.group]:
                    answers[found.place] = found
                self._groups = max(self._groups, found.group + 1)
        by_place = sorted(answers.values(), key=lambda answer: answer.place)
        return by_place, sorted(refused.values(), key=lambda one: one.place)

    def add(self, fresh: Sequence[Fresh], refused: Sequence[Refused]) -> list[PictureAnswer]:
        """Keep these, and return the answers with the places of their maps."""
        group = self._groups
        placed = [replace(one.answer, group=group, row=row) for row, one in enumerate(fresh)]
        try:
            if fresh:
                self._write("maps", np.stack([one.map for one in fresh]))
                self._write("views", np.stack([one.view for one in fresh]))
            lines = [json.dumps(_line(answer)) for answer in placed]
            append_lines(
                self.folder / ANSWERS, [*lines, *(json.dumps(asdict(one)) for one in refused)]
            )
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        self._groups += bool(fresh)
        return placed

    def load(self, answer: PictureAnswer) -> Loaded:
        """The map of an answer and what the model saw; raises BadInput where they are gone."""
        file, row = map_place(answer)
        try:
            maps = np.load(self.folder / file, mmap_mode="r", allow_pickle=False)
            views = np.load(self._array("views", answer.group), mmap_mode="r", allow_pickle=False)
            return np.array(maps[row]), np.array(views[row])
        except (OSError, ValueError, IndexError, EOFError) as error:
            raise BadInput(f"the map of {answer.name} is gone from {self.folder}") from error

    def check_room(self, count: int, shape: tuple[int, int]) -> None:
        """Raises BadInput where maps and views of so many pictures do not fit on the disk."""
        needed = SPARE * count * shape[0] * shape[1] * (4 + 3)
        free = shutil.disk_usage(self.folder).free
        if needed > free:
            raise BadInput(
                f"{count:,} maps need {needed / 1e9:,.1f} GB, but {free / 1e9:,.1f} GB are free "
                f"where {self.folder} lies"
            )

    def _array(self, kind: str, group: int) -> Path:
        return self.folder / kind / f"{group:06d}.npy"

    def _write(self, kind: str, values: NDArray[Any]) -> None:
        file = self._array(kind, self._groups)
        file.parent.mkdir(exist_ok=True)
        buffer = io.BytesIO()
        np.save(buffer, values, allow_pickle=False)
        write_whole(file, buffer.getvalue())

    def _count(self, group: int) -> int:
        """Pictures of which map and view are there."""
        try:
            pair = [
                np.load(self._array(kind, group), mmap_mode="r", allow_pickle=False)
                for kind in ("maps", "views")
            ]
        except (OSError, ValueError, EOFError):
            return 0
        return min(len(array) for array in pair)


def forget_all_but(root: Path, keep: int) -> None:
    """Delete folders of answers inside `root` but those that were written last; of those that
    somebody is writing to, none."""
    known = [file for file in root.glob(f"*/{QUESTION}") if (file.parent / LOCK).exists()]
    known.sort(key=lambda file: (file.parent / LOCK).stat().st_mtime)
    for file in known[: max(0, len(known) - keep)]:
        lock = FileLock(file.parent / LOCK)
        try:
            with lock.acquire(timeout=0):
                shutil.rmtree(file.parent)
        except Timeout:
            continue


def _unwritable(folder: Path, error: OSError) -> BadInput:
    return BadInput(f"{folder} cannot be written: {error.strerror or error}")


def _read_question(file: Path) -> FolderQuestion:
    try:
        told = json.loads(file.read_text("utf-8"))["question"]
        return FolderQuestion(**told)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{file} is damaged; choose another folder") from error


def _line(answer: PictureAnswer) -> dict[str, Any]:
    """Classes by their index: the model knows the rest."""
    told = {
        **vars(answer),
        "top": [answer.top.name.index, answer.top.probability],
        "truth": None if answer.truth is None else answer.truth.index,
        "rival": None,
    }
    if answer.rival is not None:
        told["rival"] = [answer.rival.name.index, answer.rival.probability]
    return told


def _read_line(line: bytes, classes: Sequence[ClassName]) -> PictureAnswer | Refused | None:
    """None for a line that a crash or a bad disk has damaged."""

    def score(pair: list[Any]) -> ClassScore:
        return ClassScore(classes[int(pair[0])], float(pair[1]))

    try:
        told = json.loads(line)
        if "why" in told:
            return Refused(int(told["place"]), str(told["why"]))
        rival, truth, width_height = told["rival"], told["truth"], told["size"]
        return PictureAnswer(
            place=int(told["place"]),
            name=str(told["name"]),
            size=(int(width_height[0]), int(width_height[1])),
            digest=str(told["digest"]),
            top=score(told["top"]),
            entropy=float(told["entropy"]),
            truth=None if truth is None else classes[int(truth)],
            rival=None if rival is None else score(rival),
            disagreement=None if rival is None else float(told["disagreement"]),
            note=str(told["note"]),
            group=int(told["group"]),
            row=int(told["row"]),
        )
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        return None
