"""An attack on the class of one text: words changed one by one, within a number of queries."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import torch
from torch import Tensor

from dlexplain.attacks import attacks_for
from dlexplain.attacks.texts import TextAttack, TextVictim, Trial, Words, WordVectors
from dlexplain.data.text_reading import Reading
from dlexplain.errors import BadInput, Incompatible, TextError
from dlexplain.explainers.batching import Evaluator, Target
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value, as_dict
from dlexplain.results import ClassName, TextPrediction
from dlexplain.results.text_attacks import ChangedWord, Span, TextAttackResult
from dlexplain.results.text_explanations import SAID
from dlexplain.services.attack.seeds import check_seed
from dlexplain.services.explaining import batch_sizes
from dlexplain.services.texts.changes import word_spans
from dlexplain.services.texts.explain import activated, classify_reading
from dlexplain.services.texts.models import TextModel

USUAL, MOST = 500, 100_000
"""Queries: usual, and at most."""
LEAST_LETTERS = 2
TABLE_ROWS = 4096
"""Of the vocabulary, whose vectors are made at once."""


def known_text_attacks() -> Mapping[str, TextAttack[Any]]:
    """By name: what can be asked of `attack_text`."""
    return attacks_for(TextModel.modality)


@random_state_kept()
def attack_text(
    model: TextModel,
    text: str,
    method: str = "embedding-substitution",
    queries: int = USUAL,
    label: int | str | None = None,
    target: int | str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    **params: Value,
) -> TextAttackResult:
    """Change words of a text, so that the model says another class of it.

    method   character-swaps, word-deletion or embedding-substitution
    queries  changed texts that may be sent through the model
    label    the class that is right, index or name; by default what the model says
    target   the class that is to be reached; by default any other
    seed     of what is drawn
    params   of the attack

    A text of which the model says another class than `label` as it is, is given back as it is.
    Raises UnknownName, ParamError, TargetError, TextError, Incompatible for a regression or where
    word vectors are needed that cannot be reached, BadInput for less than one query, a target that
    is the label, a text of one word of which a word is to be left out, or a model that says NaN; or
    Cancelled.
    """
    if not isinstance(model, TextModel):
        raise Incompatible(f"{type(model).__name__} is no text classifier")
    if model.activation == "identity":
        raise Incompatible(f"{model.name} is a regression, which says no class that could turn")
    chosen = known_text_attacks()[method]
    if not isinstance(queries, int) or isinstance(queries, bool) or not 1 <= queries <= MOST:
        raise BadInput(f"queries is {queries!r}; a whole number from 1 to {MOST:,} is accepted")
    check_seed(seed)
    asked = chosen.params(params)
    reading, progress = model.read(text), progress or Progress()
    before = classify_reading(model, reading)
    right, goal = _classes(model, before, label, target)
    already = label is not None and not _is_said(before, right)
    text_words = TextWords(model, reading, progress)
    victim = TextVictim(
        text_words,
        text_words.words,
        _shares(before, len(model.classes)),
        right.index,
        None if goal is None else goal.index,
        queries,
        model.activation == "sigmoid",
        *(word_vectors(model) if chosen.vectors and not already else (None, "")),
    )
    found = victim.begun
    if not already:
        chosen.check(victim)
        progress.plan(queries)
        found = chosen.run(victim, asked, torch.Generator().manual_seed(seed))
    moved, _ = text_words.written(found.words)
    after = before if moved == text else classify_reading(model, model.read(moved))
    return TextAttackResult(
        model=model.name,
        attack=chosen.name,
        title=chosen.title,
        params=as_dict(asked),
        label=right,
        target=goal,
        already=already,
        success=not already and _turned(before, after, right, goal),
        text=text,
        moved=moved,
        changes=text_words.changes(found, victim.vectors),
        words=len(text_words.words),
        before=before.scores,
        after=after.scores,
        budget=queries,
        queries=victim.queries,
        seconds=progress.seconds,
        seed=seed,
        model_fingerprint=model.prepared.fingerprint,
    )


def _classes(
    model: TextModel, before: TextPrediction, label: int | str | None, target: int | str | None
) -> tuple[ClassName, ClassName | None]:
    """The class that is right, and the one to be reached; raises as `attack_text` does."""
    if not all(0 <= score.probability <= 1 for score in before.scores):
        raise BadInput(f"{model.name} says NaN or infinity of this text; nothing can be attacked")
    if model.activation == "softmax" and len(model.classes) < 2:
        raise Incompatible(f"{model.name} has one class; an attack needs two")
    right = before.scores[0].name if label is None else model.find_class(label)
    goal = None if target is None else model.find_class(target)
    if goal == right:
        raise BadInput(
            f'the target is "{right.label}", which is the class that is right; another one is '
            "accepted"
        )
    if goal is not None and model.activation == "sigmoid" and _is_said(before, goal):
        raise BadInput(f'the target is "{goal.label}", which the model says already')
    return right, goal


def _is_said(before: TextPrediction, name: ClassName) -> bool:
    if before.activation == "softmax":
        return before.scores[0].name == name
    return _probability(before, name) >= SAID


def _probability(said: TextPrediction, name: ClassName) -> float:
    return next(score.probability for score in said.scores if score.name == name)


def _turned(
    before: TextPrediction, after: TextPrediction, right: ClassName, goal: ClassName | None
) -> bool:
    """Whether what is said of the changed text, read by itself, is what was wanted."""
    if goal is not None:
        return _is_said(after, goal)
    return _is_said(after, right) != _is_said(before, right)


def _shares(said: TextPrediction, count: int) -> Tensor:
    """(classes,) in the order of the outputs."""
    found = torch.zeros(count)
    for score in said.scores:
        found[score.name.index] = score.probability
    return found


class TextWords:
    """A text as its words, and what its model says of others in their places."""

    def __init__(self, model: TextModel, reading: Reading, progress: Progress) -> None:
        self.model, self.text, self.progress = model, reading.text, progress
        self.spans = [_without_blanks(reading.text, span) for span in word_spans(reading)]
        self.words: Words = tuple(self.text[start:stop] for start, stop in self.spans)

    def readable(self, words: Words) -> bool:
        return self._read(words) is not None

    def shares(self, texts: Sequence[Words]) -> Tensor:
        """(texts, classes), through the one evaluator."""
        readings = [reading for words in texts if (reading := self._read(words)) is not None]
        ids = self.model.batch(readings)
        view = self.model.prepared.by_ids(ids)
        evaluator = Evaluator(view, Target(0), self.progress, batch_sizes())
        say = partial(activated, self.model)
        parts = evaluator.scores(lambda start, stop: ids[start:stop], len(ids), say)
        return torch.cat([part.float().cpu() for _, part in parts])

    def _read(self, words: Words) -> Reading | None:
        try:
            return self.model.read(self.written(words)[0])
        except TextError:
            return None

    def written(self, words: Words) -> tuple[str, list[Span]]:
        """The text with other words, and where each stands; a blank goes with a word that was left
        out, and all else between the words stays."""
        out, at, spans = "", 0, list[Span]()
        for (start, stop), word in zip(self.spans, words, strict=True):
            gap = self.text[at:start]
            if not word or not out:
                gap = gap.strip() if not word else gap if at == 0 else gap.lstrip()
            out += gap
            spans.append((len(out), len(out) + len(word)))
            out, at = out + word, stop
        return out + self.text[at:], spans

    def changes(self, found: Trial, vectors: WordVectors | None) -> tuple[ChangedWord, ...]:
        """Word by word."""
        _, spans = self.written(found.words)
        rows = zip(self.words, found.words, self.spans, spans, strict=True)
        return tuple(
            ChangedWord(place, old, new, *span, at, _cosine(vectors, old, new))
            for place, (old, new, span, at) in enumerate(rows)
            if old != new
        )


def _without_blanks(text: str, span: Span) -> Span:
    """Some tokenisers count the blank before a word as of it."""
    start, stop = span
    word = text[start:stop]
    return start + len(word) - len(word.lstrip()), stop - len(word) + len(word.rstrip())


def _cosine(vectors: WordVectors | None, old: str, new: str) -> float | None:
    if vectors is None:
        return None
    first, second = vectors.row_of(old), vectors.row_of(new)
    if first is None or second is None:
        return None
    return float(vectors.table[first] @ vectors.table[second])


@lru_cache(maxsize=2)
def word_vectors(model: TextModel) -> tuple[WordVectors | None, str]:
    """Of the whole words of letters in its vocabulary, or None and the reason in a sentence."""
    if model.reader.letters:
        return None, f"{model.name} reads single letters, of which no word has a vector"
    tokeniser = model.reader.tokeniser
    ids = sorted(tokeniser.get_vocab().values())
    words = [tokeniser.decode([token]).strip() for token in ids]
    fit = [(t, w) for t, w in zip(ids, words, strict=True) if w.isalpha() and len(w) > 1]
    # A piece inside a word, or a mark that is written as a word, is not what the word is read as.
    read = tokeniser.encode_batch([f" {word}" for _, word in fit], add_special_tokens=False)
    kept = {w: t for (t, w), found in zip(fit, read, strict=True) if found.ids == [t]}
    if not kept:
        return None, f"{model.name} has no word in one piece, so that no word has a vector"
    try:
        table = torch.cat([
            model.prepared.embed(part[None])[0].float().cpu()
            for part in torch.tensor(list(kept.values())).split(TABLE_ROWS)  # type: ignore[no-untyped-call]
        ])  # fmt: skip
    except NotImplementedError:  # what transformers raises for a model that has none
        return None, f"{model.name} has no input embedding that can be reached"
    lengths = table.norm(dim=1, keepdim=True)
    return WordVectors(tuple(kept), table / lengths.clamp_min(1e-12)), ""
