"""Typos: what one slip of the fingers makes of a word."""

import string

ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
ANY = "any"
TYPOS = ("swap", "delete", "insert", "key")
"""Two letters swapped, one left out, one put in, one of a neighbouring key."""


def typos_of(word: str, kind: str = ANY) -> list[str]:
    """Every word that one typo inside it makes, each once, in a fixed order.

    kind  of TYPOS, or ANY; a neighbouring key is known of the letters a to z only
    """
    made: dict[str, list[str]] = {"swap": [], "delete": [], "insert": [], "key": []}
    for at in range(1, len(word) - 1):
        before, letter, after = word[:at], word[at], word[at + 1 :]
        if at < len(word) - 2:
            made["swap"].append(before + word[at + 1] + letter + word[at + 2 :])
        made["delete"].append(before + after)
        made["insert"] += [before + more + word[at:] for more in string.ascii_lowercase]
        made["key"] += [before + _cased(letter, key) + after for key in keys_beside(letter)]
    chosen = made.values() if kind == ANY else (made[kind],)
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
