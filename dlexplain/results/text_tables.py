"""A table of texts, classified and explained."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field

from dlexplain.results.text_explanations import Activation, TextPrediction

OURS = ("row", "text", "class", "probability", "words")
"""Columns of a table's CSV beside those of the file that it is from."""


@dataclass(frozen=True)
class ClassWords:
    """The words that weigh most for one class over a set of texts.

    texts   in which the class was said
    values  the mean attribution of each word where it occurs, for this class
    counts  texts in which it occurs
    """

    label: str
    texts: int
    words: tuple[str, ...]
    values: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class TextTable:
    """Every text of a table with its class and its weightiest words.

    rows     the rows of the table that the predictions are of, from 1
    top      of each text its weightiest words with their values
    skipped  why rows were left out, a sentence each
    unit     of the values
    beside   the other columns of the table that the texts are from, by name, of the same rows
    """

    method: str
    rows: tuple[int, ...]
    predictions: tuple[TextPrediction, ...]
    top: tuple[tuple[tuple[str, float], ...], ...]
    summaries: tuple[ClassWords, ...]
    skipped: tuple[str, ...]
    unit: str
    seconds: float
    beside: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @property
    def activation(self) -> Activation:
        """How the model's outputs became what it says."""
        return self.predictions[0].activation

    def to_csv(self) -> bytes:
        """row, text, the table's other columns, class, probability, words: UTF-8 with a mark, as
        spreadsheets want it. A regression has a value instead of a probability. A column that is
        called as one of ours has "(given)" behind its name.
        """
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        value = "value" if self.activation == "identity" else "probability"
        ours = [value if name == "probability" else name for name in OURS]
        given = [f"{name} (given)" if name in ours else name for name in self.beside]
        first, last = ours[:2], ours[2:]
        writer.writerow([*first, *map(_harmless, given), *last])
        others = list(zip(*self.beside.values(), strict=True)) or [()] * len(self.rows)
        for row, said, words, other in zip(
            self.rows, self.predictions, self.top, others, strict=True
        ):
            best = said.scores[0]
            weighty = "; ".join(f"{word} {value:+.3g}" for word, value in words)
            text = _harmless(said.text)
            share = f"{best.size:.4f}"
            kept = map(_harmless, other)
            writer.writerow([row, text, *kept, best.name.label, share, _harmless(weighty)])
        return buffer.getvalue().encode("utf-8-sig")


def _harmless(text: str) -> str:
    """Spreadsheets run what begins like a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t") else text
