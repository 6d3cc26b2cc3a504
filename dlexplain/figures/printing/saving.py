"""A drawn sheet as a file."""

import re
from html import escape
from typing import IO

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure

from dlexplain.figures.printing.texts import FAMILY, families, letters, texts_of

DPI = 300


def saved(sheet: Figure, into: IO[bytes], kind: str, title: str, as_text: bool) -> None:
    """Write it; as_text  whether an SVG keeps letters as letters, for the reader's fonts to draw"""
    metadata: dict[str, str | None] = {"Title": title} if title else {}
    if kind == "svg":
        metadata |= {"Date": None, "Creator": "dlexplain"}
        mpl.rcParams["svg.fonttype"] = "none" if as_text else "path"
        sheet.savefig(into, format="svg", dpi=DPI, transparent=True, metadata=metadata)
        _describe(sheet, into, title)
    elif kind == "pdf":
        metadata |= {"CreationDate": None, "Creator": "dlexplain"}
        mpl.rcParams["pdf.fonttype"] = 42 if _are_true_type(letters(sheet)) else 3
        sheet.savefig(into, format="pdf", dpi=DPI, transparent=True, metadata=metadata)
    else:
        metadata |= {"Software": "dlexplain"}
        sheet.savefig(into, format="png", dpi=DPI, transparent=True, metadata=metadata)


def _are_true_type(words: str) -> bool:
    """Whether the fonts can be embedded as they are; outlines of others are drawn, as Type 3."""
    paths = [str(font_manager.findfont(name)) for name in families(words) if name != FAMILY]
    return all(path.casefold().endswith(".ttf") for path in paths)


def _describe(sheet: Figure, into: IO[bytes], title: str) -> None:
    """Say in the SVG what its outlines spell, for search and for screen readers."""
    into.seek(0)
    svg = into.read().decode()
    words = " | ".join(dict.fromkeys(" ".join(t.get_text().split()) for t in texts_of(sheet)))
    told = f"<desc>{escape(words)}</desc>"
    if title:
        told = f"<title>{escape(title)}</title>{told}"
    svg = re.sub(r"(<svg\b[^>]*>)", lambda head: f"{head[1]}\n {told}", svg, count=1)
    into.seek(0)
    into.truncate()
    into.write(svg.encode())
