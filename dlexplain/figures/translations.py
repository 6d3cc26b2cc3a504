"""Where a translator looked: the source's tokens across, those written down."""

from collections.abc import Sequence

import plotly.graph_objects as go

from dlexplain.figures.scales import CLEAR, new_figure, share_scale
from dlexplain.figures.token_names import names
from dlexplain.language import tr
from dlexplain.results import Alignment, plot

CELL, LEAST = 22, 240
"""Pixels of a row, and of the smallest figure."""
MANY = 40
"""Tokens up to which cells stand apart and each has its name."""


@plot.register
def plot_alignment(found: Alignment) -> go.Figure:
    """Each row sums to 1."""
    across, down = list(range(len(found.columns))), list(range(len(found.rows)))
    columns, rows = _names(found.columns), _names(found.rows)
    gap = 1 if max(len(across), len(down)) <= MANY else 0
    # Of many tokens not all names have room.
    named_across, named_down = across[:: 1 + len(across) // MANY], down[:: 1 + len(down) // MANY]
    return new_figure(
        {
            "type": "heatmap",
            "x": across,
            "y": down,
            "z": found.weights,
            "zmin": 0,
            "zmax": 1,
            "colorscale": share_scale(),
            "xgap": gap,
            "ygap": gap,
            "customdata": [[[row, column] for column in columns] for row in rows],
            "hovertemplate": tr("“%{customdata[0]}” looked at “%{customdata[1]}” with %{z:.1%}")
            + "<extra></extra>",
            "colorbar": {
                "thickness": 10,
                "outlinewidth": 0,
                "tickformat": ".0%",
                "title": {"text": tr("part of attention"), "side": "right"},
            },
        },
        {
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            "height": max(LEAST, CELL * len(found.rows) + 90),
            # Tokens repeat, so the places are the axis and the tokens its marks.
            "xaxis": {"title": {"text": tr("source")}, "tickvals": named_across,
                      "ticktext": [columns[place] for place in named_across],
                      "side": "top", "tickangle": -60, "automargin": True},
            "yaxis": {"title": {"text": tr("written")}, "tickvals": named_down,
                      "ticktext": [rows[place] for place in named_down],
                      "autorange": "reversed",
                      "automargin": True},
        },
    )  # fmt: skip


def _names(tokens: Sequence[str]) -> list[str]:
    """< would begin a tag."""
    return [name.replace("<", "&lt;") for name in names(tokens)]
