"""What is said of texts and why: predictions, attributions, changed words, tables."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dlexplain.params import Value
from dlexplain.results.explanations import ClassName, ClassScore, class_question, plot, way_told

Activation = Literal["softmax", "sigmoid", "identity"]
"""From outputs to what is said: the probabilities of classes of which one is right; of labels that
are right or wrong each by itself; or the values of a regression."""
SAID = 0.5
"""Probability from which a label that stands by itself is said."""
OF_OUTPUTS = "units of the output"
"""What a regression's attributions are measured in."""


@dataclass(frozen=True)
class TextPrediction:
    """Every output for one text, the most probable, or largest, first.

    scores   of a regression OutputValue
    unknown  share of the tokens that the model's vocabulary lacks
    left     tokens that were left out, since the model reads no more
    """

    text: str
    model: str
    scores: tuple[ClassScore, ...]
    tokens: int
    unknown: float = 0.0
    left: int = 0
    activation: Activation = "softmax"

    @property
    def said(self) -> tuple[ClassScore, ...]:
        """What the model says: the most probable class, or every label that reaches SAID; of a
        regression all outputs."""
        if self.activation == "softmax":
            return self.scores[:1]
        if self.activation == "identity":
            return self.scores
        return tuple(score for score in self.scores if score.probability >= SAID)

    @property
    def headline(self) -> str:
        """That, in words: "positive, 93.1%"; "rude 95.3%, loud 95.2%"; "price 3.142"."""
        if self.activation == "softmax" or (len(self.scores) == 1 and self.activation == "sigmoid"):
            best = self.scores[0]
            return f"{best.name.label}, {best.text}"
        if not self.said:
            return f"none of the {len(self.scores)} labels reaches {SAID:.0%}"
        return ", ".join(f"{score.name.label} {score.text}" for score in self.said)

    def to_dict(self) -> dict[str, Any]:
        """The form that `classify --text --json` prints."""
        return {
            "text": self.text,
            "model": self.model,
            "activation": self.activation,
            "predictions": [score.to_dict() for score in self.scores],
            "tokens": self.tokens,
            "unknown": self.unknown,
            "left": self.left,
        }


@dataclass(frozen=True, eq=False)
class TextAttribution:
    """How much each token counted for the score of a class.

    tokens   what each stands for; offsets (tokens, 2), its letters in `text`
    words    (tokens,) number of the word that each is part of, -1 for marks such as [CLS]
    values   (tokens,) float32; positive speaks for the target; marks have 0 where they are kept
    baseline_score  what the model gives the baseline, where the method has one: from there the
             values lead to its score of the text
    score    that, where it is known; the values may miss it
    place    of a token classifier, which of the tokens has the label that is explained; else -1
    The other fields are as in Attribution.
    """

    method: str
    title: str
    params: dict[str, Value]
    values: NDArray[np.float32]
    signed: bool
    seconds: float
    evaluations: int
    completeness_error: float | None = None
    baseline_score: float | None = None
    score: float | None = None
    note: str = ""
    unit: str = ""
    text: str = ""
    tokens: tuple[str, ...] = ()
    offsets: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 2), np.int64))
    words: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    place: int = -1
    model: str = ""
    target: ClassName = field(default=ClassName(0, "", ""))
    contrast: ClassName | None = None
    model_fingerprint: str = ""

    @property
    def class_question(self) -> str:
        """The class in words: "positive", or "positive rather than negative"; of a token's label
        'B-PER at "Anna"'."""
        asked = class_question(self.target, self.contrast)
        return asked if self.place < 0 else f'{asked} at "{self.asked_word}"'

    @property
    def asked_word(self) -> str:
        """The word that has the token at `place`, or "" where there is none."""
        if self.place < 0:
            return ""
        own = self.offsets[self.words == self.words[self.place]]
        return self.text[own[:, 0].min() : own[:, 1].max()]

    @property
    def explains(self) -> str:
        """The score that the values are of: "logit", which is not the probability, or "output" of
        a regression, or the difference of two; "" where it is none, as of attention."""
        kind = "logit" if self.unit.startswith("logits") else ""
        kind = "output" if self.unit.startswith(OF_OUTPUTS) else kind
        return f"difference of {kind}s" if kind and self.contrast else kind

    @property
    def way(self) -> str:
        """From the score of the baseline to that of the text, in words; "" without a baseline."""
        total = float(self.values.sum(dtype=np.float64))
        unit = OF_OUTPUTS if self.unit.startswith(OF_OUTPUTS) else "logits"
        return way_told(self.baseline_score, self.score, total, "without its words", unit)

    def of_words(self) -> "TextAttribution":
        """The same with the pieces of each word joined; their values are added up."""
        groups: list[list[int]] = []
        for index, word in enumerate(self.words):
            if word >= 0 and groups and self.words[groups[-1][0]] == word:
                groups[-1].append(index)
            else:
                groups.append([index])
        ends = [(self.offsets[g[0], 0], self.offsets[g[-1], 1]) for g in groups]
        names = [
            self.text[start:stop] if self.words[g[0]] >= 0 else self.tokens[g[0]]
            for g, (start, stop) in zip(groups, ends, strict=True)
        ]
        place = next((i for i, group in enumerate(groups) if self.place in group), -1)
        return replace(
            self,
            place=place,
            tokens=tuple(names),
            offsets=np.array(ends, np.int64).reshape(-1, 2),
            words=np.array([self.words[g[0]] for g in groups], np.int64),
            values=np.array([self.values[g].sum() for g in groups], np.float32),
        )

    def to_dict(self) -> dict[str, Any]:
        """The form that `explain --text --json` prints."""
        return {
            "text": self.text,
            "model": self.model,
            "method": self.method,
            "params": self.params,
            "target": self.target.to_dict(),
            "contrast": self.contrast.to_dict() if self.contrast else None,
            "explains": self.explains,
            "tokens": list(self.tokens),
            "offsets": self.offsets.tolist(),
            "words": self.words.tolist(),
            **({"place": self.place, "word": self.asked_word} if self.place >= 0 else {}),
            "values": [float(value) for value in self.values],
            "seconds": self.seconds,
            "evaluations": self.evaluations,
            "completeness_error": self.completeness_error,
            "baseline_score": self.baseline_score,
            "unit": self.unit,
            "note": self.note,
            "model_fingerprint": self.model_fingerprint,
        }

    def plot(self) -> Any:
        """A bar for each token."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class AttentionMaps:
    """Where each token looks, by layer and head.

    weights  (layers, heads, queries, tokens) float32, rows sum to 1; an attention that pools has
             one query, which stands for the whole text
    tokens   what the keys stand for, marks of the network's own included
    words    (tokens,) number of the word that each is part of, -1 for marks
    """

    model: str
    text: str
    tokens: tuple[str, ...]
    words: NDArray[np.int64]
    weights: NDArray[np.float32]
    left: int = 0

    @property
    def pooled(self) -> bool:
        return bool(self.weights.shape[2] == 1 < self.weights.shape[3])

    @property
    def queries(self) -> tuple[str, ...]:
        return ("the whole text",) if self.pooled else self.tokens

    def to_npz(self) -> bytes:
        """A NumPy archive: `attention` as in weights, `tokens`, and `metadata` as JSON text."""
        buffer = io.BytesIO()
        about = {"model": self.model, "text": self.text, "left": self.left}
        np.savez_compressed(
            buffer,
            attention=self.weights,
            tokens=np.array(self.tokens, np.str_),
            metadata=np.array(json.dumps(about)),
        )
        return buffer.getvalue()

    def plot(self) -> Any:
        """All layers and heads at a glance."""
        return plot(self)


@dataclass(frozen=True)
class WordChange:
    """One word of a text, and what stands in its place; "" where it was taken away."""

    place: int
    old: str
    new: str = ""


@dataclass(frozen=True)
class Turning:
    """A search for the fewest words whose change turns the class.

    changes      the words; () where none was found within the budget
    smallest     whether every smaller set was tried, so that there is none
    tried        texts sent through the model
    """

    before: TextPrediction
    after: TextPrediction | None
    changes: tuple[WordChange, ...]
    smallest: bool
    tried: int
    seconds: float

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        if self.after is None:
            return (
                f"Nothing that turns the class was found in {self.tried:,} trials. A larger "
                "budget may find it."
            )
        words = [f'"{c.old}" → "{c.new}"' if c.new else f'"{c.old}"' for c in self.changes]
        what = "Replacing" if self.changes[0].new else "Without"
        sure = " No smaller set does it." if self.smallest else " A smaller set may exist."
        return f"{what} {', '.join(words)}, {self._outcome(self.after)}." + (
            sure if len(words) > 1 else ""
        )

    def _outcome(self, after: TextPrediction) -> str:
        best = after.scores[0]
        if after.activation == "softmax":
            return f"the class is {best.name.label} ({best.text})"
        old = self.before.scores[0]
        now = next(score for score in after.scores if score.name == old.name)
        moved = "falls" if now.probability < old.probability else "rises"
        return f"{old.name.label} {moved} from {old.text} to {now.text}"

    def to_dict(self) -> dict[str, Any]:
        return {
            "before": self.before.to_dict(),
            "after": self.after.to_dict() if self.after else None,
            "changes": [vars(change) for change in self.changes],
            "smallest": self.smallest,
            "tried": self.tried,
            "seconds": self.seconds,
        }


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
