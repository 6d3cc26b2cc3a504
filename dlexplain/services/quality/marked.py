"""What the lab asks of a model that was trained with a shortcut, whatever it reads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dlexplain.explainers.progress import Progress
from dlexplain.results.shortcuts import ShortcutScore
from dlexplain.services.explaining import MethodInfo

MOST = 1000
"""Test examples that are asked about, spread over all of them."""


@dataclass(frozen=True, eq=False)
class MarkedCase:
    """One test example with the mark, where the mark turned the answer.

    name      which one it is;  before, after  what the model says without and with the mark
    mask      True where the mark is, of the shape of a map's strengths
    sign      of what pushes in the direction of the mark
    explain   (method, progress) -> its explanation; raises DlexplainError
    """

    name: str
    before: str
    after: str
    mask: NDArray[np.bool_]
    explain: Callable[[str, Progress], Any]
    sign: int = 1


class Marked(Protocol):
    """A model and its test examples.

    scores   what it says of them, without and with the mark
    turned   places of the examples whose answer the mark has turned, ascending
    against  how many could have been
    examples what was marked in training, in words
    """

    @property
    def scores(self) -> tuple[ShortcutScore, ...]: ...
    @property
    def turned(self) -> NDArray[np.int64]: ...
    @property
    def against(self) -> int: ...
    @property
    def examples(self) -> str: ...
    def methods(self) -> tuple[MethodInfo, ...]: ...
    def case(self, place: int) -> MarkedCase: ...


def share(key: str, title: str, right: NDArray[np.bool_]) -> ShortcutScore:
    """Of examples, with Wilson's interval."""
    from dlexplain.results.words import wilson

    value = float(right.mean())
    return ShortcutScore(key, title, value, *wilson(value, len(right)), len(right))


def class_scores(
    clean: NDArray[np.int64], marked: NDArray[np.int64], labels: NDArray[np.int64], label: int,
    name: str, what: str,
) -> tuple[ShortcutScore, ...]:  # fmt: skip
    """Of a classifier, by what it said (n,) of examples without and with the mark.

    label  the marked class;  name  its name;  what  the examples are called
    """
    others = labels != label
    return (
        share("clean", "Right, without the mark", clean == labels),
        share("marked", "Right, the mark on all", marked == labels),
        share(
            "called-clean", f"{what} of other classes called {name}, without the mark",
            clean[others] == label,
        ),
        share(
            "called", f"{what} of other classes called {name}, with the mark",
            marked[others] == label,
        ),
    )  # fmt: skip


def turned_of(
    clean: NDArray[np.int64], marked: NDArray[np.int64], labels: NDArray[np.int64], label: int
) -> NDArray[np.int64]:
    """Places of examples of other classes that only the mark makes the model call the marked."""
    return np.flatnonzero((labels != label) & (clean != label) & (marked == label))
