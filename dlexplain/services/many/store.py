"""What is kept of a job over many examples: a whole file a shard, and a line that says so.

    question.json           what was asked, see KeptAnswers
    answers.jsonl           a line a shard: its number, its rows, the SHA-256 of its file
    shards/000000.parquet   the rows, see dlexplain.services.many.rows
    manifest.json           at the end: counts and digests of it all

A shard is done when there is a line of it and its file has that SHA-256. Whatever else there is is
done again, into the same file: so no example has rows twice, and none is missing.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow.parquet as pq

from dlexplain.errors import BAD_JSON, RunError
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
    """examples;  refused  those that have no answer, with the first sentences on them;  columns
    values by name, a row each"""

    examples: int
    refused: int
    problems: tuple[str, ...]
    digest: str
    columns: Mapping[str, list[Any]]


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
            except BAD_JSON:  # what a bad disk has damaged
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

    def close(
        self, sizes: Sequence[int], about: Mapping[str, Any], columns: Sequence[str], each: int = 1
    ) -> Counted:
        """Count what is in the files, and write the manifest.

        sizes  examples that each shard must have;  about  further facts for people
        columns  whose values are wanted;  each  rows of an example
        Raises RunError where an example has too few rows or too many.
        """
        noted = self.noted()
        rows = self._rows(sizes, ["place", "error", *columns], each)
        problems = [error for error in rows["error"][::each] if error is not None]
        digests = "".join(noted[number] for number in range(len(sizes)))
        counted = Counted(
            sum(sizes),
            len(problems),
            tuple(problems[:FIRST]),
            hashlib.sha256(digests.encode()).hexdigest(),
            rows,
        )
        files = [
            {"shard": number, "rows": size * each, "sha256": noted[number]}
            for number, size in enumerate(sizes)
        ]
        told = {
            **about,
            "rows": counted.examples * each,
            "refused": counted.refused,
            "digest": counted.digest,
            "shards": files,
        }
        self.finish(self.folder / MANIFEST, told)
        return counted

    def _rows(
        self, sizes: Sequence[int], columns: Sequence[str], each: int
    ) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {name: [] for name in columns}
        first = 0
        for number, size in enumerate(sizes):
            table = pq.read_table(self.file(number), columns=list(columns))
            places = [place for place in range(first, first + size) for _ in range(each)]
            if table["place"].to_pylist() != places:
                raise RunError(f"{self.file(number)} has not the rows that it should have")
            first += size
            for name in columns:
                found[name] += table[name].to_pylist()
        return found
