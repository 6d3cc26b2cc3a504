"""Very many pictures, explained in shards: how many, how they went, and where the rows lie."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlexplain.params import Value
from dlexplain.results.words import scored


@dataclass(frozen=True)
class ExplainedMany:
    """What a job over many pictures has left in its folder.

    source    name of the folder or ZIP;  params  of the method, as they were used
    folder    has shards/000000.parquet and so on, and manifest.json
    pictures  files that were asked, each of which has one row;  shards  files of rows
    refused   rows of files that could not be read;  problems  their sentences, the first of them
    known     rows whose folder says what is right;  right  those of them that were told right
    earlier   pictures that an earlier attempt had done
    damaged   shards that an earlier attempt had done, but whose files were not whole any more
    lost      sentences on workers that died, whose shards were given to others
    digest    SHA-256 over the shards' own, in their order: tells whether two jobs found the same
    on        local or ray;  workers  processes that worked at once;  seconds  of this attempt
    """

    source: str
    model: str
    method: str
    title: str
    params: dict[str, Value]
    folder: Path
    pictures: int
    shards: int
    refused: int
    problems: tuple[str, ...]
    known: int
    right: int
    earlier: int
    damaged: int
    lost: tuple[str, ...]
    digest: str
    on: str
    workers: int
    seconds: float

    @property
    def accuracy_told(self) -> str:
        """ "80.0% [37.6–96.4%], n = 5", or "" where no folder is named after a class."""
        return scored("accuracy", self.right / self.known, self.known) if self.known else ""

    def to_dict(self) -> dict[str, Any]:
        """The form that `explain-many --json` prints."""
        told = {**vars(self), "folder": str(self.folder)}
        return told | {"problems": list(self.problems), "lost": list(self.lost)}
