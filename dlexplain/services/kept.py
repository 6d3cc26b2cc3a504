"""Answers of a long job in a folder, kept as they come, so that a job which was killed goes on.

    question.json   what was asked, and facts for people
    answers.jsonl   a line an answer, in the order of the work; a line that can be read is done

One job at a time writes to a folder; a folder has the answers to one question.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

from filelock import FileLock, Timeout

from dlexplain.errors import BAD_JSON, BadInput
from dlexplain.execution.files import append_lines, whole_lines, write_whole

QUESTION, ANSWERS, LOCK = "question.json", "answers.jsonl", ".lock"
ASKED = "asked"
"""Key of a question's file: the arguments that ask it again."""


@dataclass(frozen=True)
class KeptQuestion:
    """What was asked; all of it decides the answers, and all of it becomes JSON as it is.

    words  by field, how a difference is told; {now} and {before} stand for its values
    """

    words: ClassVar[Mapping[str, str]]

    def difference(self, other: Self) -> str:
        """What `other`, which was asked before, has otherwise; "" where it is the same."""
        for field in fields(self):
            now, before = getattr(self, field.name), getattr(other, field.name)
            if now != before:
                return self.words[field.name].format(now=now or "none", before=before or "none")
        return ""

    def folder(self, root: Path) -> Path:
        """Inside `root`, where the answers are kept if nobody says where."""
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode())
        return root / digest.hexdigest()[:16]


Q = TypeVar("Q", bound=KeptQuestion)


class KeptAnswers(Generic[Q]):
    """The answers in one folder. Writing methods raise BadInput where the disk does not take it.

    asked  the class of its question
    """

    asked: type[Q]

    def __init__(self, folder: Path) -> None:
        self.folder = folder

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
            raise unwritable(self.folder, error) from error
        try:
            yield
        finally:
            lock.release()

    def begin(self, question: Q, about: Mapping[str, Any], resume: bool) -> None:
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
            raise unwritable(self.folder, error) from error
        if not resume:
            raise BadInput(
                f"{self.folder} has answers of an earlier job; resume it, or choose another folder"
            )
        if other := question.difference(self._question()):
            raise BadInput(
                f"{self.folder} has answers to another question: {other}; choose another folder"
            )

    def _question(self) -> Q:
        file = self.folder / QUESTION
        try:
            return self.asked(**json.loads(file.read_text("utf-8"))["question"])
        except (OSError, *BAD_JSON) as error:
            raise BadInput(f"{file} is damaged; choose another folder") from error

    def lines(self) -> list[bytes]:
        """Those that were written whole."""
        return whole_lines(self.folder / ANSWERS)[0]

    def append(self, answers: Sequence[Mapping[str, Any]]) -> None:
        """A line each."""
        try:
            append_lines(self.folder / ANSWERS, [json.dumps(answer) for answer in answers])
        except OSError as error:
            raise unwritable(self.folder, error) from error

    def finish(self, file: Path, result: Mapping[str, Any]) -> None:
        """Put the result, as JSON, beside its answers."""
        try:
            write_whole(file, json.dumps(result, indent=1).encode())
        except OSError as error:
            raise unwritable(self.folder, error) from error


@dataclass(frozen=True)
class Unfinished:
    """A job that was stopped before its end.

    question  what was asked;  asked  the arguments that ask it again;  answers  that are there
    """

    question: Mapping[str, Any]
    asked: Mapping[str, Any]
    answers: int


def unfinished(root: Path, result_in: Callable[[Path], Path]) -> Iterator[Unfinished]:
    """Jobs inside `root` of which something is done and there is no result yet, the latest first;
    damaged ones are left out. result_in  where a job's folder has its result"""
    folders = [f for f in root.iterdir() if f.is_dir()] if root.is_dir() else []
    left = [f for f in folders if not result_in(f).exists() and (f / ANSWERS).exists()]
    for folder in sorted(left, key=lambda f: (f / ANSWERS).stat().st_mtime, reverse=True):
        try:
            told = json.loads((folder / QUESTION).read_text("utf-8"))
            answers = len(whole_lines(folder / ANSWERS)[0])
            found = Unfinished(dict(told["question"]), dict(told[ASKED]), answers)
        except (OSError, *BAD_JSON):
            continue
        if answers:
            yield found


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


def unwritable(folder: Path, error: OSError) -> BadInput:
    """What is said where the disk does not take an answer."""
    return BadInput(f"{folder} cannot be written: {error.strerror or error}")
