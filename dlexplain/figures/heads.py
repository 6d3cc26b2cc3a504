"""Networks of several heads: how well each does, and how alike their maps are."""

import plotly.graph_objects as go

from dlexplain.figures.scales import BLUE, DIVERGING, INK, new_figure
from dlexplain.figures.share_axis import share_axis
from dlexplain.figures.tested import BASE
from dlexplain.language import tr
from dlexplain.results import HeadMaps, MultiTaskTest, plot


@plot.register
def plot_heads(tested: MultiTaskTest) -> go.Figure:
    """A point a head with its interval of 95%; a line where always saying its commonest class would
    be."""
    scores = tested.scores
    names = [score.head for score in scores]
    return new_figure(
        [
            {
                "type": "scatter",
                "x": [score.accuracy for score in scores],
                "y": names,
                "mode": "markers",
                "name": tr("accuracy"),
                "marker": {"color": BLUE, "size": 10},
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [score.high - score.accuracy for score in scores],
                    "arrayminus": [score.accuracy - score.low for score in scores],
                    "color": BLUE,
                },
                "customdata": [[score.told, score.n] for score in scores],
                "hovertemplate": "%{y}: %{customdata[0]}, n = %{customdata[1]:,}<extra></extra>",
            },
            {
                "type": "scatter",
                "x": [score.chance for score in scores],
                "y": names,
                "mode": "markers",
                "name": tr("always the commonest class"),
                "marker": {"color": INK, "symbol": "line-ns-open", "size": 14},
                "hovertemplate": tr("%{y}: always the commonest class %{x:.1%}")
                + "<extra></extra>",
            },
        ],
        {
            **BASE,
            "height": 110 + 44 * len(names),
            "xaxis": share_axis(),
            "yaxis": {"type": "category", "autorange": "reversed", "automargin": True},
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        },
    )


@plot.register
def plot_head_maps(found: HeadMaps) -> go.Figure:
    """Spearman's correlation of each two heads' maps."""
    names = list(found.heads)
    values = found.spearman
    told = [["–" if v != v else f"{v:.2f}".replace("-", "−") for v in row] for row in values]
    return new_figure(
        {
            "type": "heatmap",
            "x": names,
            "y": names,
            "z": values,  # NaN has no colour
            "zmin": -1,
            "zmax": 1,
            "colorscale": DIVERGING,
            "text": told,
            "texttemplate": "%{text}",
            "xgap": 1,
            "ygap": 1,
            "hovertemplate": tr("%{y} and %{x}: %{text}") + "<extra></extra>",
            "colorbar": {"thickness": 10, "outlinewidth": 0},
        },
        {
            **BASE,
            "height": 100 + 48 * len(names),
            "xaxis": {"type": "category", "automargin": True},
            "yaxis": {"type": "category", "autorange": "reversed", "automargin": True},
        },
    )
