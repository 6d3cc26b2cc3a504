"""One text as a classifier reads it: ids, what each token stands for, and where it is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from dlexplain.data.tokenisers import encoded
from dlexplain.errors import TextError

MOST_LETTERS = 1_000_000
LEAST_SPELT = 3
"""A shorter word may well be single letters."""
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai and Lao, Burmese, Khmer
    "\u3000-\u30ff\u31f0-\u31ff\uff00-\uffef"  # kana, and the signs of all wide letters
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"  # Chinese
)
"""A letter of a script that puts no blanks between words."""


@dataclass(frozen=True, eq=False)
class Reading:
    """A text's tokens.

    ids      (tokens,) int64
    tokens   what each stands for: its part of the text, or the name of a special one
    offsets  (tokens, 2) first letter and the one behind the last, in `text`; equal for specials
    words    (tokens,) the number of the word that each is part of, -1 for specials
    unknown  share of the tokens, specials apart, that the vocabulary lacks, or that are single
             letters of a word of which it knows nothing more
    left     tokens that were left out, since the model reads no more
    """

    text: str
    ids: NDArray[np.int64]
    tokens: tuple[str, ...]
    offsets: NDArray[np.int64]
    words: NDArray[np.int64]
    unknown: float
    left: int = 0

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def special(self) -> NDArray[np.bool_]:
        """(tokens,) True for marks that are not of the text."""
        return self.words < 0


@dataclass(frozen=True, eq=False)
class TextReader:
    """A tokeniser and what its model needs.

    longest  tokens that the model reads at most, marks included
    unknown  id of what the vocabulary lacks, or -1
    letters  whether a token is a letter; words are then what stands between blanks

    Where a script puts no blanks between words, each token counts as a word: a tokeniser that
    splits at blanks would take a whole Chinese sentence for one.
    """

    tokeniser: Tokenizer
    longest: int
    unknown: int
    letters: bool = False

    def read(self, text: str) -> Reading:
        """Raises TextError where there is nothing to read, or far too much."""
        check_text(text)
        reading = self._reading(text, encoded(self.tokeniser, text))
        if bool(reading.special.all()):
            raise TextError(f'"{text[:40]}" has no token that the model reads; give it words')
        return self._cut(reading)

    def _reading(self, text: str, found: Encoding) -> Reading:
        special = np.array(found.special_tokens_mask, bool)
        offsets = np.array(found.offsets, np.int64).reshape(-1, 2)
        offsets[special] = 0
        words = np.array([-1 if w is None else w for w in found.word_ids], np.int64)
        if self.letters:
            words = _between_blanks(text)[np.minimum(offsets[:, 0], len(text) - 1)]
        words[special] = -1
        words = _unspaced_apart(text, offsets, words)
        ids = np.array(found.ids, np.int64)
        named = [
            name if mark else text[start:stop] or name
            for name, mark, (start, stop) in zip(found.tokens, special, offsets, strict=True)
        ]
        lacks = (ids == self.unknown) | self._spelt(offsets, words)
        unknown = float(lacks[~special].mean()) if not special.all() else 0.0
        return Reading(text, ids, tuple(named), offsets, words, unknown)

    def _spelt(self, offsets: NDArray[np.int64], words: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(tokens,) True in words of LEAST_SPELT letters or more, each of which is a token."""
        if self.letters:
            return np.zeros(len(words), bool)
        own = words >= 0
        letters = offsets[:, 1] - offsets[:, 0]
        several = np.bincount(words[own], letters[own] > 1, minlength=words.max(initial=-1) + 1)
        count = np.bincount(words[own], minlength=len(several))
        spelt = (several == 0) & (count >= LEAST_SPELT)
        found: NDArray[np.bool_] = own & np.r_[spelt, False][words]
        return found

    def _cut(self, reading: Reading) -> Reading:
        """At most `longest` tokens; marks at the end stay."""
        over = len(reading) - self.longest
        if over <= 0:
            return reading
        ending = len(reading) - int(np.flatnonzero(~reading.special)[-1]) - 1
        places = np.r_[0 : self.longest - ending, len(reading) - ending : len(reading)]
        return replace(taken(reading, places), left=over)


def taken(reading: Reading, places: Sequence[int] | NDArray[np.int64]) -> Reading:
    """The tokens at these places only, of the same text."""
    return replace(
        reading,
        ids=reading.ids[places],
        tokens=tuple(reading.tokens[place] for place in places),
        offsets=reading.offsets[places],
        words=reading.words[places],
    )


def check_text(text: str) -> None:
    """Raises TextError where there is nothing to read, or far too much."""
    if not text.strip():
        what = "empty" if not text else "only blanks"
        raise TextError(f"the text is {what}; type or paste at least one word")
    if len(text) > MOST_LETTERS:
        raise TextError(
            f"the text has {len(text):,} characters; at most {MOST_LETTERS:,} are accepted"
        )


def _between_blanks(text: str) -> NDArray[np.int64]:
    """(letters,) the number of the word that each letter is part of; a blank's is its next's."""
    blanks = np.array([letter.isspace() for letter in text])
    begins = blanks & ~np.r_[False, blanks[:-1]]
    return np.cumsum(begins) - (1 if begins[0] else 0)


def _unspaced_apart(
    text: str, offsets: NDArray[np.int64], words: NDArray[np.int64]
) -> NDArray[np.int64]:
    """(tokens,) the words, with a new one where a token ends beside a letter of UNSPACED.

    Bytes of one letter, which have the same place, stay together.
    """
    if not UNSPACED.search(text):
        return words
    begins = np.zeros(len(words), np.int64)
    for i in range(1, len(words)):
        start, before = offsets[i, 0], offsets[i - 1, 1]
        same = words[i] == words[i - 1] >= 0 and before <= start < len(text)
        begins[i] = same and bool(
            UNSPACED.match(text, start) or UNSPACED.match(text, max(before - 1, 0))
        )
    return np.where(words >= 0, words + np.cumsum(begins), words)
