"""Typos in the words that count."""

import string
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
from dlexplain.params import choice, number

ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
LEAST_LETTERS = 4
KINDS = ("any", "swap", "delete", "insert", "key")


@dataclass(frozen=True)
class CharacterSwapsParams:
    most: int = number(3, "Words", low=1, high=100, help="At most so many words get a typo.")
    kind: str = choice(
        "any", "Typo", KINDS,
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


def typos_of(word: str, kind: str = "any") -> list[str]:
    """Every word that one typo inside it makes, each once, in a fixed order.

    kind  of KINDS; a neighbouring key is known of the letters a to z only
    """
    made: dict[str, list[str]] = {"swap": [], "delete": [], "insert": [], "key": []}
    for at in range(1, len(word) - 1):
        before, letter, after = word[:at], word[at], word[at + 1 :]
        if at < len(word) - 2:
            made["swap"].append(before + word[at + 1] + letter + word[at + 2 :])
        made["delete"].append(before + after)
        made["insert"] += [before + more + word[at:] for more in string.ascii_lowercase]
        made["key"] += [before + _cased(letter, key) + after for key in keys_beside(letter)]
    chosen = made.values() if kind == "any" else (made[kind],)
    every = dict.fromkeys(typo for typos in chosen for typo in typos)
    every.pop(word, None)  # two equal letters swapped
    return list(every)


def keys_beside(letter: str) -> str:
    """The letters around one on an English keyboard, in alphabetical order; "" of other signs."""
    small = letter.lower()
    for place, row in enumerate(ROWS):
        if small and small in row:
            at = row.index(small)
            beside = row[max(0, at - 1) : at] + row[at + 1 : at + 2]
            # A row stands half a key to the right of the one above it.
            above = ROWS[place - 1][at : at + 2] if place else ""
            below = ROWS[place + 1][max(0, at - 1) : at + 1] if place + 1 < len(ROWS) else ""
            return "".join(sorted(beside + above + below))
    return ""


def _cased(like: str, letter: str) -> str:
    return letter.upper() if like.isupper() else letter


def drawn(typos: list[str], most: int, generator: torch.Generator) -> list[str]:
    """`most` of them at random, or all where there are no more."""
    if len(typos) <= most:
        return typos
    return [typos[at] for at in torch.randperm(len(typos), generator=generator)[:most].tolist()]
