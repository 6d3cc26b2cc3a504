"""Varying training texts: words left out, and words that change places.

Wei and Zou, "EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification
Tasks", 2019, https://arxiv.org/abs/1901.11196: random deletion and random swap. A word is what
stands between blanks.
"""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dlexplain.data.augmentations import TextAugmentation

Mark = Literal["", "moved", "dropped"]
WORDS = re.compile(r"(\s*)(\S+)")


@dataclass(frozen=True)
class Word:
    """gap  the blanks before it;  mark  what has become of it"""

    gap: str
    text: str
    mark: Mark = ""


def vary(text: str, how: TextAugmentation, generator: np.random.Generator) -> tuple[Word, ...]:
    """The text's words after swaps, and which are then left out.

    Of n words, round(word_swaps n) times two different places change words; then each word is left
    out with probability word_dropout, and one that is drawn stays where none would.
    """
    found = [Word(gap, word) for gap, word in WORDS.findall(text)]
    count = len(found)
    places = np.arange(count)
    if count > 1:
        for _ in range(round(how.word_swaps * count)):
            first, second = generator.choice(count, 2, replace=False)
            places[[first, second]] = places[[second, first]]
    kept = generator.random(count) >= how.word_dropout
    if count and not kept.any():
        kept[generator.integers(count)] = True
    return tuple(
        Word(found[at].gap, found[place].text, _mark(bool(stays), at != place))
        for at, (place, stays) in enumerate(zip(places.tolist(), kept, strict=True))
    )


def joined(words: tuple[Word, ...]) -> str:
    """What is left of the text."""
    kept = [word for word in words if word.mark != "dropped"]
    return "".join(word.gap + word.text for word in kept).lstrip() if kept else ""


def varies(how: TextAugmentation) -> bool:
    """Whether anything is changed at all."""
    return bool(how.word_dropout or how.word_swaps)


def _mark(stays: bool, moved: bool) -> Mark:
    if not stays:
        return "dropped"
    return "moved" if moved else ""
