"""Feature maps: what a layer puts out on the picture, channel by channel."""

import html
from collections.abc import Sequence

import streamlit as st

from dlexplain.figures.layers import Tile, channel_tiles, maps_png, plot_channel, plot_units
from dlexplain.language import shown_by, tr
from dlexplain.results import FeatureMaps
from dlexplain.services.pictures.sources import Picture
from dlexplain.ui import cache as models
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.layers import cache
from dlexplain.ui.layers.choice import Kept, choose_channel, choose_layer
from dlexplain.ui.markdown import literal

RANKED = {"mean": "Mean", "largest": "Largest value"}
COUNTS = (8, 16, 32, 64, 128)


def show_maps(name: str, picture: Picture, opened: bool) -> Kept:
    """The view; returns what of it is to be in the address."""
    layer = choose_layer(cache.layers(name), opened)
    ranked, shown, scale = st.columns([2, 2, 2], vertical_alignment="bottom")
    by = ranked.segmented_control(
        tr("Order by"),
        list(RANKED),
        default="mean",
        format_func=shown_by(RANKED.__getitem__),
        key="layers-ranked",
        required=True,
    )
    count = shown.select_slider(
        tr("Channels shown"), COUNTS, 16, key="layers-shown", format_func=tr
    )
    together = scale.toggle(
        tr("One scale"),
        True,
        key="layers-scale",
        help=tr("The same colours for the same values in all channels; else each has its own."),
    )
    maps = cache.maps(name, picture, layer.name, by or "mean")
    channels, height, width = maps.values.shape
    few = f"the {min(count, channels)} most active of " if channels > count else ""
    if (height, width) == (1, 1):
        st.markdown(tr(f"**{literal(layer.name)}** has no places: {few}{channels} units"))
        chart(plot_units(maps, count, _names(name, maps)), "layers-units")
        _npz(maps)
        return {"layer": layer.name}
    st.markdown(tr(f"**{literal(layer.name)}**: {few}{channels} channels of {height} × {width}"))
    show_tiles(channel_tiles(maps, count, together))
    dead = int((maps.largest <= 0).sum())
    told = f" {dead} of {channels} are nowhere above 0." if dead else ""
    middle = "Red above 0, blue below." if maps.values.min() < 0 else "Yellow is high, violet low."
    st.caption(tr(f"{middle} The number is the channel's.{told}"))
    st.subheader(tr("One channel over the picture"))
    channel = choose_channel(name, layer, opened, lambda: int(maps.order[0]))
    left, right = st.columns([1, 1])
    with left:
        chart(plot_channel(maps, channel), "layers-over")
    seen = "What the model sees."
    right.image(
        maps.picture, caption=tr(seen), width=320, alt=tr("The picture as the model sees it")
    )
    with st.container(horizontal=True):
        download(
            "PNG",
            lambda: maps_png(maps, count, together),
            f"{maps.model}-{maps.layer}.png",
            "layers-maps-png",
            "The channels that are shown above, side by side.",
        )
        _npz(maps)
    return {"layer": layer.name, "channel": str(channel)}


def _names(name: str, maps: FeatureMaps) -> tuple[str, ...]:
    """The classes, where the units are theirs."""
    last = cache.layers(name).layers[-1].name
    return models.model(name).class_titles if maps.layer == last else ()


def _npz(maps: FeatureMaps) -> None:
    download(
        "NPZ",
        maps.to_npz,
        f"{maps.model}-{maps.layer}.npz",
        "layers-npz",
        "All channels in numbers, for NumPy.",
    )


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
