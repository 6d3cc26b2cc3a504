"""Very many pictures in shards: how many, how they went, and where the rows lie."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dlexplain.params import Value
from dlexplain.results.attacks import budget_told
from dlexplain.results.quality import Measurement, measured_told
from dlexplain.results.words import scored


@dataclass(frozen=True, kw_only=True)
class ManyPictures:
    """What a job over many pictures has left in its folder.

    source    name of the folder or ZIP
    method, title, params  what each was asked by, the parameters as they were used
    folder    has shards/000000.parquet and so on, and manifest.json
    pictures  files that were asked;  shards  files of rows
    refused   pictures that have no answer;  problems  their sentences, the first of them
    known     pictures with an answer whose folder says what is right;  right  those of them of
              which the model says that
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
        """The form that commands print with --json."""
        told = {**vars(self), "folder": str(self.folder)}
        return told | {"problems": list(self.problems), "lost": list(self.lost)}


@dataclass(frozen=True, kw_only=True)
class ExplainedMany(ManyPictures):
    """Of explanations: rows have a class, probabilities and a map."""


@dataclass(frozen=True, kw_only=True)
class AttackedMany(ManyPictures):
    """Of attacks: rows say whether the picture was fooled.

    norm, epsilon  the budget
    attacked  pictures of which the model said what is right, or, where that is not known, anything
    fooled    those of them of which it says another class, once changed
    """

    norm: str
    epsilon: float
    attacked: int
    fooled: int

    @property
    def budget_told(self) -> str:
        return budget_told(self.norm, self.epsilon)

    @property
    def robust_told(self) -> str:
        """The part of all answers that is right and withstands, with its interval; where the right
        classes are not known, what the model says counts as right."""
        n = self.pictures - self.refused
        return scored("accuracy", (self.attacked - self.fooled) / n, n) if n else ""


@dataclass(frozen=True)
class ManyQuality:
    """A metric of a method over the pictures: the mean of n values, with its 95% interval by the
    bootstrap over pictures.

    mean      None where it could be measured of no picture;  low, high  None where n is below 3
    undefined pictures with an answer of which it could not be measured;  why  of the first of them
    """

    method: str
    metric: str
    title: str
    family: str
    unit: str
    higher_is_better: bool | None
    n: int
    mean: float | None
    low: float | None
    high: float | None
    undefined: int
    why: str

    @property
    def told(self) -> str:
        """Such as "Deletion: 0.21 [0.19 to 0.23], n = 19; more is better. Undefined in 1: ..." """
        if self.mean is None:
            return f"{self.title}: not measured{f'; {self.why}' if self.why else ''}."
        found = Measurement(self.mean, self.low, self.high, self.n)
        words = measured_told(self.title, found, self.unit, self.higher_is_better)
        return words + (f" Undefined in {self.undefined:,}: {self.why}." if self.undefined else "")


@dataclass(frozen=True, kw_only=True)
class MeasuredMany(ManyPictures):
    """Of the quality of explanations: a picture has a row for each method, with every metric.

    params  of methods and metrics, such as "rise.samples" and "deletion.points"
    seed    of all that is drawn in judging;  measured  by method, then metric
    """

    seed: int
    measured: tuple[ManyQuality, ...]

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "measured": [asdict(one) for one in self.measured]}
