"""What a language model's test found."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.results.drawing import plot


@dataclass(frozen=True, eq=False)
class LanguageTest:
    """How well a language model foretold its test text, and what it writes itself.

    often         (classes,) tokens that occur so often in the text at least, and less often than
                  the next class
    counts        (classes,) how many tokens of the text are in each
    perplexities  (classes,) over these tokens
    text          the first tokens of the test text
    surprise      (tokens,) of each of these, -log of its probability, in nats
    samples       texts that the model wrote; temperature, at which they were drawn
    """

    often: NDArray[np.int64]
    counts: NDArray[np.int64]
    perplexities: NDArray[np.float64]
    text: tuple[str, ...]
    surprise: NDArray[np.float32]
    samples: tuple[str, ...]
    temperature: float

    def plot(self) -> Any:
        """Perplexity by how often a token occurs."""
        return plot(self)
