"""A network of several heads: what its test found of each, and how the heads' maps differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dlexplain.results.explanations import Attribution, plot
from dlexplain.results.test_results import Arrays, ClassificationTest, Facts, TextTest
from dlexplain.results.words import wilson


@dataclass(frozen=True)
class HeadScore:
    """How a head did: the part `accuracy` of the n test examples whose label is known, and its
    Wilson interval of 95%. `chance` is the part of the commonest class."""

    head: str
    n: int
    accuracy: float
    low: float
    high: float
    chance: float

    @property
    def told(self) -> str:
        """ "97.0% [95.8–97.9%]" """
        return f"{self.accuracy:.1%} [{100 * self.low:.1f}–{self.high:.1%}]"


@dataclass(frozen=True, eq=False)
class MultiTaskTest:
    """By head, in the order of the outputs, what a classifier's test finds."""

    heads: Mapping[str, ClassificationTest | TextTest]

    @classmethod
    def from_arrays(cls, facts: Facts, kept: Arrays) -> Self:
        found: dict[str, ClassificationTest | TextTest] = {}
        for place, (head, classes) in enumerate(facts["heads"].items()):
            mark = f"head{place}_"
            own = {key.removeprefix(mark): kept[key] for key in kept if key.startswith(mark)}
            kind = TextTest if "mistakes_texts" in own else ClassificationTest
            found[str(head)] = kind.from_arrays({"classes": classes}, own)
        return cls(found)

    @property
    def scores(self) -> tuple[HeadScore, ...]:
        """Of each head."""
        return tuple(_score(head, found.confusion) for head, found in self.heads.items())

    def plot(self) -> Any:
        """The accuracy of each head with its interval, beside that of always saying one class."""
        return plot(self)


def _score(head: str, confusion: NDArray[np.int64]) -> HeadScore:
    n, right = int(confusion.sum()), int(confusion.trace())
    low, high = wilson(right / n, n)
    return HeadScore(head, n, right / n, low, high, float(confusion.sum(1).max() / n))


@dataclass(frozen=True, eq=False)
class HeadMaps:
    """Why each head of one network says what it says of one picture.

    maps      by head, of the class that it takes for the most probable, by one method
    spearman  (heads, heads) rank correlation of each two maps, -1 to 1; NaN where one is constant
    """

    maps: Mapping[str, Attribution]
    spearman: NDArray[np.float64]

    @property
    def heads(self) -> tuple[str, ...]:
        return tuple(self.maps)

    def plot(self) -> Any:
        """The correlations."""
        return plot(self)

    def to_dict(self) -> dict[str, Any]:
        """The form that `explain --heads --json` prints: without the maps' values."""
        return {
            "heads": {head: found.to_dict() for head, found in self.maps.items()},
            "spearman": [[None if v != v else float(v) for v in row] for row in self.spearman],
        }
