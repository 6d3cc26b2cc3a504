"""What is kept of a job over many examples: a whole file a shard, and a line that says so.

    question.json           what was asked, see KeptAnswers
    answers.jsonl           a line a shard: its number, its rows, the SHA-256 of its file
    shards/000000.parquet   the rows, see dlexplain.services.many.rows
    manifest.json           at the end: counts and digests of it all

A shard is done when there is a line of it and its file has that SHA-256. Whatever else there is is
done again, into the same file: so no example has two rows, and none is missing.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow.parquet as pq

from dlexplain.errors import RunError
from dlexplain.execution.files import write_whole
from dlexplain.services.kept import KeptAnswers, unwritable
from dlexplain.services.pictures.folder_store import FolderQuestion

SHARDS, MANIFEST = "shards", "manifest.json"
FIRST = 20
"""Sentences on files that could not be read that a result names."""


@dataclass(frozen=True)
class ManyQuestion(FolderQuestion):
    """What was asked; shard  examples of each shard"""

    words: ClassVar[Mapping[str, str]] = {
        **FolderQuestion.words,
        "shard": "its shards have {before} pictures, not {now}",
    }
    shard: int = 0


@dataclass(frozen=True)
class Counted:
    """Of all rows: refused  of files that could not be read, with the first sentences on them"""

    rows: int
    refused: int
    problems: tuple[str, ...]
    known: int
    right: int
    digest: str


class ManyStore(KeptAnswers[ManyQuestion]):
    """The shards in one folder. Writing methods raise BadInput where the disk does not take it."""

    asked = ManyQuestion

    def file(self, number: int) -> Path:
        return self.folder / SHARDS / f"{number:06d}.parquet"

    def noted(self) -> dict[int, str]:
        """Shards that were done, and the SHA-256 of their files."""
        found = {}
        for line in self.lines():
            try:
                told = json.loads(line)
                found[int(told["shard"])] = str(told["sha256"])
            except (ValueError, KeyError, TypeError):  # what a bad disk has damaged
                continue
        return found

    def done(self) -> tuple[set[int], set[int]]:
        """Numbers of shards that are done, and of those whose files are not whole any more."""
        noted = self.noted()
        whole = {number for number, digest in noted.items() if self._digest(number) == digest}
        return whole, set(noted) - whole

    def _digest(self, number: int) -> str:
        try:
            return hashlib.sha256(self.file(number).read_bytes()).hexdigest()
        except OSError:
            return ""

    def add(self, number: int, rows: int, content: bytes) -> None:
        """Keep a shard."""
        try:
            self.file(number).parent.mkdir(exist_ok=True)
            write_whole(self.file(number), content)
        except OSError as error:
            raise unwritable(self.folder, error) from error
        digest = hashlib.sha256(content).hexdigest()
        self.append([{"shard": number, "rows": rows, "sha256": digest}])

    def close(self, sizes: Sequence[int], about: Mapping[str, Any]) -> Counted:
        """Count what is in the files, and write the manifest.

        sizes  rows that each shard must have;  about  further facts for people
        Raises RunError where an example has no row or two.
        """
        counted = self._count(sizes)
        noted = self.noted()
        files = [
            {"shard": number, "rows": size, "sha256": noted[number]}
            for number, size in enumerate(sizes)
        ]
        told = {
            **about,
            "rows": counted.rows,
            "refused": counted.refused,
            "digest": counted.digest,
            "shards": files,
        }
        self.finish(self.folder / MANIFEST, told)
        return counted

    def _count(self, sizes: Sequence[int]) -> Counted:
        known = right = refused = first = 0
        problems: list[str] = []
        noted = self.noted()
        for number, size in enumerate(sizes):
            columns = ["place", "class", "truth", "error"]
            rows = pq.read_table(self.file(number), columns=columns).to_pylist()
            if [row["place"] for row in rows] != list(range(first, first + size)):
                raise RunError(f"{self.file(number)} has not the rows that it should have")
            first += size
            errors = [row["error"] for row in rows if row["error"] is not None]
            refused += len(errors)
            problems += errors[: FIRST - len(problems)]
            known += sum(row["truth"] is not None for row in rows)
            right += sum(row["truth"] is not None and row["truth"] == row["class"] for row in rows)
        digests = "".join(noted[number] for number in range(len(sizes)))
        digest = hashlib.sha256(digests.encode()).hexdigest()
        return Counted(first, refused, tuple(problems), known, right, digest)
