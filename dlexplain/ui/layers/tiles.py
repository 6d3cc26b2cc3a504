"""Small pictures side by side, as many in a row as the page is wide."""

import html
from collections.abc import Sequence

import streamlit as st

from dlexplain.figures.layers import Tile

ROW = "display:flex;flex-wrap:wrap;gap:8px"
LABEL = "font-size:.75rem;opacity:.7;text-align:center;line-height:1.3"


def show_tiles(tiles: Sequence[Tile], side: int = 96) -> None:
    """side  of each in pixels"""
    st.html(f'<div style="{ROW}">' + "".join(_tile(tile, side) for tile in tiles) + "</div>")


def _tile(tile: Tile, side: int) -> str:
    told = html.escape(tile.told, quote=True)
    picture = f"width:{side}px;height:{side}px;image-rendering:pixelated;border-radius:4px"
    return (
        f'<div style="width:{side}px" title="{told}">'
        f'<img src="{tile.source}" alt="{told}" style="{picture}">'
        f'<div style="{LABEL}">{html.escape(tile.label)}</div></div>'
    )
