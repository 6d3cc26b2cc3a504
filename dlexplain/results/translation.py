"""One text translated: candidates, where the network looked, and what moved each token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.params import Value
from dlexplain.results.explanations import plot
from dlexplain.results.test_results import Alignment

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Candidate:
    """One translation that the search found.

    tokens                   what each token written stands for; the end is the last where it ended
    ids                      of the target vocabulary
    words                    (tokens,) number of the word that each is part of, -1 for the end
    log_probability          log p(tokens | source), in nats
    score                    the same over ((5 + tokens) / 6)^length_penalty, what ranks them
    token_log_probabilities  (tokens,) of each after those before it; they add up to the above
    """

    text: str
    tokens: tuple[str, ...]
    ids: tuple[int, ...]
    words: Ints
    log_probability: float
    score: float
    token_log_probabilities: Floats
    ended: bool

    def to_dict(self) -> dict[str, Any]:
        """The form that `translate --json` prints."""
        return {
            "text": self.text,
            "log_probability": self.log_probability,
            "score": self.score,
            "ended": self.ended,
            "tokens": list(self.tokens),
            "token_log_probabilities": self.token_log_probabilities.tolist(),
        }


@dataclass(frozen=True, eq=False)
class Translation:
    """A text's candidates, the best first.

    tokens   of the source as read, its end the last; words as in Candidate
    unknown  share of the source's tokens that the vocabulary lacks, or has only as single bytes
    left     tokens that were left out at the end, since the model reads no more
    prefix   what a user's own model reads before the text, or ""; its tokens are marks
    """

    model: str
    languages: tuple[str, str]
    text: str
    tokens: tuple[str, ...]
    ids: tuple[int, ...]
    words: Ints
    candidates: tuple[Candidate, ...]
    beam: int
    length_penalty: float
    unknown: float
    left: int
    seconds: float
    model_fingerprint: str = ""
    prefix: str = ""

    @property
    def best(self) -> Candidate:
        return self.candidates[0]

    def to_dict(self) -> dict[str, Any]:
        """The form that `translate --json` prints."""
        return {
            "model": self.model,
            "languages": list(self.languages),
            "text": self.text,
            "translation": self.best.text,
            "tokens": list(self.tokens),
            "candidates": [candidate.to_dict() for candidate in self.candidates],
            "beam": self.beam,
            "length_penalty": self.length_penalty,
            "unknown": self.unknown,
            "left": self.left,
            "seconds": self.seconds,
            "model_fingerprint": self.model_fingerprint,
            "prefix": self.prefix,
        }

    def plot(self) -> Any:
        """The candidates' scores."""
        return plot(self)


def word_groups(words: Ints) -> list[list[int]]:
    """Places of each word's tokens, in order; a mark, -1, stands alone."""
    groups: list[list[int]] = []
    for index, word in enumerate(words):
        if word >= 0 and groups and words[groups[-1][0]] == word:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def joined(pieces: Sequence[str], words: Ints) -> tuple[str, ...]:
    """What the words of these tokens are called."""
    names = ["".join(pieces[place] for place in group) for group in word_groups(words)]
    return tuple(name.strip() or name for name in names)


@dataclass(frozen=True, eq=False)
class CrossAttention:
    """Where each token written looked in the source, by layer and head.

    weights      (layers, heads, T, S), rows sum to 1
    usual        the layer whose mean over the heads is what the model calls its alignment
    rows, columns, row_words, column_words  tokens and the words that they are part of
    """

    weights: Floats
    usual: int
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    row_words: Ints
    column_words: Ints

    @property
    def layers(self) -> int:
        return int(self.weights.shape[0])

    @property
    def heads(self) -> int:
        return int(self.weights.shape[1])

    def alignment(self, layer: int | None = None, head: int | None = None) -> Alignment:
        """One head's matrix; the mean over the layers, or heads, where that is None."""
        some = self.weights if layer is None else self.weights[layer : layer + 1]
        some = some if head is None else some[:, head : head + 1]
        return Alignment(some.mean(axis=(0, 1)), self.rows, self.columns)

    def of_words(self) -> "CrossAttention":
        """The same with subwords joined: a source word has the sum of its tokens, a written one
        their mean, so rows still sum to 1."""
        across, down = word_groups(self.column_words), word_groups(self.row_words)
        weights = np.stack([self.weights[..., group].sum(-1) for group in across], axis=-1)
        weights = np.stack([weights[..., group, :].mean(-2) for group in down], axis=-2)
        return replace(
            self,
            weights=weights.astype(np.float32),
            rows=joined(self.rows, self.row_words),
            columns=joined(self.columns, self.column_words),
            row_words=self.row_words[[group[0] for group in down]],
            column_words=self.column_words[[group[0] for group in across]],
        )

    def plot(self) -> Any:
        """Every layer and head at a glance."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class SourceInfluence:
    """Which source tokens moved log p(one target token | what was written before it, source).

    target, place       the target token and its place among those written
    tokens, words       of the source; values (S,) what each added, in `unit`
    completeness_error  |sum - (score - baseline's score)|, relative to that; None where the
                        method promises no such thing
    """

    model: str
    method: str
    title: str
    target: str
    place: int
    tokens: tuple[str, ...]
    words: Ints
    values: Floats
    log_probability: float
    completeness_error: float | None
    evaluations: int
    seconds: float
    params: Mapping[str, Value] = field(default_factory=dict)
    note: str = ""
    unit: str = "nats"
    signed: bool = True

    def of_words(self) -> "SourceInfluence":
        """The same with the pieces of each word joined; their values are added up."""
        groups = word_groups(self.words)
        return replace(
            self,
            tokens=joined(self.tokens, self.words),
            words=self.words[[group[0] for group in groups]],
            values=np.array([self.values[group].sum() for group in groups], np.float32),
        )

    def to_dict(self) -> dict[str, Any]:
        """The form that JSON files have."""
        kept = {key: value for key, value in vars(self).items() if key != "words"}
        return {**kept, "tokens": list(self.tokens), "values": self.values.tolist()}

    def plot(self) -> Any:
        """A bar a source token."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class EveryInfluence:
    """The same of every token written, by the two methods that are cheap for all at once.

    gradient, removal  (T, S), in nats: input x gradient, and leave-one-out
    words              (S,) number of the source's word, -1 for its end
    log_probabilities  (T,) of the tokens written
    evaluations        texts that went through the network: of the gradients, of the removals
    """

    gradient: Floats
    removal: Floats
    words: Ints
    log_probabilities: Floats
    evaluations: tuple[int, int]
    seconds: tuple[float, float]
