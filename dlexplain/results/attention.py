"""What attention maps amount to: one matrix of weights, facts of each head, and agreement."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.results.explanations import plot


@dataclass(frozen=True, eq=False)
class TokenWeights:
    """Where each token looks, by one head or by several taken together.

    weights  (queries, tokens) float32, rows sum to 1 unless several heads' largest were taken
    """

    title: str
    weights: NDArray[np.float32]
    queries: tuple[str, ...]
    tokens: tuple[str, ...]

    @property
    def pooled(self) -> bool:
        """Whether one query stands for the whole text."""
        return len(self.queries) == 1 < len(self.tokens)

    def plot(self) -> Any:
        """A heat map, queries down."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class HeadFacts:
    """How each head looks; arrays are (layers, heads).

    entropy   -Σ a log2 a in bits, the mean of all rows: 0 (one token) to log2 of the tokens (all)
    distance  Σ a |i - j| in tokens, the mean of all rows; NaN of an attention that pools
    shares    mean part of attention that goes to the token before, the one after, and so on
    kinds     the word for it, one of KINDS
    """

    entropy: NDArray[np.float32]
    distance: NDArray[np.float32]
    shares: dict[str, NDArray[np.float32]]
    kinds: NDArray[np.str_]
    tokens: int

    def to_dict(self) -> dict[str, Any]:
        """The form that `attention --json` prints."""
        return {
            "entropy": self.entropy.tolist(),
            "distance": _or_none(self.distance),
            "shares": {kind: share.tolist() for kind, share in self.shares.items()},
            "kinds": self.kinds.tolist(),
        }

    def plot(self) -> Any:
        """Entropy, layers down and heads across."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class Agreement:
    """Whether attention ranks the tokens of one text as methods do that ask the model's score.

    values   (rows, methods) Spearman's rank correlation of the tokens' attention, or, in the last
             row, of the first method's, with the size of their attribution; NaN where all are equal
    tokens   how many were compared, marks left out
    """

    rows: tuple[str, ...]
    methods: tuple[str, ...]
    values: NDArray[np.float64]
    tokens: int

    @property
    def chance(self) -> float:
        """What 95 of 100 random orders stay below: 1.96 / sqrt(tokens - 1)."""
        return 1.96 / math.sqrt(self.tokens - 1) if self.tokens > 1 else math.inf

    def to_dict(self) -> dict[str, Any]:
        """The form that `attention --json` prints."""
        return {
            "rows": list(self.rows),
            "methods": list(self.methods),
            "spearman": _or_none(self.values),
            "tokens": self.tokens,
            "chance": self.chance if self.tokens > 1 else None,
        }


def _or_none(table: NDArray[Any]) -> list[list[float | None]]:
    """JSON knows no NaN."""
    return [[None if math.isnan(x) else x for x in row] for row in table.tolist()]
