"""What a translator's test found."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.results.drawing import plot


@dataclass(frozen=True, eq=False)
class Alignment:
    """Where the network looked while it wrote a sentence.

    weights        (rows, columns), each row sums to 1: a token written, over those read
    rows, columns  what the tokens stand for
    """

    weights: NDArray[np.float32]
    rows: tuple[str, ...]
    columns: tuple[str, ...]

    def plot(self) -> Any:
        """A heat map, the source across."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class TranslationTest:
    """Sentences of the test part, in the order of the data.

    source, reference, said  aligned
    alignments               of the first of them
    languages                names of source and target
    """

    source: tuple[str, ...]
    reference: tuple[str, ...]
    said: tuple[str, ...]
    alignments: tuple[Alignment, ...]
    languages: tuple[str, str]

    def plot(self) -> Any:
        """The first sentence's alignment."""
        return plot(self.alignments[0])
