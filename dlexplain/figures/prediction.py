"""A prediction as a bar chart."""

from html import escape

import plotly.graph_objects as go

from dlexplain.figures.scales import BLUE, new_figure
from dlexplain.language import tr
from dlexplain.results import ClassName, Prediction, plot

ROW_HEIGHT = 36
LONGEST_LABEL = 28


@plot.register
def plot_prediction(prediction: Prediction) -> go.Figure:
    """One bar a class, best at the top, with its probability in percent."""
    names = [score.name for score in prediction.scores]
    shares = [score.probability for score in prediction.scores]
    # Two classes may share a label; the axis needs a text for each.
    places = [f"{name.index}" for name in names]
    return new_figure(
        {
            "type": "bar",
            "x": shares,
            "y": places,
            "orientation": "h",
            "marker": {"color": BLUE, "cornerradius": 4},
            "text": [f"{share:.1%}" for share in shares],
            "textposition": "outside",
            "cliponaxis": False,
            "customdata": [[escape(n.label), _ids(n)] for n in names],
            "hovertemplate": "%{customdata[0]}<br>%{customdata[1]}<br>%{x:.3%}<extra></extra>",
        },
        {
            "yaxis": {
                "type": "category",
                "autorange": "reversed",
                "tickmode": "array",
                "tickvals": places,
                "ticktext": [escape(_short(name.label)) for name in names],
                "automargin": True,
                "fixedrange": True,
            },
            "xaxis": {
                "range": [0, 1.12],
                "tickvals": [0, 0.5, 1],
                "ticktext": ["0%", "50%", "100%"],
                "title": {"text": tr("probability")},
                "fixedrange": True,
            },
            "height": ROW_HEIGHT * len(names) + 60,
            "margin": {"l": 0, "r": 28, "t": 4, "b": 0},  # "100.0%" on a phone
            "showlegend": False,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
        },
    )


def _ids(name: ClassName) -> str:
    return tr(f"index {name.index}") + (f", {name.wnid}" if name.wnid else "")


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"
