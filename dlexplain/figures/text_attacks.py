"""An attack on a text: both versions with the changed words marked."""

from collections.abc import Sequence, Set
from html import escape

from dlexplain.figures.coloured_text import BOX
from dlexplain.figures.scales import BLUE, ORANGE, rgba
from dlexplain.results import TextAttackResult
from dlexplain.results.words import made_visible

STRENGTH = 0.4
Span = tuple[int, int]


def marked_before(found: TextAttackResult) -> str:
    """HTML: the text as it was, the words that were changed on blue, those that were left out
    struck through. Escaped; inline styles only."""
    gone = {(one.start, one.stop) for one in found.changes if not one.new}
    return _marked(found.text, found.marked[0], BLUE, gone)


def marked_after(found: TextAttackResult) -> str:
    """HTML: the changed text, what is new on orange. Escaped; inline styles only."""
    return _marked(found.moved, found.marked[1], ORANGE)


def _marked(text: str, spans: Sequence[Span], colour: str, gone: Set[Span] = frozenset()) -> str:
    out, at = [], 0
    for start, stop in spans:
        style = f"background:{rgba(colour, STRENGTH)};border-radius:3px;padding:1px 2px"
        style += ";text-decoration:line-through" if (start, stop) in gone else ""
        out.append(_plain(text[at:start]))
        out.append(f'<mark style="{style};color:inherit">{_plain(text[start:stop])}</mark>')
        at = stop
    return f'<div dir="auto" style="{BOX}">{"".join(out)}{_plain(text[at:])}</div>'


def _plain(text: str) -> str:
    return escape(made_visible(text)).replace("\n", "<br>")
