"""A translation drawn: candidates, every attention head, and what moved a token written."""

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dlexplain.figures.scales import BLUE, INK, ORANGE, STANDARD, new_figure, share_scale
from dlexplain.figures.tested import BASE
from dlexplain.figures.token_names import LABELLED, names, names_axis
from dlexplain.figures.translations import plot_alignment
from dlexplain.language import tr
from dlexplain.results import Alignment, CrossAttention, SourceInfluence, Translation, plot

HIGHEST = 900
"""Pixels of a long alignment."""
CELL = 110
"""Pixels of a head at a glance."""


@plot.register
def plot_translation(found: Translation) -> go.Figure:
    """The candidates' scores, the best first."""
    titles = [f"{index + 1}: {one.text}" for index, one in enumerate(found.candidates)]
    return new_figure(
        {
            "type": "bar",
            "orientation": "h",
            "x": [one.score for one in found.candidates],
            "y": [_short(title) for title in titles],
            "marker": {"color": BLUE},
            "hovertemplate": "%{y}<br>" + tr("score %{x:.3f}") + "<extra></extra>",
        },
        {
            **BASE,
            "height": 60 + 26 * len(titles),
            "xaxis": {"title": {"text": tr("log p / length norm, nats")}},
            "yaxis": {"autorange": "reversed", "automargin": True},
        },
    )


def plot_chosen_row(found: Alignment, row: int) -> go.Figure:
    """An alignment with a frame around one row; of a long one, without the names of the rows."""
    figure = plot_alignment(found)
    figure.add_shape(
        type="rect",
        x0=-0.5,
        x1=len(found.columns) - 0.5,
        y0=row - 0.5,
        y1=row + 0.5,
        line={"color": ORANGE, "width": 2},
    )
    if len(found.rows) > LABELLED:
        figure.update_layout(height=HIGHEST, yaxis={"showticklabels": False})
    return figure


@plot.register
def plot_heads(found: CrossAttention) -> go.Figure:
    """Every layer and head at a glance: source across, written down."""
    layers, heads = found.layers, found.heads
    figure = make_subplots(
        layers,
        heads,
        horizontal_spacing=0.08 / heads,
        vertical_spacing=0.2 / layers,
        column_titles=[tr(f"head {head + 1}") for head in range(heads)] if heads > 1 else None,
        row_titles=[tr(f"layer {layer + 1}") for layer in range(layers)] if layers > 1 else None,
    )
    across, down = _names(found.columns), _names(found.rows)
    pairs = [[[row, column] for column in across] for row in down]
    looked = tr("“%{customdata[0]}” looked at “%{customdata[1]}” with %{z:.1%}")
    for layer in range(layers):
        for head in range(heads):
            trace = {
                "type": "heatmap",
                "z": found.weights[layer, head],
                "customdata": pairs,
                "coloraxis": "coloraxis",
                "hovertemplate": tr(f"layer {layer + 1}, head {head + 1}")
                + f"<br>{looked}<extra></extra>",
            }
            figure.add_trace(trace, row=layer + 1, col=head + 1)
    figure.update_xaxes(showticklabels=False, showgrid=False, zeroline=False)
    figure.update_yaxes(showticklabels=False, showgrid=False, zeroline=False, autorange="reversed")
    colours = {"colorscale": share_scale(), "cmin": 0, "cmax": 1, "showscale": False}
    margin = {"l": 8, "r": 28, "t": 28, "b": 8}
    figure.update_layout({**BASE, "margin": margin}, coloraxis=colours, height=60 + CELL * layers)
    return figure


@plot.register
def plot_source_influence(found: SourceInfluence) -> go.Figure:
    """What each source token added; red speaks for the token written, blue against it."""
    top = float(abs(found.values).max()) or 1.0
    axis = tr("added to log p, nats") if found.signed and found.unit == "nats" else tr(found.unit)
    return new_figure(
        {
            "type": "bar",
            "x": list(range(len(found.values))),
            "y": found.values,
            "customdata": _names(found.tokens),
            "marker": {
                "color": found.values,
                "colorscale": STANDARD.stops(),
                "cmin": -top,
                "cmax": top,
                "line": {"color": INK, "width": 0.5},
            },
            "hovertemplate": f"%{{customdata}}: %{{y:+.3f}} {tr(found.unit)}<extra></extra>",
        },
        {
            **BASE,
            "height": 260,
            "bargap": 0.1,
            "xaxis": names_axis(_names(found.tokens)),
            "yaxis": {"title": {"text": axis}, "zeroline": True},
        },
    )


def _names(tokens: tuple[str, ...]) -> list[str]:
    """< would begin a tag."""
    return [name.replace("<", "&lt;") for name in names(tokens)]


def _short(text: str) -> str:
    text = text.replace("<", "&lt;")
    return text if len(text) <= 60 else text[:59] + "…"
