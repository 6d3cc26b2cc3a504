"""What attention maps say: how each head looks, several heads as one, marks hidden. NumPy only."""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dlexplain.results import AttentionMaps, HeadFacts, TokenWeights

KINDS = {
    "previous": "at the token before",
    "next": "at the token after",
    "itself": "at itself",
    "first": "at the text's first token",
    "marks": "at special tokens and punctuation",
    "broad": "broadly",
    "mixed": "in several ways",
}
"""How a head looks, in words."""
MOSTLY, BROADLY = 0.4, 0.85
"""Part of attention that gives a head its name; part of the largest entropy that is broad."""
Head = tuple[int, int]
"""Layer and head, from 0."""


def counted(maps: AttentionMaps) -> tuple[int, int]:
    """How many tokens of the text, and how many marks such as [CLS]."""
    marks = int((maps.words < 0).sum())
    return len(maps.tokens) - marks, marks


def without_marks(maps: AttentionMaps) -> AttentionMaps:
    """Marks such as [CLS] left out as queries and keys; what is left of a row sums to 1 again."""
    stays = maps.words >= 0
    return replace(
        maps,
        tokens=_those(maps.tokens, stays),
        words=maps.words[stays],
        weights=_left(maps.weights, stays, maps.pooled),
    )


def weights_without_marks(found: TokenWeights, words: NDArray[np.int64]) -> TokenWeights:
    """The same of one matrix; words as in AttentionMaps."""
    stays = words >= 0
    return replace(
        found,
        weights=_left(found.weights, stays, found.pooled),
        queries=found.queries if found.pooled else _those(found.queries, stays),
        tokens=_those(found.tokens, stays),
    )


def _left(
    weights: NDArray[np.float32], stays: NDArray[np.bool_], pooled: bool
) -> NDArray[np.float32]:
    """(..., queries, tokens); a row that looked only at marks looks everywhere alike."""
    kept = weights[..., stays] if pooled else weights[..., stays, :][..., stays]
    sums = kept.sum(-1, keepdims=True)
    found: NDArray[np.float32] = np.where(
        sums > 0, kept / np.where(sums > 0, sums, 1), np.float32(1 / stays.sum())
    )
    return found


def _those(tokens: tuple[str, ...], stays: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(token for token, there in zip(tokens, stays, strict=True) if there)


def head_facts(maps: AttentionMaps) -> HeadFacts:
    """Entropy, distance and kind of every head."""
    layers, heads, queries, tokens = maps.weights.shape
    flat = maps.weights.reshape(layers * heads, queries * tokens)
    entropy = -(flat * np.log2(np.where(flat > 0, flat, 1))).sum(1) / queries
    separators = _separators(maps)
    if maps.pooled:
        shares = {"marks": flat @ separators.astype(np.float32)}
        chance, distance = {"marks": float(separators.mean())}, np.full(len(flat), np.nan)
    else:
        where = _templates(maps, separators)
        found = flat @ np.stack([t.ravel() for t in where.values()], axis=1) / queries
        shares = dict(zip(where, found.T, strict=True))
        chance = {kind: float(t.mean()) for kind, t in where.items()}
        distance = shares.pop("distance")
    kinds = _kinds(shares, chance, entropy / np.log2(tokens) if tokens > 1 else entropy)
    shape = (layers, heads)
    return HeadFacts(
        entropy.reshape(shape).astype(np.float32),
        distance.reshape(shape).astype(np.float32),
        {kind: share.reshape(shape) for kind, share in shares.items()},
        kinds.reshape(shape),
        tokens,
    )


def _templates(
    maps: AttentionMaps, separators: NDArray[np.bool_]
) -> dict[str, NDArray[np.float32]]:
    """By kind (queries, tokens): 1 where a head of this kind looks; and the distances."""
    tokens = len(maps.tokens)
    places = np.arange(tokens)
    apart = places[None] - places[:, None]  # key less query
    first = int(np.argmax(maps.words >= 0))
    found = {
        "previous": apart == -1,
        "next": apart == 1,
        "itself": apart == 0,
        "first": np.broadcast_to(places == first, apart.shape),
        "marks": np.broadcast_to(separators, apart.shape),
        "distance": np.abs(apart),
    }
    return {kind: template.astype(np.float32) for kind, template in found.items()}


def _separators(maps: AttentionMaps) -> NDArray[np.bool_]:
    """(tokens,) marks of the model, and punctuation."""
    dots = [all(unicodedata.category(c)[0] == "P" for c in t.strip()) for t in maps.tokens]
    return np.asarray((maps.words < 0) | np.array(dots))


def _kinds(
    shares: dict[str, NDArray[np.float32]], chance: dict[str, float], spread: NDArray[np.float32]
) -> NDArray[np.str_]:
    """The largest share names the head, where it is most of attention and not the text's doing."""
    names = np.array(list(shares))
    table = np.stack(list(shares.values()))  # (kinds, all heads)
    least = np.array([max(MOSTLY, 2 * chance[kind]) for kind in shares])
    table = np.where(table >= least[:, None], table, 0)
    otherwise = np.where(spread >= BROADLY, "broad", "mixed")
    return np.where(table.max(0) > 0, names[table.argmax(0)], otherwise)


def one_head(maps: AttentionMaps, head: Head) -> TokenWeights:
    """One head's matrix."""
    layer, place = head
    return TokenWeights(head_name(head), maps.weights[layer, place], maps.queries, maps.tokens)


def overlaid(maps: AttentionMaps, heads: Sequence[Head], largest: bool = False) -> TokenWeights:
    """Several heads as one: their mean, or the largest weight of any."""
    chosen = np.stack([maps.weights[layer, place] for layer, place in heads])
    weights = chosen.max(0) if largest else chosen.mean(0)
    names = ", ".join(f"{layer + 1}.{place + 1}" for layer, place in heads)
    title = f"{'largest' if largest else 'mean'} of heads {names}"
    return TokenWeights(title, weights, maps.queries, maps.tokens)


def head_name(head: Head) -> str:
    """Layer 2, head 5: counted from 1."""
    return f"layer {head[0] + 1}, head {head[1] + 1}"
