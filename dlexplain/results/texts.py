"""What a text classifier did on its test part."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.results.drawing import plot


@dataclass(frozen=True, eq=False)
class TextTest:
    """The confusion, and the surest mistakes first.

    confusion  (classes, classes) counts, rows the truth, columns what was said
    texts, truth, said, share   of each mistake: the text, its class, the class said, its
                                probability
    """

    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    texts: tuple[str, ...]
    truth: NDArray[np.int64]
    said: NDArray[np.int64]
    share: NDArray[np.float32]

    def plot(self) -> Any:
        """The confusion matrix."""
        return plot(self)
