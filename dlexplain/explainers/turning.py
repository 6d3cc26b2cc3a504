"""The fewest words whose removal or replacement turns the class.

Removal: sets of one word are all tried, then of two, then those that grow out of the best (beam
search), as minimal sufficient reductions in Feng et al., "Pathologies of Neural Models Make
Interpretations Difficult", 2018, https://arxiv.org/abs/1804.07781. Replacement: candidates for a
word are those whose vectors lie farthest down the gradient (HotFlip; Ebrahimi et al. 2018,
https://arxiv.org/abs/1712.06751); each is then tried in truth.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from dlexplain.explainers.batching import Target
from dlexplain.explainers.inputs.text import TextInput, numbers_of_words

BEAM = 8
"""Sets that grow on at each size."""
CANDIDATES = 12
"""Replacements tried of each word."""
LONGEST_TABLE = 4096
"""Rows of the vocabulary whose vectors are made at once."""
Set = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Turned:
    """What the search ended with.

    words     the numbers of the words, from 0; () where nothing was found
    ids       (1, time) of the text with them changed, or None
    smallest  whether every smaller set was tried
    new       the ids that stand for the words where they were replaced
    """

    words: Set
    ids: Tensor | None
    smallest: bool
    new: tuple[int, ...] = ()


def turn_by_removal(given: TextInput, way: str, budget: int) -> Turned:
    """way  "blank" or "drop";  budget  texts to try at most"""
    numbers = numbers_of_words(given.words)
    count = int(numbers.max()) + 1

    def texts(sets: Sequence[Set]) -> Tensor:
        on = torch.ones(len(sets), count, dtype=torch.bool)
        for row, words in zip(on, sets, strict=True):
            row[list(words)] = False
        return given.without(on, numbers, way)

    return _search(given, count, texts, budget)


def _search(
    given: TextInput, count: int, texts: Callable[[Sequence[Set]], Tensor], budget: int
) -> Turned:
    given.progress.plan(budget)
    left, whole = budget, True
    best: list[Set] = [()]
    for size in range(1, count + 1):
        every = list(combinations(range(count), size)) if _few(count, size, left) else None
        tried = every if every is not None else _grown(best, count)
        tried = tried[:left]
        if not tried:
            break
        margins = _margins(given, texts(tried))
        left -= len(tried)
        order = margins.argsort().tolist()
        if margins[order[0]] < 0:
            words = tried[order[0]]
            return Turned(words, texts([words]), whole)
        whole = whole and every is not None and len(tried) == len(every)
        best = [tried[place] for place in order[:BEAM]]
    return Turned((), None, False)


def _few(count: int, size: int, left: int) -> bool:
    """Whether all sets of this size fit into half of what is left."""
    total = 1
    for index in range(size):
        total = total * (count - index) // (index + 1)
    return size == 1 or total <= left // 2


def _grown(best: Sequence[Set], count: int) -> list[Set]:
    """Each of the best sets with one word more, none twice."""
    grown = {tuple(sorted({*words, w})) for words in best for w in range(count) if w not in words}
    return sorted(grown)


def _margins(given: TextInput, ids: Tensor) -> Tensor:
    """(count,) the class's logit less the largest other one's; below 0 the class has turned.

    Of a label that stands by itself: its logit, or the negative of it where the text lacks it.
    """
    sign, of_class = _sign(given), Target(given.target.index).margin

    def margin(logits: Tensor) -> Tensor:
        return sign * logits[:, given.target.index] if given.independent else of_class(logits)

    evaluator = given.from_ids()
    parts = evaluator.scores(lambda a, b: ids[a:b], len(ids), margin)
    return torch.cat([part.float().cpu() for _, part in parts])


def _sign(given: TextInput) -> int:
    """-1 where the label stands by itself and the text is said not to have it."""
    if not given.independent:
        return 1
    return 1 if float(given.model.logits(given.ids)[0, given.target.index]) >= 0 else -1


def turn_by_replacement(given: TextInput, allowed: Tensor, budget: int, most: int = 3) -> Turned:
    """Replace up to `most` words of one token each; the best sets grow on with fresh candidates.

    allowed  (ids,) the tokens that may stand for a word
    """
    numbers = numbers_of_words(given.words)
    own = numbers[numbers >= 0]
    single = torch.bincount(own) == 1
    places = [int((numbers == word).nonzero()) for word in single.nonzero()[:, 0].tolist()]
    given.progress.plan(budget)
    left, whole = budget, True
    beam: list[tuple[tuple[int, ...], Tensor]] = [((), given.ids)]
    vectors = _table(given, allowed)
    for _size in range(1, most + 1):
        texts, owners = _replaced(given, beam, places, allowed, vectors)
        texts, owners = texts[:left], owners[:left]
        if not len(texts):
            break
        margins = _margins(given, texts)
        left -= len(texts)
        order = margins.argsort().tolist()
        if margins[order[0]] < 0:
            changed = owners[order[0]]
            ids = texts[order[0]][None]
            words = tuple(int(numbers[place]) for place in changed)
            new = tuple(int(ids[0, place]) for place in changed)
            return Turned(words, ids, whole and _size == 1, new)
        beam = [(owners[place], texts[place][None]) for place in order[: BEAM // 4]]
        whole = False
    return Turned((), None, False)


def _table(given: TextInput, allowed: Tensor) -> Tensor:
    """(allowed, width) their vectors."""
    parts = allowed.split(LONGEST_TABLE)  # type: ignore[no-untyped-call]
    return torch.cat([given.model.embed(part[None])[0] for part in parts])


def _replaced(
    given: TextInput,
    beam: Sequence[tuple[tuple[int, ...], Tensor]],
    places: Sequence[int],
    allowed: Tensor,
    table: Tensor,
) -> tuple[Tensor, list[tuple[int, ...]]]:
    """(count, time) texts, each with one word of one of the beam's replaced, and which words."""
    texts, owners = [], []
    sign = _sign(given)
    for changed, ids in beam:
        vectors = given.model.embed(ids)
        evaluator, _ = given.differentiable()
        gradients, _ = evaluator.all_gradients(vectors)
        for place in places:
            if place in changed:
                continue
            # First order: what the score gains where the word's vector becomes another's.
            gain = (table - vectors[0, place]) @ gradients[0, place]
            for candidate in allowed[
                (sign * gain).cpu().topk(min(CANDIDATES, len(allowed)), largest=False).indices
            ]:
                text = ids[0].clone()
                text[place] = candidate
                texts.append(text)
                owners.append(tuple(sorted((*changed, place))))
    return (torch.stack(texts) if texts else given.ids[:0]), owners
