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
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BAD_JSON, BadInput
from dlexplain.execution.files import write_whole
from dlexplain.params import Value
from dlexplain.results import ClassName, ClassScore, PictureAnswer
from dlexplain.results.folders import Loaded, map_place
from dlexplain.services.kept import KeptAnswers, KeptQuestion, unwritable

SPARE = 1.1
"""Times the room on the disk that the maps take."""


@dataclass(frozen=True)
class FolderQuestion(KeptQuestion):
    """What was asked.

    models  name and fingerprint of the model, and of its rival where there is one
    files   fingerprint of the pictures, see PictureFiles
    """

    words: ClassVar[Mapping[str, str]] = {
        "model": "its model is {before}, not {now}",
        "model_fingerprint": "its model had other weights",
        "method": "its method is {before}, not {now}",
        "params": "its method had other parameters",
        "fit": "its pictures were fitted by {before}, not by {now}",
        "files": "its pictures were others, or have changed since",
        "rival": "its rival is {before}, not {now}",
        "rival_fingerprint": "its rival had other weights",
    }
    model: str
    model_fingerprint: str
    method: str
    params: Mapping[str, Value]
    fit: str
    files: str
    rival: str = ""
    rival_fingerprint: str = ""


@dataclass(frozen=True)
class Refused:
    """A file that could not be read: its place among the files, and why."""

    place: int
    why: str


@dataclass(frozen=True, eq=False)
class Fresh:
    """An answer with its arrays: map (height, width), view (height, width, 3), and the probability
    of each class."""

    answer: PictureAnswer
    map: NDArray[np.float32]
    view: NDArray[np.uint8]
    probabilities: NDArray[np.float64]


class FolderStore(KeptAnswers[FolderQuestion]):
    """The answers in one folder. Writing methods raise BadInput where the disk does not take it."""

    asked = FolderQuestion

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._groups = 0

    def read(self, classes: Sequence[ClassName]) -> tuple[list[PictureAnswer], list[Refused]]:
        """What is done, by places; lines that a crash has damaged, and those whose arrays are not
        there, are not."""
        answers: dict[int, PictureAnswer] = {}
        refused: dict[int, Refused] = {}
        counts: dict[int, int] = {}
        for line in self.lines():
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
        except OSError as error:
            raise unwritable(self.folder, error) from error
        self.append([*map(_line, placed), *map(asdict, refused)])
        self._groups += bool(fresh)
        return placed

    def load(self, answer: PictureAnswer) -> Loaded:
        """The map of an answer and what the model saw; raises BadInput where they are gone."""
        file, row = map_place(answer)
        try:
            maps = np.load(self.folder / file, mmap_mode="r", allow_pickle=False)
            views = np.load(self._array("views", answer.group), mmap_mode="r", allow_pickle=False)
            return np.array(maps[row]), np.array(views[row])
        except (OSError, EOFError, *BAD_JSON) as error:
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
    except BAD_JSON:
        return None
