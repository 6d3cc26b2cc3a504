"""Words left out."""

from dataclasses import dataclass

import torch

from dlexplain.attacks.base import register
from dlexplain.attacks.texts import TextAttack, TextVictim, Trial, changed
from dlexplain.params import number


@dataclass(frozen=True)
class WordDeletionParams:
    most: int = number(3, "Words", low=1, high=100, help="At most so many words are left out.")


@register
class WordDeletion(TextAttack[WordDeletionParams]):
    """Words left out, one after the other, each time the one that costs the right class most.

    At each step every word that is left is tried, so that n words and k steps take at most
    n + (n - 1) + … + (n - k + 1) queries. One word at least stays. It is the greedy form of the
    search for the least words whose erasure turns the decision (Li et al. 2016). What is left may
    well mean something else to people too: a text without its "not" is no error of the model.
    """

    name = "word-deletion"
    title = "Word deletion"
    paper = "Li et al. 2016, https://arxiv.org/abs/1612.08220"
    Params = WordDeletionParams
    least = 2

    def run(
        self, victim: TextVictim, params: WordDeletionParams, generator: torch.Generator
    ) -> Trial:
        best = victim.begun
        for _ in range(params.most):
            there = [place for place, word in enumerate(best.words) if is_word(word)]
            if len(there) < 2 or victim.left <= 0:
                break
            found = victim.best_of([changed(best.words, place, "") for place in there])
            if found is None or not (found.fooled or found.gain > best.gain):
                break
            best = found
            if best.fooled:
                break
        return best


def is_word(word: str) -> bool:
    """Whether it has a letter or digit, and is no punctuation alone."""
    return any(sign.isalnum() for sign in word)
