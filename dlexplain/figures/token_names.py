"""What tokens are called beside an axis, on one line each."""

from collections.abc import Sequence
from typing import Any

from dlexplain.language import tr
from dlexplain.results.words import made_visible

SHORT = 18
"""Characters of a token in a figure."""
LABELLED = 60
"""Tokens up to which an axis has their names, and not their places."""
MOST = 30
"""Names that an axis has room for."""


def shown(piece: str) -> str:
    """A token on one line, with what cannot be seen made visible."""
    text = made_visible(piece).replace("\n", "↵").replace("\t", "␉").strip(" ") or "␣"
    text = "".join(c if c.isprintable() else "�" for c in text)
    return text if len(text) <= SHORT else text[: SHORT - 1] + "…"


def names(pieces: Sequence[str]) -> list[str]:
    """Of each token of a text. Of a character that several tokens write, the last has it whole and
    those before it are empty: they are called 好 1/3, 好 2/3, 好 3/3."""
    found: list[str] = []
    waiting = 0
    for piece in pieces:
        if piece == "":
            waiting += 1
            continue
        count, waiting = waiting + 1, 0
        name = shown(piece)
        found += [name] if count == 1 else [f"{name} {k + 1}/{count}" for k in range(count)]
    return found + ["�"] * waiting  # a character that has no end


def thinned(count: int, most: int = MOST) -> list[int]:
    """Places of the names for which there is room, evenly spread."""
    return list(range(0, count, max(1, -(-count // most))))


def names_axis(named: Sequence[str]) -> dict[str, Any]:
    """An axis of tokens: their names where they are few, thinned to what there is room for, else
    their places."""
    if len(named) > LABELLED:
        return {"title": {"text": tr("token")}}
    places = thinned(len(named))
    return {
        "tickmode": "array",
        "tickvals": places,
        "ticktext": [named[place] for place in places],
        "tickangle": -60,
    }
