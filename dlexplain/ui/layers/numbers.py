"""Small tables of numbers as one writes them on paper, side by side."""

import html
from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

FOR, AGAINST = "202,0,32", "5,113,176"
PART = "max-width:100%;overflow-x:auto"
STRONGEST = 0.55
ROW = "display:flex;flex-wrap:wrap;align-items:center;gap:.6rem;margin:.3rem 0"
LINE = "display:flex;align-items:center;gap:.3rem;white-space:nowrap"
CELL = "padding:2px 5px;text-align:right;font-size:.75rem;font-variant-numeric:tabular-nums"
MARK = "outline:2px solid currentColor;outline-offset:-2px"
FEW = 4
"""Significant digits."""


def number(value: float) -> str:
    """Short, with a real minus sign."""
    if value == -np.inf:
        return "-∞"
    return f"{value:.{FEW}g}".replace("-", "−")


def short(value: float) -> str:
    """As it stands in a table."""
    return f"{value:.2f}".replace("-", "−") if abs(value) < 100 else f"{value:.0f}"


def grid(values: NDArray[np.float64], marked: tuple[int, int] | None = None) -> str:
    """(rows, columns) as a table: red above 0, blue below, -infinity empty; one may be framed."""
    finite = values[np.isfinite(values)]
    top = float(np.abs(finite).max()) if finite.size else 0.0
    rows = [
        "<tr>"
        + "".join(_cell(value, top, (row, column) == marked) for column, value in enumerate(line))
        + "</tr>"
        for row, line in enumerate(values.tolist())
    ]
    return f'<table style="border-collapse:collapse;margin:0">{"".join(rows)}</table>'


def show_row(parts: Sequence[str]) -> None:
    """Tables, and texts between them, in a row that breaks where it must.

    Texts are escaped by whoever wrote them.
    """
    st.html(
        f'<div style="{ROW}">'
        + "".join(f'<div style="{PART}">{part}</div>' for part in parts)
        + "</div>"
    )


def together(parts: Sequence[str]) -> str:
    """Parts of a row that stay on one line; where they are wider than the page they scroll."""
    return f'<div style="{LINE}">' + "".join(f"<div>{part}</div>" for part in parts) + "</div>"


def said(text: str, weight: int = 400) -> str:
    """A text for a row."""
    return f'<span style="font-weight:{weight}">{html.escape(text)}</span>'


def _cell(value: float, top: float, marked: bool) -> str:
    if not np.isfinite(value):
        return f'<td style="{CELL};opacity:.5">·</td>'
    share = STRONGEST * abs(value) / top if top else 0.0
    style = f"{CELL};background:rgba({FOR if value > 0 else AGAINST},{share:.2f})"
    style += f";{MARK}" if marked else ""
    return f'<td style="{style}" title="{number(value)}">{short(value)}</td>'
