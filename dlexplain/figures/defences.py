"""What is left of a model's accuracy behind a defence."""

import re
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go

from dlexplain.figures.scales import INK, LINES, new_figure
from dlexplain.figures.share_axis import share_axis
from dlexplain.figures.tested import BASE
from dlexplain.language import tr
from dlexplain.results import plot
from dlexplain.results.defences import COUNTS, DefenceResult

HEIGHT, LINE = 340, 22


@plot.register
def plot_defence(found: DefenceResult) -> go.Figure:
    """One bar a count, the share of pictures, with its 95% interval; the adaptive attack stands
    out."""
    keys = list(COUNTS)[::-1]
    shares = [found.share(key) for key in keys]
    ends = [found.interval(key) for key in keys]
    trace: dict[str, Any] = {
        "type": "bar",
        "orientation": "h",
        "y": [_broken(tr(COUNTS[key])) for key in keys],
        "x": shares,
        "marker": {"color": [LINES[1] if key == "adaptive" else LINES[0] for key in keys]},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [high - share for share, (_, high) in zip(shares, ends, strict=True)],
            "arrayminus": [share - low for share, (low, _) in zip(shares, ends, strict=True)],
            "color": INK,
            "thickness": 1.5,
        },
        "hovertext": [found.told_share(key) for key in keys],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    layout = {
        **BASE,
        "height": HEIGHT,
        "showlegend": False,
        "xaxis": share_axis(tr("pictures that are right")),
        "yaxis": {"automargin": True},
    }
    return new_figure([trace], layout)


def _broken(text: str) -> str:
    """After its first comma, and where a line is so long that on a phone no room was left for the
    bars."""
    parts = re.sub("(, |，)", lambda comma: f"{comma[1].strip()}\n", text, count=1).splitlines()
    return "<br>".join(line for part in parts for line in wrap(part, LINE))
