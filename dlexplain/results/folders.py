"""Many pictures of one folder: the class of each, how sure it is, and where it comes from."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.params import Value
from dlexplain.results.explanations import ClassName, ClassScore, plot
from dlexplain.results.words import csv_of, scored

Order = str
ORDERS: Mapping[Order, str] = {
    "name": "By name",
    "least": "Least confident first",
    "most": "Most confident first",
    "entropy": "Highest entropy first",
    "disagreement": "Most disagreement first",
    "wrong": "Wrong ones first",
}
"""In which order answers can be looked at; the last two where a rival, or the truth, is known."""


@dataclass(frozen=True)
class PictureAnswer:
    """What was found of one picture.

    place      among the files, from 0, in the order of their names
    name       the file's path inside the folder or ZIP
    size       (width, height) of the picture, in pixels
    top        the most probable class, which the map explains
    entropy    of all classes' probabilities, in bits: -Σ p log2 p
    truth      the class that the file's folder is named after, if it is named after one
    rival      the most probable class of a second model
    disagreement  of the two models: Jensen-Shannon divergence of their probabilities, 0 to 1 bit
    note       a sentence on this picture or its map, or ""
    group, row  where the map lies: see ExplainedFolder.load
    """

    place: int
    name: str
    size: tuple[int, int]
    digest: str
    top: ClassScore
    entropy: float
    truth: ClassName | None = None
    rival: ClassScore | None = None
    disagreement: float | None = None
    note: str = ""
    group: int = 0
    row: int = 0

    @property
    def right(self) -> bool | None:
        """Whether the class is the true one; None where that is not known."""
        return None if self.truth is None else self.truth == self.top.name

    @property
    def verdict(self) -> str:
        """ "right", "wrong", or "" where that is not known."""
        return {True: "right", False: "wrong", None: ""}[self.right]


HALF = 0.5
Loaded = tuple[NDArray[np.float32], NDArray[np.uint8]]
"""Maps (height, width) float32 and what the model saw, (height, width, 3) uint8, of one picture."""


@dataclass(frozen=True, eq=False)
class ExplainedFolder:
    """The answers about a folder or ZIP of pictures.

    source   its name;  model, rival  names of the models, the rival's "" where there is none
    params   of the method, as they were used
    signed   whether negative values of the maps mean something;  unit  what they are measured in
    folder   where answers and maps are kept
    load     gives the map of an answer and what the model saw
    answers  in the order of the files' names
    refused  a sentence on each file that could not be read
    skipped  sentences on files that were not tried
    total    files to read, those that were refused among them
    seconds  that this attempt took;  earlier  pictures that an earlier one had done
    """

    source: str
    model: str
    method: str
    title: str
    params: dict[str, Value]
    signed: bool
    unit: str
    folder: Path = field(repr=False)
    load: Callable[[PictureAnswer], Loaded] = field(repr=False)
    rival: str = ""
    fit: str = "crop"
    answers: tuple[PictureAnswer, ...] = ()
    refused: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    total: int = 0
    seconds: float = 0.0
    earlier: int = 0

    @property
    def known(self) -> tuple[PictureAnswer, ...]:
        """Answers whose truth is known."""
        return tuple(answer for answer in self.answers if answer.truth is not None)

    @property
    def accuracy(self) -> float | None:
        """The part of them that is right; None where no truth is known."""
        return _part(answer.right for answer in self.known)

    @property
    def accuracy_told(self) -> str:
        """ "80.0% [37.6–96.4%], n = 5", or ""."""
        return _told(self.accuracy, len(self.known))

    @property
    def rival_accuracy_told(self) -> str:
        """Likewise of the rival."""
        pairs = [(a.rival, a.truth) for a in self.known if a.rival is not None]
        return _told(_part(rival.name == truth for rival, truth in pairs), len(pairs))

    @property
    def agreement_told(self) -> str:
        """How often the two models say the same class, likewise."""
        pairs = [(a.rival, a.top) for a in self.answers if a.rival is not None]
        return _told(_part(rival.name == top.name for rival, top in pairs), len(pairs))

    @property
    def told(self) -> str:
        """In a sentence: how often it is right, or what it says most often and how surely."""
        if not self.answers:
            return ""
        if self.known:
            right = sum(a.right is True for a in self.known)
            told = (
                f"{self.model} gets {right:,} of {len(self.known):,} pictures right: "
                f"{self.accuracy_told}"
            )
        else:
            labels = Counter(answer.top.name.label for answer in self.answers)
            label, most = labels.most_common(1)[0]
            unsure = sum(answer.top.probability < HALF for answer in self.answers)
            told = (
                f"Of {len(self.answers):,} pictures {self.model} says {label} most often, of "
                f"{most:,}; of {unsure:,} it is less than half sure"
                if most > 1 or len(self.answers) == 1
                else f"{self.model} says a different class for each of {len(self.answers):,} "
                f"pictures; of {unsure:,} it is less than half sure"
            )
        if self.agreement_told:
            return f"{told}; {self.rival} says the same of {self.agreement_told}."
        return f"{told}."

    @property
    def orders(self) -> tuple[Order, ...]:
        """Those of ORDERS that tell something here."""
        without = {"" if self.rival else "disagreement", "" if self.known else "wrong"}
        return tuple(order for order in ORDERS if order not in without)

    def ordered(self, order: Order = "name") -> list[PictureAnswer]:
        """The answers in that order."""
        keys: dict[Order, Callable[[PictureAnswer], Any]] = {
            "least": lambda a: a.top.probability,
            "most": lambda a: -a.top.probability,
            "entropy": lambda a: -a.entropy,
            "disagreement": lambda a: -(a.disagreement or 0.0),
            "wrong": _wrong_first,
        }
        return sorted(self.answers, key=keys.get(order, lambda a: a.place))

    def rows(self, answers: Sequence[PictureAnswer] | None = None) -> list[dict[str, Any]]:
        """A row a picture, as the CSV has them."""
        return [self._row(answer) for answer in (self.answers if answers is None else answers)]

    def _row(self, answer: PictureAnswer) -> dict[str, Any]:
        row: dict[str, Any] = {
            "picture": answer.name,
            "class_index": answer.top.name.index,
            "class": answer.top.name.label,
            "probability": answer.top.probability,
            "entropy_bits": answer.entropy,
        }
        if self.known:
            row |= {"truth": answer.truth.label if answer.truth else "", "verdict": answer.verdict}
        if answer.rival is not None:
            row |= {
                "rival_class_index": answer.rival.name.index,
                "rival_class": answer.rival.name.label,
                "rival_probability": answer.rival.probability,
                "disagreement_bits": answer.disagreement,
            }
        file, place = map_place(answer)
        return row | {
            "width": answer.size[0],
            "height": answer.size[1],
            "digest": answer.digest,
            "map_file": file,
            "map_row": place,
            "note": answer.note,
        }

    def to_csv(self) -> str:
        """A line a picture."""
        return csv_of(self.rows())

    def to_dict(self) -> dict[str, Any]:
        """The form that `explain-folder --json` prints: everything but the maps."""
        return {
            "source": self.source,
            "model": self.model,
            "rival": self.rival,
            "method": self.method,
            "params": self.params,
            "fit": self.fit,
            "unit": self.unit,
            "signed": self.signed,
            "pictures": len(self.answers),
            "files": self.total,
            "accuracy": self.accuracy,
            "of_known_truth": len(self.known),
            "seconds": self.seconds,
            "done_earlier": self.earlier,
            "refused": list(self.refused),
            "skipped": list(self.skipped),
            "answers": self.rows(),
        }

    def plot(self) -> Any:
        """How sure the model is: pictures by the probability of their class."""
        return plot(self)


def _wrong_first(answer: PictureAnswer) -> tuple[int, float]:
    """The surest mistakes, then what is right, the least sure first, then what is not known."""
    order = {False: 0, True: 1, None: 2}[answer.right]
    return order, answer.top.probability * (1 if order else -1)


def map_place(answer: PictureAnswer) -> tuple[str, int]:
    """The file of the map inside the folder, and the row in it."""
    return f"maps/{answer.group:06d}.npy", answer.row


def _part(of: Iterable[bool | None]) -> float | None:
    found = list(of)
    return sum(map(bool, found)) / len(found) if found else None


def _told(share: float | None, n: int) -> str:
    return "" if share is None else scored("accuracy", share, n)
