"""A text whose words have labels: in colours, and as bars."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from dlexplain.figures.coloured_text import BOX, HEIGHT
from dlexplain.figures.scales import CLEAR, INK, LINES, new_figure, rgba
from dlexplain.figures.token_names import names_axis, shown
from dlexplain.language import tr
from dlexplain.results import ClassName, LabelledText, kind_of, plot
from dlexplain.results.text_labels import OUTSIDE
from dlexplain.results.words import made_visible

STRENGTH = 0.45
SWATCH = "border-radius:3px;padding:1px 2px"


def colours_of(classes: Sequence[ClassName]) -> dict[str, str]:
    """A colour for each kind of label, by kind; what is outside has none. Of more kinds than there
    are colours some share one, and the label beside each word tells them apart."""
    kinds = dict.fromkeys(kind_of(name.label) for name in classes)
    kinds.pop(OUTSIDE, None)
    return {kind: LINES[place % len(LINES)] for place, kind in enumerate(kinds)}


def labelled_text(found: LabelledText, chosen: int = -1) -> str:
    """HTML: the text with each labelled word on the colour of its label, the label behind it, and
    its probability on hover; then what the colours mean.

    chosen  the number of a word that gets a frame

    Inline styles only; letters keep the page's colour. Labels and words are escaped.
    """
    colours = colours_of(found.classes)
    spans, at = [], 0
    rows = zip(found.offsets.tolist(), found.said, strict=True)
    for number, ((start, stop), score) in enumerate(rows):
        word = found.text[start:stop]
        own = word.lstrip(" ") or word  # blanks before it have no colour
        spans.append(_plain(found.text[at : stop - len(own)]))
        label, colour = score.name.label, colours.get(kind_of(score.name.label))
        style = SWATCH + (f";background:{rgba(colour, STRENGTH)}" if colour else "")
        style += ";outline:2px solid currentColor" if number == chosen else ""
        said = f"{made_visible(own)}: {made_visible(label)}, {score.text}"
        tag = f'<sub style="opacity:.75"> {_plain(label)}</sub>' if colour else ""
        spans.append(f'<span style="{style}" title="{escape(said)}">{_plain(own)}{tag}</span>')
        at = stop
    told = {kind_of(score.name.label) for score in found.said}
    legend = " ".join(
        f'<span style="{SWATCH};background:{rgba(colour, STRENGTH)}">{_plain(kind)}</span>'
        for kind, colour in colours.items()
        if kind in told
    )
    inside = "".join(spans) + _plain(found.text[at:])
    text = f'<div dir="auto" tabindex="0" style="{BOX}">{inside}</div>'
    return text + (f'<div style="font-size:.85em;line-height:2">{legend}</div>' if legend else "")


def _plain(text: str) -> str:
    return escape(made_visible(text)).replace("\n", "<br>")


@plot.register
def plot_labelled_text(found: LabelledText) -> go.Figure:
    """A bar a word in the order of the text, as high as its label is probable, in its colour."""
    colours = colours_of(found.classes)
    said = found.said
    traces = []
    for kind in dict.fromkeys(kind_of(score.name.label) for score in said):
        own = [place for place, score in enumerate(said) if kind_of(score.name.label) == kind]
        traces.append(
            {
                "type": "bar",
                "name": escape(shown(kind)),
                "x": own,
                "y": [said[place].probability for place in own],
                "marker": {"color": colours.get(kind, INK), "cornerradius": 3},
                "customdata": [
                    [escape(shown(found.words[place])), escape(said[place].name.label)]
                    for place in own
                ],
                "hovertemplate": "%{customdata[0]}<br>%{customdata[1]} %{y:.2%}<extra></extra>",
            }
        )
    names = [escape(shown(word)) for word in found.words]
    return new_figure(
        traces,
        {
            "xaxis": {**names_axis(names), "fixedrange": True, "automargin": True},
            "yaxis": {
                "range": [0, 1],
                "tickvals": [0, 0.5, 1],
                "ticktext": ["0%", "50%", "100%"],
                "title": {"text": tr("probability of its label")},
                "fixedrange": True,
            },
            "height": HEIGHT,
            "margin": {"l": 0, "r": 0, "t": 4, "b": 0},
            "showlegend": True,
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            "bargap": 0.25,
        },
    )
