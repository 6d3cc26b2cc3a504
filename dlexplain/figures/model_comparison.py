"""Two models' reasons beside each other: drift over examples and classes, maps on one scale."""

import base64
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dlexplain.figures.coloured_text import coloured_text
from dlexplain.figures.overlay import page_image
from dlexplain.figures.scales import (
    BLUE,
    INK,
    ORANGE,
    SEQUENTIAL,
    STANDARD,
    new_figure,
    rgba,
    value_range,
)
from dlexplain.figures.tested import BASE
from dlexplain.language import tr
from dlexplain.results import ModelComparison, TextAttribution, plot
from dlexplain.results.model_comparison import (
    CHANGES,
    FLIPPED,
    ComparedExample,
    PackedMap,
    ShownExample,
)
from dlexplain.results.robustness import Estimate
from dlexplain.results.words import made_visible

UNIT = "times the mean"
"""Of a map as it is kept, see PackedMap."""
JITTER = 0.22
ROW, MOST_CLASSES = 26, 40
NAME = 60
TILES = "display:flex;flex-wrap:wrap;gap:12px"
TILE = "flex:1 1 140px;min-width:0;max-width:320px"
TILE_PICTURE = "width:100%;border-radius:4px;display:block;image-rendering:pixelated"
TILE_TITLE = "font-size:.8rem;line-height:1.3;opacity:.75;margin-top:4px;overflow-wrap:anywhere"


@plot.register
def plot_model_comparison(found: ModelComparison) -> go.Figure:
    """A dot an example, how far the maps of the two models drift apart, and of the first and the
    control; with the mean and its 95% interval. Orange: the two say different classes."""
    rows = [(tr("the two models"), found.drift, [(one, one.drift) for one in found.examples])]
    if found.control_kind != "none":
        named = tr("the control") if found.control_kind == "model" else tr("the method's own draws")
        rows.append(
            (named, found.control_drift, [(one, one.control_drift) for one in found.examples])
        )
    draw = np.random.default_rng(0)
    traces: list[dict[str, Any]] = []
    for place, (name, mean, examples) in enumerate(rows):
        known = [(one, value) for one, value in examples if value is not None]
        heights = place + draw.uniform(-JITTER, JITTER, len(known))
        traces.append(_dots(known, heights, place == 0))
        traces.append(_mean(name, mean, place))
    return new_figure(
        traces,
        {
            **BASE,
            "height": 120 + 90 * len(rows),
            "showlegend": False,
            "xaxis": {
                "title": {"text": tr("drift: 0 the same order,") + "<br>"
                          + tr("1 nothing in common")},
                "zeroline": True, "fixedrange": True, "automargin": True,
            },
            "yaxis": {
                "tickmode": "array", "tickvals": list(range(len(rows))),
                "ticktext": [name.replace(" ", "<br>", 1) for name, _, _ in rows],
                "range": [len(rows) - 0.5, -0.5], "showgrid": False, "zeroline": False,
                "fixedrange": True, "automargin": True,
            },
        },
    )  # fmt: skip


def _dots(
    known: list[tuple[ComparedExample, float]], heights: NDArray[np.float64], flips: bool
) -> dict[str, Any]:
    flipped = [flips and one.change in FLIPPED for one, _ in known]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [value for _, value in known],
        "y": heights,
        "marker": {"size": 7, "color": [rgba(ORANGE if f else BLUE, 0.8) for f in flipped]},
        "text": [_told(one) for one, _ in known],
        "hovertemplate": "%{text}: %{x:.2f}<extra></extra>",
    }


def _told(one: ComparedExample) -> str:
    name = one.name if len(one.name) <= NAME else one.name[: NAME - 1] + "…"
    change = tr(CHANGES.get(one.change, ""))
    return _plain(f"{name}, {one.target}" + (f"<br>{change}" if change else ""))


def _plain(text: str) -> str:
    """plotly reads a few tags; a text's own are none."""
    head, found, rest = text.partition("<br>")
    return head.replace("&", "&amp;").replace("<", "&lt;") + found + rest


def _mean(name: str, mean: Estimate, place: int) -> dict[str, Any]:
    value = mean.value
    up = 0.0 if mean.high is None or value is None else mean.high - value
    down = 0.0 if mean.low is None or value is None else value - mean.low
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [value],
        "y": [place],
        "marker": {"size": 13, "symbol": "diamond", "color": INK},
        "error_x": {"type": "data", "symmetric": False, "array": [up], "arrayminus": [down],
                    "color": INK, "thickness": 2.5, "width": 8},
        "hovertemplate": name + ": " + tr(f"mean %{{x:.3f}}, n = {mean.n}") + "<extra></extra>",
    }  # fmt: skip


def plot_class_drift(found: ModelComparison) -> go.Figure:
    """Mean drift of each class with its 95% interval, the one that lost most at the top."""
    shown = [one for one in found.classes if one.drift.value is not None][:MOST_CLASSES]
    values = [one.drift.value or 0.0 for one in shown]
    up = [(one.drift.high or v) - v for one, v in zip(shown, values, strict=True)]
    down = [
        v - (v if one.drift.low is None else one.drift.low)
        for one, v in zip(shown, values, strict=True)
    ]
    return new_figure(
        {
            "type": "scatter",
            "mode": "markers",
            "x": values,
            "y": [_plain(one.label) for one in shown],
            "marker": {"size": 9, "color": BLUE},
            "error_x": {"type": "data", "symmetric": False, "array": up, "arrayminus": down,
                        "color": rgba(BLUE, 0.6), "thickness": 1.5, "width": 4},
            "customdata": [[one.drift.n, str(one.same)] for one in shown],
            "hovertemplate": "%{y}: %{x:.2f}, n = %{customdata[0]}<br>"
            + tr("same class of %{customdata[1]}") + "<extra></extra>",
        },
        {
            **BASE,
            "height": 90 + ROW * len(shown),
            "xaxis": {"title": {"text": tr("mean drift")}, "rangemode": "tozero",
            "fixedrange": True,
                      "automargin": True},
            "yaxis": {"type": "category", "autorange": "reversed", "automargin": True,
                      "fixedrange": True},
        },
    )  # fmt: skip


def compared_pictures(found: ModelComparison, shown: ShownExample) -> list[bytes]:
    """JPEG: the picture, and over it the map of each model, all on one scale."""
    pixels = shown.pixels
    maps = [one.map for one in shown.maps]
    every = np.concatenate([one.ravel() for one in maps])[None]
    pictures = [page_image(pixels, None, found.signed)[0]]
    return pictures + [
        page_image(pixels, one, found.signed, smooth=False, rival=every)[0] for one in maps
    ]


def compared_tiles(found: ModelComparison, shown: ShownExample, titles: Sequence[str]) -> str:
    """HTML: the same beside each other, over their titles; on a phone two by two.

    titles  of the maps, plain text
    """
    tiles = []
    pictures = compared_pictures(found, shown)
    for title, picture in zip([tr("The picture"), *titles], pictures, strict=True):
        told = escape(made_visible(title), quote=True)
        source = "data:image/jpeg;base64," + base64.b64encode(picture).decode()
        tiles.append(
            f'<div style="{TILE}"><img src="{source}" alt="{told}" style="{TILE_PICTURE}">'
            f'<div style="{TILE_TITLE}">{told}</div></div>'
        )
    return f'<div style="{TILES}">{"".join(tiles)}</div>'


def compared_texts(found: ModelComparison, shown: ShownExample) -> list[str]:
    """HTML: the text with each word on its colour, by each model, all on one scale."""
    top = max(float(np.abs(one.map).max(initial=0)) for one in shown.maps)
    return [coloured_text(_attribution(found, one), top=top) for one in shown.maps]


def _attribution(found: ModelComparison, one: PackedMap) -> TextAttribution:
    lengths = np.array([len(word) for word in one.words], np.int64)
    starts = np.r_[0, np.cumsum(lengths + 1)[:-1]].astype(np.int64)
    return TextAttribution(
        method=found.method,
        title=found.title,
        params=dict(found.params),
        values=one.map,
        signed=found.signed,
        seconds=0.0,
        evaluations=0,
        unit=UNIT,
        text=" ".join(one.words),
        tokens=one.words,
        offsets=np.stack([starts, starts + lengths], 1),
        words=np.arange(len(lengths)),
        model=one.model,
    )


def compared_series(found: ModelComparison, shown: ShownExample) -> list[go.Figure]:
    """Series down, periods across, by each model, all on one scale."""
    every = np.concatenate([one.map.ravel() for one in shown.maps])[None]
    low, high = value_range(every, found.signed)
    return [
        new_figure(
            {
                "type": "heatmap",
                "z": one.map.T,
                "x": list(one.rows),
                "y": list(one.columns),
                "zmin": low,
                "zmax": high,
                "ygap": 1,
                "colorscale": STANDARD.stops() if found.signed else SEQUENTIAL,
                "colorbar": {"thickness": 8, "outlinewidth": 0},
                "hovertemplate": f"%{{y}}, %{{x}}: %{{z:+.2f}} {tr(UNIT)}<extra></extra>",
            },
            {
                **BASE,
                "height": 110 + ROW * len(one.columns),
                "xaxis": {"type": "category", "nticks": 6, "automargin": True,
                          "fixedrange": True},
                "yaxis": {"autorange": "reversed", "type": "category", "automargin": True,
                          "fixedrange": True},
            },
        )
        for one in shown.maps
    ]  # fmt: skip
