"""TextFooler's scheme, with the model's own word vectors."""

from dataclasses import dataclass

import torch

from dlexplain.attacks.base import register
from dlexplain.attacks.texts import (
    TextAttack,
    TextVictim,
    Trial,
    WordVectors,
    by_importance,
    changed,
    is_stop_word,
)
from dlexplain.params import number


@dataclass(frozen=True)
class EmbeddingSubstitutionParams:
    similarity: float = number(
        0.5, "Least similarity", low=-1.0, high=1.0, step=0.05,
        help="Cosine of the two words' vectors in the model's input embedding; 1 is the same "
        "direction.",
    )  # fmt: skip
    candidates: int = number(
        50, "Candidates", low=1, high=1000, help="Of each word, the most similar ones."
    )
    most: int = number(10, "Words", low=1, high=100, help="At most so many are replaced.")


@register
class EmbeddingSubstitution(TextAttack[EmbeddingSubstitutionParams]):
    """TextFooler's scheme: the words that count, replaced by near ones.

    Words are ordered by what the right class loses where they are left out. Each in turn is
    replaced by its neighbours in the model's own input embedding, of at least a cosine similarity:
    of those that turn the class the most similar is taken and the search ends, else the one that
    costs the right class most stays. Stop words and punctuation are left alone, and so are words
    that the model has not in one piece, which have no vector. As many words as before come out.

    Jin et al. take neighbours in vectors that were made for synonyms, and check parts of speech
    and the meaning of the sentence; the model's own vectors know what words it treats alike,
    which may be opposites. Read what came out before it is called the same in meaning.
    """

    name = "embedding-substitution"
    title = "Embedding substitution"
    paper = "Jin et al. 2020, https://arxiv.org/abs/1907.11932"
    Params = EmbeddingSubstitutionParams
    vectors = True

    def run(
        self, victim: TextVictim, params: EmbeddingSubstitutionParams, generator: torch.Generator
    ) -> Trial:
        vectors = victim.vectors
        assert vectors is not None  # by check
        best, used = victim.begun, 0
        able = [at for at, word in enumerate(victim.words) if may_be_replaced(word, vectors)]
        for place in by_importance(victim, victim.words, able):
            if used == params.most or victim.left <= 0:
                break
            near = vectors.neighbours(victim.words[place], params.candidates, params.similarity)
            tried = victim.ask([changed(best.words, place, word) for word, _ in near])
            found = nearest_of([trial for trial in tried if trial is not None])
            if found is None or not (found.fooled or found.gain > best.gain):
                continue
            best, used = found, used + 1
            if best.fooled:
                break
        return best


def may_be_replaced(word: str, vectors: WordVectors) -> bool:
    """Letters only, no stop word, and known to the model in one piece."""
    return word.isalpha() and not is_stop_word(word) and vectors.row_of(word) is not None


def nearest_of(tried: list[Trial]) -> Trial | None:
    """The first that fools the model, since the most similar come first; else the one that gains
    most."""
    for trial in tried:
        if trial.fooled:
            return trial
    return max(tried, key=lambda trial: trial.gain, default=None)
