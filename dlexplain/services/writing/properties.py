"""Properties of a text that a unit of a recurrent network may follow, after each token.

Each is what could be known once the token has been read, without a look at what follows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
OPEN, CLOSED = "([{", ")]}"
QUOTES = {'"': '"', "“": "”", "«": "»", "„": "“"}


@dataclass(frozen=True)
class Property:
    """of  pieces of a text -> (tokens,); lacking, said of a text that does not have it."""

    title: str
    of: Callable[[Sequence[str]], Floats]
    lacking: str


def line_position(tokens: Sequence[str]) -> Floats:
    """Characters since the last line break."""
    found, place = [], 0
    for token in tokens:
        _, broken, rest = token.rpartition("\n")
        place = len(rest) + (0 if broken else place)
        found.append(place)
    return np.array(found, np.float32)


def in_quotes(tokens: Sequence[str]) -> Floats:
    """1 between quotation marks, 0 outside; apostrophes are none."""
    found: list[int] = []
    ending = ""
    for token in tokens:
        for character in token:
            if ending:
                ending = "" if character == ending else ending
            else:
                ending = QUOTES.get(character, "")
        found.append(int(bool(ending)))
    return np.array(found, np.float32)


def in_brackets(tokens: Sequence[str]) -> Floats:
    """How many brackets are open."""
    found, depth = [], 0
    for token in tokens:
        for character in token:
            depth += character in OPEN
            depth = max(0, depth - (character in CLOSED))
        found.append(depth)
    return np.array(found, np.float32)


def word_length(tokens: Sequence[str]) -> Floats:
    """Letters and digits of the word so far."""
    found, length = [], 0
    for token in tokens:
        for character in token:
            length = length + 1 if character.isalnum() else 0
        found.append(length)
    return np.array(found, np.float32)


PROPERTIES = {
    "line": Property(
        "position in the line", line_position, "the place in the line is the same all along"
    ),
    "quotes": Property(
        "inside quotes", in_quotes, 'the text has nothing between quotation marks such as "this"'
    ),
    "brackets": Property("inside brackets", in_brackets, "the text has no brackets such as (this)"),
    "word": Property(
        "length of the word", word_length, "the words are of the same length all along"
    ),
}
