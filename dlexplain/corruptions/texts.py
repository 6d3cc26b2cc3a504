"""Common noise of texts, as people who type in a hurry make it, and the register of it.

One class each, as corruptions of pictures: facts as class attributes, a docstring, and `changed`.
Five severities are five shares of the places that could be hit. The shares are our own choice: no
benchmark of this kind is as settled as ImageNet-C.
"""

import inspect
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from dlexplain.corruptions.base import SEVERITIES
from dlexplain.corruptions.typos import typos_of
from dlexplain.errors import ParamError, TextError
from dlexplain.registry import Registry

LEAST_LETTERS = 3
"""A shorter word has no letter inside, and gets no typo."""


class TextCorruption(ABC):
    """Base of all.

    shares  by severity, of the places that could be hit
    paper   where it is known from
    """

    name: ClassVar[str]
    title: ClassVar[str]
    shares: ClassVar[tuple[float, float, float, float, float]]
    paper: ClassVar[str]

    @classmethod
    def description(cls) -> str:
        """The docstring, which is what the user reads."""
        return inspect.getdoc(cls) or ""

    def apply(self, text: str, severity: int, seed: int = 0) -> str:
        """A noisy copy. The same text, severity and seed give the same; what is hit at a severity
        is hit at a higher one too. Raises TextError or ParamError."""
        check(text, severity, seed)
        return self.changed(text, self.shares[severity - 1], np.random.default_rng(seed))

    @abstractmethod
    def changed(self, text: str, share: float, draw: np.random.Generator) -> str:
        """With about `share` of what could be hit changed."""


TEXT_CORRUPTIONS: Registry[TextCorruption] = Registry("corruption of texts")


def register(corruption: type[TextCorruption]) -> type[TextCorruption]:
    """Class decorator: makes the corruption known under its `name`."""
    TEXT_CORRUPTIONS.add(corruption.name, corruption())
    return corruption


def corrupt_text(text: str, name: str, severity: int, seed: int = 0) -> str:
    """`text`, corrupted: see `TextCorruption.apply`; raises UnknownName too."""
    return TEXT_CORRUPTIONS[name].apply(text, severity, seed)


@register
class Typos(TextCorruption):
    """One typo inside a word: two letters swapped, one left out, one put in, or one of a
    neighbouring key.

    Formula: each word of three letters or more is hit where u < c, u ~ U(0, 1), by one of its
    typos, all alike likely; c the share of words.
    """

    name = "typos"
    title = "Typos"
    shares = (0.05, 0.1, 0.2, 0.4, 0.8)
    paper = "Belinkov, Bisk 2018, https://arxiv.org/abs/1711.02173"

    def changed(self, text: str, share: float, draw: np.random.Generator) -> str:
        found = []
        for word, is_word in parts_of(text):
            if not is_word:
                found.append(word)
                continue
            hit, which = draw.random(2)  # two for every word, so that severities are nested
            typos = typos_of(word) if len(word) >= LEAST_LETTERS else []
            found.append(typos[int(which * len(typos))] if typos and hit < share else word)
        return "".join(found)


@register
class LetterCase(TextCorruption):
    """Capitals where none belong, and none where they do.

    Formula: each letter changes its case where u < c, u ~ U(0, 1); c the share of letters. A letter
    whose other case is not one letter (ß) stays. A model that reads small letters alone sees none
    of it.
    """

    name = "letter-case"
    title = "Letter case"
    shares = (0.02, 0.05, 0.1, 0.25, 0.5)
    paper = "Wang et al. 2021 (TextFlint), https://arxiv.org/abs/2103.11441"

    def changed(self, text: str, share: float, draw: np.random.Generator) -> str:
        hits = draw.random(len(text)) < share
        return "".join(
            _other_case(sign) if hit else sign for sign, hit in zip(text, hits, strict=True)
        )


@register
class DroppedPunctuation(TextCorruption):
    """Punctuation left out.

    Formula: each sign that is no letter, digit or blank is dropped where u < c, u ~ U(0, 1); c the
    share of these signs. A text of nothing else stays as it is.
    """

    name = "dropped-punctuation"
    title = "Dropped punctuation"
    shares = (0.2, 0.4, 0.6, 0.8, 1.0)
    paper = "Wang et al. 2021 (TextFlint), https://arxiv.org/abs/2103.11441"

    def changed(self, text: str, share: float, draw: np.random.Generator) -> str:
        hits = draw.random(len(text)) < share
        kept = [
            sign
            for sign, hit in zip(text, hits, strict=True)
            if not hit or sign.isalnum() or sign.isspace()
        ]
        found = "".join(kept)
        return found if found.strip() else text


def parts_of(text: str) -> list[tuple[str, bool]]:
    """Runs of letters, and what is between them; whether each is one of letters."""
    found: list[tuple[str, bool]] = []
    for sign in text:
        if found and found[-1][1] == sign.isalpha():
            found[-1] = (found[-1][0] + sign, found[-1][1])
        else:
            found.append((sign, sign.isalpha()))
    return found


def _other_case(sign: str) -> str:
    other = sign.swapcase()
    return other if len(other) == 1 else sign


def check(text: str, severity: int, seed: int) -> None:
    """Raise TextError or ParamError where they cannot be used."""
    if not isinstance(text, str) or not text.strip():
        what = "empty" if isinstance(text, str) else f"a {type(text).__name__}"
        raise TextError(f"the text is {what}; at least one word is accepted")
    for name, value, known in (("severity", severity, SEVERITIES), ("seed", seed, None)):
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or (value not in known if known else value < 0):
            accepted = "from 1 to 5" if known else "from 0"
            raise ParamError(f"{name} is {value!r}; a whole number {accepted} is accepted")
