"""Coloured text: a token a span, its colour a number, more on hover.

Colours are see-through, so that they suit light and dark pages; whatever a user or a model wrote
is escaped.
"""

import html
import math
from collections.abc import Iterable, Sequence

import streamlit as st

from dlexplain.language import tr
from dlexplain.results import TokenChoice
from dlexplain.results.words import made_visible
from dlexplain.results.writing import special_name

BITS = 12.0
"""Surprise that has the full colour; its root is drawn, so that half a bit is seen too."""
STRONGEST = 0.6
"""Letters stay readable on it, 4.5:1 on light and dark pages."""
UNLIKELY, FOR, AGAINST = "213,94,0", "202,0,32", "5,113,176"
BOX = (
    "white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.9;max-height:26rem;overflow-y:auto;"
    "unicode-bidi:plaintext;padding:.6rem .8rem;"
    "border:1px solid rgba(128,128,128,.35);border-radius:8px"
)
SPECIAL = (
    ";border:1px dashed currentColor;border-radius:4px;padding:0 .25rem;margin:0 .15rem;"
    "font-family:monospace;font-size:.8em"
)
Span = tuple[str, str, str]
"""A piece of text, its style, what is said on hover."""
MOSTLY_UNKNOWN = 0.5
"""Share of tokens that the vocabulary lacks, from which a page warns."""


def show_text(spans: Iterable[Span]) -> None:
    """Draw the spans one after the other, as one text in its own direction."""
    inside = "".join(_span(*span) for span in spans)
    st.html(f'<div dir="auto" tabindex="0" style="{BOX}">{inside}</div>')


def plain(text: str) -> Span:
    """A text without a colour, such as a prompt."""
    return text, "opacity:.65", ""


def chosen(choice: TokenChoice) -> Span:
    """A token by its probability: the less likely, the deeper the orange; a special one in a
    dashed frame."""
    bits = -math.log2(max(choice.probability, 1e-30))
    style = _background(UNLIKELY, math.sqrt(bits / BITS)) + (SPECIAL if choice.special else "")
    return choice.piece, style, _told(choice, bits)


def colours_told(signed: bool, unit: str, which: str) -> str:
    """What the colours of `signed` mean for the token that is explained."""
    if signed:
        return f"Red made {which} more likely, blue less."
    return f"The deeper the red, the more the probability of {which} reacts ({unit})."


def signed(pieces: Sequence[str], values: Sequence[float], unit: str = "") -> list[Span]:
    """Tokens by a number each: red above 0, blue below."""
    top = max((abs(value) for value in values), default=0.0) or 1.0
    return [
        (
            piece,
            _background(FOR if value > 0 else AGAINST, abs(value) / top),
            f"{value:+.3g}{unit}".replace("-", "−"),
        )
        for piece, value in zip(pieces, values, strict=True)
    ]


def marked(span: Span) -> Span:
    """With a line around it."""
    text, style, said = span
    return text, style + ";outline:2px solid currentColor;outline-offset:1px", said


def visible(text: str) -> str:
    """Control characters as pictures of themselves; a line break is shown and kept."""
    return made_visible(text).replace("\n", "↵\n")


def _span(text: str, style: str, said: str) -> str:
    """The blanks before a token have no colour: at a line's end they would be a loose mark."""
    title = f' title="{html.escape(said)}"' if said else ""
    token = text.lstrip(" ") or text
    before = text[: len(text) - len(token)]
    return f'{before}<span style="{style}"{title}>{html.escape(visible(token))}</span>'


def _background(colour: str, strength: float) -> str:
    return f"background:rgba({colour},{STRONGEST * min(1.0, max(0.0, strength)):.2f})"


def _told(choice: TokenChoice, bits: float) -> str:
    lines = [f"{named(choice.label)}: {percent(choice.probability)}, " + tr(f"{bits:.1f} bits")]
    if choice.drawn is not None and abs(choice.drawn - choice.probability) > 1e-6:
        lines[0] += "; " + tr(f"drawn with {percent(choice.drawn)}")
    if choice.unfamiliar:
        lines.append(tr("not in the vocabulary"))
    if choice.special:
        lines.append(tr("a special token, no part of the text"))
    for piece, share in choice.alternatives:
        special = piece in choice.special_alternatives
        lines.append(f"{percent(share):>6}  {special_name(piece) if special else named(piece)}")
    return "\n".join(lines)


def named(piece: str) -> str:
    """A token in a list."""
    return visible(piece).strip("\n") if piece.strip(" ") else "␣" * max(1, len(piece))


def percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 else f"{share:.0e}"
