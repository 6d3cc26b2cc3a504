"""Attributions of texts: the text itself in colours, and bars."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from dlexplain.figures.scales import CLEAR, STANDARD, Palette, Sign, new_figure, rgba, shown
from dlexplain.language import tr
from dlexplain.results import TextAttribution, plot
from dlexplain.results.words import made_visible

FOR, AGAINST, SHARE = "#B2182B", "#2166AC", "#E69F00"
"""Red speaks for the class and blue against it, as on pictures; orange where there is no sign."""
STRONGEST = 0.58
"""Opacity of the full colour: letters stay readable on it, 4.5:1 on light and dark pages."""
BOX = (
    "line-height:1.9;overflow-wrap:anywhere;unicode-bidi:plaintext;max-height:26rem;overflow-y:auto"
)
BARS, HEIGHT = 30, 230
"""Tokens shown as bars at most, the weightiest."""
UPRIGHT = 18
"""Names of more bars stand upright, so that none lies on its neighbour on a phone."""


def coloured_text(
    attribution: TextAttribution,
    sign: Sign = "both",
    top: float | None = None,
    palette: Palette = STANDARD,
) -> str:
    """HTML: the text with each token on its colour, and its value on hover; the token whose label
    is explained has a frame.

    top  the value that takes the full colour; by default the largest one here

    Inline styles only; letters keep the page's colour, and backgrounds let it through.
    """
    values = shown(attribution.values, attribution.signed, sign)
    top = strongest(attribution.values) if top is None else top
    spans, at = [], 0
    rows = zip(attribution.tokens, attribution.offsets.tolist(), values, strict=True)
    for place, (token, (start, stop), value) in enumerate(rows):
        if start == stop:  # a mark, which is not of the text
            spans.append(_span(token, float(value), attribution, top, palette, small=True) + " ")
            continue
        if start < at:  # a second piece of the same letter
            continue
        token = attribution.text[start:stop]
        own = token.lstrip(" ") or token  # blanks before it have no colour
        spans.append(_gap(attribution.text[at : stop - len(own)]))
        framed = place == attribution.place
        spans.append(_span(own, float(value), attribution, top, palette, framed=framed))
        at = stop
    rest = attribution.text[at:]
    return f'<div dir="auto" tabindex="0" style="{BOX}">' + "".join(spans) + _gap(rest) + "</div>"


def text_page(
    attribution: TextAttribution, sign: Sign = "both", palette: Palette = STANDARD
) -> str:
    """An HTML document with the text in colours and the facts: to keep, and to send around."""
    title = f"{attribution.title}: {attribution.class_question}"
    facts = [attribution.model, tr(f"unit: {attribution.unit}")]
    if attribution.completeness_error is not None:
        facts.append(tr(f"completeness error {attribution.completeness_error:.1%}"))
    signed = palette.told if attribution.signed else ""
    notes = "".join(f"<p>{escape(note)}</p>" for note in (signed, attribution.note) if note)
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width">'
        "<style>body{font-family:system-ui,sans-serif;max-width:50rem;margin:2rem auto;"
        "padding:0 1rem;color-scheme:light dark}</style></head>"
        f"<body><h1>{escape(title)}</h1><p>{escape(', '.join(facts))}</p>"
        f"{coloured_text(attribution, sign, None, palette)}{notes}</body></html>"
    )


def _gap(text: str) -> str:
    return escape(made_visible(text)).replace("\n", "<br>")


def _span(
    token: str,
    value: float,
    attribution: TextAttribution,
    top: float,
    palette: Palette,
    small: bool = False,
    framed: bool = False,
) -> str:
    token = made_visible(token)
    opacity = 0.0 if np.isnan(value) or top == 0 else STRONGEST * min(1.0, abs(value) / top)
    colour = _colour(attribution.signed, value, palette)
    said = tr("not shown") if np.isnan(value) else f"{value:+.3g} {tr(attribution.unit)}"
    style = f"background:{rgba(colour, round(opacity, 3))};border-radius:3px;padding:1px 2px"
    style += ";font-size:0.75em;opacity:0.8" if small else ""
    style += ";outline:2px solid currentColor" if framed else ""
    return f'<span style="{style}" title="{escape(token)}: {escape(said)}">{escape(token)}</span>'


def strongest(values: NDArray[np.float32]) -> float:
    """The value that takes the full colour."""
    return float(np.abs(values).max()) if len(values) else 0.0


@plot.register
def plot_text_attribution(
    attribution: TextAttribution,
    sign: Sign = "both",
    top: float | None = None,
    palette: Palette = STANDARD,
) -> go.Figure:
    """A bar for each token in the order of the text, the weightiest BARS of them.

    top  where the axis ends, either way; by default where the bars do
    """
    values = np.nan_to_num(shown(attribution.values, attribution.signed, sign))
    kept = np.sort(np.argsort(-np.abs(values))[:BARS])
    colours = [_colour(attribution.signed, float(values[place])) for place in kept]
    names = [str(place) for place in kept]
    return new_figure(
        {
            "type": "bar",
            "x": names,
            "y": values[kept],
            "marker": {"color": colours, "cornerradius": 3},
            "customdata": [escape(attribution.tokens[place]) for place in kept],
            "hovertemplate": "%{customdata}<br>%{y:+.3g} "
            + tr(attribution.unit)
            + "<extra></extra>",
        },
        {
            "xaxis": {
                "type": "category",
                "tickmode": "array",
                "tickvals": names,
                "ticktext": [escape(_short(attribution.tokens[place])) for place in kept],
                "tickangle": -90 if len(kept) > UPRIGHT else -60 if len(kept) > 8 else 0,
                "tickfont": {"size": 11},
                "automargin": True,
                "fixedrange": True,
            },
            "yaxis": {
                "title": {"text": tr(attribution.unit), "font": {"size": 11}},
                "range": None if top is None else [-top if attribution.signed else 0, top],
                "zeroline": True,
                "fixedrange": True,
                "nticks": 5,
                "automargin": True,
            },
            "height": HEIGHT,
            "margin": {"l": 0, "r": 0, "t": 4, "b": 0},
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            "bargap": 0.25,
        },
    )


def _colour(signed: bool, value: float, palette: Palette = STANDARD) -> str:
    return SHARE if not signed else palette.more if value > 0 else palette.less


def _short(token: str) -> str:
    token = made_visible(token)
    return token if len(token) <= 18 else token[:17] + "…"


def plot_class_words(words: Sequence[str], values: Sequence[float], unit: str) -> go.Figure:
    """The words that weigh most for a class over a set of texts, the weightiest at the top."""
    names = [str(index) for index in range(len(words))]
    return new_figure(
        {
            "type": "bar",
            "orientation": "h",
            "x": list(values),
            "y": names,
            "marker": {"color": [_colour(True, v) for v in values], "cornerradius": 3},
            "customdata": [escape(word) for word in words],
            "hovertemplate": "%{customdata}<br>%{x:+.3g} " + tr(unit) + "<extra></extra>",
        },
        {
            "yaxis": {
                "type": "category",
                "autorange": "reversed",
                "tickmode": "array",
                "tickvals": names,
                "ticktext": [escape(_short(word)) for word in words],
                "automargin": True,
                "fixedrange": True,
            },
            "xaxis": {"title": {"text": tr(f"{unit}, mean")}, "fixedrange": True, "nticks": 5},
            "height": 22 * len(words) + 70,
            "margin": {"l": 0, "r": 8, "t": 4, "b": 0},
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
        },
    )
