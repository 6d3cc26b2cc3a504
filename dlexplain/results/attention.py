"""What attention maps amount to: one matrix of weights, facts of each head, and agreement."""

import io
import json
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
class PatchWeights:
    """Where each patch of a picture looks, by one head or by several layers taken together.

    weights  (tokens, tokens) float32, a row for each that looks: first the tokens that are no
             patches, then the patches row by row
    front    how many are no patches: the class token, registers
    side     of the grid of patches
    read     (tokens,) bool: those that go on to the classes
    """

    title: str
    weights: NDArray[np.float32]
    front: int
    side: int
    read: NDArray[np.bool_]

    def seen_from(self, patch: int | None = None) -> NDArray[np.float32]:
        """(side, side): what the patch of this number looks at; without one, what the tokens look
        at that go on to the classes, on average."""
        row = _looks(self, patch)[self.front :]
        return row.reshape(self.side, self.side)

    def front_share(self, patch: int | None = None) -> float:
        """The part of that row that goes to tokens that are no patches."""
        row = _looks(self, patch)
        return float(row[: self.front].sum() / max(float(row.sum()), 1e-12))


@dataclass(frozen=True, eq=False)
class PictureAttention:
    """Where each patch of a picture looks, by layer and head.

    weights  (layers, heads, tokens, tokens) float32, rows sum to 1
    picture  (height, width, 3) uint8, what the model sees; path is what the picture is called
    the others as in PatchWeights
    """

    model: str
    path: str
    weights: NDArray[np.float32]
    front: int
    side: int
    read: NDArray[np.bool_]
    picture: NDArray[np.uint8]

    def one_head(self, layer: int, head: int) -> PatchWeights:
        """Counted from 0."""
        title = f"layer {layer + 1}, head {head + 1}"
        return self.joined(title, self.weights[layer, head])

    def joined(self, title: str, weights: NDArray[np.float32]) -> PatchWeights:
        """(tokens, tokens) that several layers amount to."""
        return PatchWeights(title, weights, self.front, self.side, self.read)

    def seen_from(self, patch: int | None = None) -> NDArray[np.float32]:
        """(layers, heads, side, side): what the patch looks at; see PatchWeights.seen_from."""
        rows = _looks(self, patch)[..., self.front :]
        return rows.reshape(*rows.shape[:2], self.side, self.side)

    def to_npz(self) -> bytes:
        """A NumPy archive: `attention` as in weights, `picture`, and `metadata` as JSON text."""
        buffer = io.BytesIO()
        about = {"model": self.model, "path": self.path, "front": self.front, "side": self.side}
        np.savez_compressed(
            buffer,
            attention=self.weights,
            picture=self.picture,
            read=self.read,
            metadata=np.array(json.dumps(about)),
        )
        return buffer.getvalue()

    def plot(self) -> Any:
        """All layers and heads at a glance, from the tokens that go on to the classes."""
        return plot(self)


def _looks(found: PatchWeights | PictureAttention, patch: int | None) -> NDArray[np.float32]:
    """(..., tokens): the row of a patch, or the mean of those that go on to the classes."""
    rows: NDArray[np.float32]
    if patch is None:
        rows = found.weights[..., found.read, :].mean(-2)
    else:
        rows = found.weights[..., found.front + patch, :]
    return rows


@dataclass(frozen=True, eq=False)
class HeadFacts:
    """How each head looks; arrays are (layers, heads).

    entropy   -Σ a log2 a in bits, the mean of all rows: 0 (one token) to log2 of the tokens (all)
    distance  Σ a |i - j| in what is `apart`, the mean of all rows; NaN of an attention that pools
    shares    mean part of attention that goes to the token before, the one after, and so on
    kinds     the word for it, one of KINDS
    """

    entropy: NDArray[np.float32]
    distance: NDArray[np.float32]
    shares: dict[str, NDArray[np.float32]]
    kinds: NDArray[np.str_]
    tokens: int
    apart: str = "tokens"

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
