"""Typos in the words that count."""

from dataclasses import dataclass

import torch

from dlexplain.attacks.base import register
from dlexplain.attacks.texts import (
    TextAttack,
    TextVictim,
    Trial,
    by_importance,
    changed,
    is_stop_word,
)
from dlexplain.corruptions.typos import ANY, TYPOS, typos_of
from dlexplain.params import choice, number

LEAST_LETTERS = 4
KINDS = (ANY, *TYPOS)


@dataclass(frozen=True)
class CharacterSwapsParams:
    most: int = number(3, "Words", low=1, high=100, help="At most so many words get a typo.")
    kind: str = choice(
        ANY, "Typo", KINDS,
        help="Two letters swapped, one left out, one put in, or one of a neighbouring key.",
    )  # fmt: skip
    tries: int = number(
        40, "Typos tried", low=1, high=1000, help="Of each word, drawn from all that there are."
    )


@register
class CharacterSwaps(TextAttack[CharacterSwapsParams]):
    """Typos in the words of greatest importance, one a word.

    Words are ordered by what the right class loses where they are left out. Of each in turn,
    typos inside the word (two letters swapped, one left out, one put in, one replaced by its
    neighbour on the keyboard) are tried, and the one that costs most stays. First and last letter
    stay, and words of fewer than four letters and stop words too, so that people read over it
    (Pruthi et al. 2019). A word that the model no longer knows is to it one it has never seen.
    """

    name = "character-swaps"
    title = "Character swaps"
    paper = "Pruthi et al. 2019, https://arxiv.org/abs/1905.11268"
    Params = CharacterSwapsParams

    def run(
        self, victim: TextVictim, params: CharacterSwapsParams, generator: torch.Generator
    ) -> Trial:
        best, used = victim.begun, 0
        able = [place for place, word in enumerate(victim.words) if may_be_mistyped(word)]
        for place in by_importance(victim, victim.words, able):
            if used == params.most or victim.left <= 0:
                break
            typos = drawn(typos_of(victim.words[place], params.kind), params.tries, generator)
            found = victim.best_of([changed(best.words, place, typo) for typo in typos])
            if found is None or not (found.fooled or found.gain > best.gain):
                continue
            best, used = found, used + 1
            if best.fooled:
                break
        return best


def may_be_mistyped(word: str) -> bool:
    """Long enough, of letters, and no stop word."""
    return len(word) >= LEAST_LETTERS and word.isalpha() and not is_stop_word(word)


def drawn(typos: list[str], most: int, generator: torch.Generator) -> list[str]:
    """`most` of them at random, or all where there are no more."""
    if len(typos) <= most:
        return typos
    return [typos[at] for at in torch.randperm(len(typos), generator=generator)[:most].tolist()]
