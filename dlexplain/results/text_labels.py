"""What a token classifier says of a text: a label for each word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.results.explanations import ClassName, ClassScore, plot

OUTSIDE = "O"
"""The label of what is outside of everything that is looked for, in the IOB formats; Ramshaw and
Marcus 1995, https://arxiv.org/abs/cmp-lg/9505040."""
PLACES = ("B-", "I-", "E-", "S-", "L-", "U-")
"""Of a word in what is labelled: its beginning, inside, end or all of it."""


def kind_of(label: str) -> str:
    """What is labelled, without the word's place in it: "PER" of "B-PER"."""
    return label[2:] if label[:2] in PLACES and label[2:] else label


@dataclass(frozen=True, eq=False)
class LabelledText:
    """The words of a text as the model reads it, each with its label.

    words          as they stand in the text; offsets (words, 2), their letters
    places         (words,) the token that a word's label is read from, its first, marks included
    classes        the labels in the order of the model's outputs
    probabilities  (words, classes) float32 of each word's first token, rows sum to 1
    tokens, unknown, left  as in TextPrediction
    """

    text: str
    model: str
    words: tuple[str, ...]
    offsets: NDArray[np.int64]
    places: NDArray[np.int64]
    classes: tuple[ClassName, ...]
    probabilities: NDArray[np.float32]
    tokens: int
    unknown: float = 0.0
    left: int = 0

    @property
    def said(self) -> tuple[ClassScore, ...]:
        """The most probable label of each word."""
        best = self.probabilities.argmax(1).tolist()
        rows = self.probabilities.tolist()
        return tuple(
            ClassScore(self.classes[index], row[index])
            for row, index in zip(rows, best, strict=True)
        )

    @property
    def first_found(self) -> int:
        """The first word that is labelled as something, not as outside; 0 where none is."""
        said = enumerate(self.said)
        return next((word for word, score in said if score.name.label != OUTSIDE), 0)

    def to_dict(self) -> dict[str, Any]:
        """The form that `classify --text --json` prints of a token classifier."""
        rows: Sequence[tuple[str, list[int], ClassScore]] = list(
            zip(self.words, self.offsets.tolist(), self.said, strict=True)
        )
        return {
            "text": self.text,
            "model": self.model,
            "words": [
                {"word": word, "start": start, "stop": stop, **score.to_dict()}
                for word, (start, stop), score in rows
            ],
            "tokens": self.tokens,
            "unknown": self.unknown,
            "left": self.left,
        }

    def plot(self) -> Any:
        """A bar for each word, as high as its label is probable, in the label's colour."""
        return plot(self)
