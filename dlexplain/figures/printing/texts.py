"""plotly's texts without their tags, fonts for every script, and matplotlib's settings."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from html import unescape
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

POINT = 0.75
"""Points of a pixel, which is 1/96 inch."""
SIZE = 12.0
"""Pixels of a text for which nothing is said, as plotly has it."""
INK = "#16202A"
FAMILY = "DejaVu Sans"
"""It comes with matplotlib, so that figures look alike on every machine."""
LAST_RESORT = "Last Resort"
"""Of the name of a font that has a box for every letter there is."""
EASTERN = ("cjk", "han", "wqy", "gothic", "ming", "song", "hei", "uming", "unifont")
"""Parts of the names of fonts for Chinese, Japanese and Korean, which are tried first."""
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"</?(?:b|i|em|strong|sub|sup|span|a|u|s)(?:\s[^<>]*)?>", re.IGNORECASE)
_BOLD = re.compile(r"<(?:b|strong)>", re.IGNORECASE)


def plain(text: object) -> str:
    """ "a<br><b>b</b> &amp; c" -> "a\\nb & c": the words of plotly's pseudo-HTML."""
    return unescape(_TAG.sub("", _BREAK.sub("\n", "" if text is None else str(text))))


def is_bold(text: object) -> bool:
    return _BOLD.match(str(text)) is not None


@contextmanager
def settings(kind: str) -> Iterator[None]:
    """matplotlib's, while one figure is drawn and saved."""
    own: dict[Any, Any] = {
        "text.parse_math": False,  # a class may be named "$1"
        "font.size": SIZE * POINT,
        "font.family": [FAMILY],
        "text.color": INK,
        "text.hinting": "none",  # letters are as wide on the screen, where they are measured
        "svg.fonttype": "path",
        "svg.hashsalt": "dlexplain",  # the same figure gives the same file
        "pdf.fonttype": 42,
        "path.simplify": kind == "png",
    }
    with mpl.rc_context(own):
        yield


def families(text: str) -> list[str]:
    """Our font, and those of this machine that have what it lacks."""
    found = [FAMILY]
    for letter in text:
        name = family_of(letter)
        if name and name not in found:
            found.append(name)
    return found


@lru_cache(maxsize=4096)
def family_of(letter: str) -> str:
    """The font that draws a letter: ours if it can, else another; "" where there is none."""
    if letter.isspace() or _has(font_manager.findfont(FAMILY), letter):
        return FAMILY
    for name, path in _others():
        if _has(path, letter):
            return name
    return ""


def _has(path: str, letter: str) -> bool:
    try:
        return bool(font_manager.get_font(path).get_char_index(ord(letter)))
    except (OSError, RuntimeError):  # a font that FreeType cannot read draws nothing
        return False


def _others() -> list[tuple[str, str]]:
    """Name and file of the machine's fonts, one a family, those of East Asia first."""
    found = {one.name: one.fname for one in font_manager.fontManager.ttflist if _is_upright(one)}
    return sorted(found.items(), key=lambda pair: (not _is_eastern(pair[0]), pair[0]))


def _is_upright(one: font_manager.FontEntry) -> bool:
    if LAST_RESORT in one.name:
        return False
    return one.style == "normal" and one.weight in (400, "normal", "regular", "medium")


def _is_eastern(name: str) -> bool:
    return any(part in name.casefold() for part in EASTERN)


def letters(sheet: Figure) -> str:
    """All texts of a sheet that are seen."""
    return "".join(text.get_text() for text in texts_of(sheet))


def texts_of(sheet: Figure) -> list[Text]:
    found = sheet.findobj(Text)
    return [one for one in found if isinstance(one, Text) and one.get_visible() and one.get_text()]


def without_font(letters: Iterable[str]) -> str:
    """Those that no font of this machine has, each once."""
    return "".join(sorted({one for one in letters if not family_of(one)}))
