"""How every figure writes its numbers: 0.0005 and 20,000, where plotly would say 500µ and 20k."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

NUMBERS: dict[str, Any] = {
    "exponentformat": "power",
    "minexponent": 5,
    "separatethousands": True,
}
"""Of an axis or a colour bar: in full from 0.00001 to 99,999, in powers of ten beyond."""


def new_figure(
    traces: Sequence[Any] | Mapping[str, Any], layout: Mapping[str, Any] | None = None
) -> go.Figure:
    """As go.Figure, its numbers in full."""
    return in_full(go.Figure(traces, layout))


def in_full(drawn: go.Figure) -> go.Figure:
    """The same figure with the numbers of its axes and colour bars in full."""
    drawn.update_xaxes(NUMBERS)
    drawn.update_yaxes(NUMBERS)
    drawn.update_traces(colorbar=NUMBERS, selector={"type": "heatmap"})
    drawn.update_traces(line_colorbar=NUMBERS, selector={"type": "parcoords"})
    return drawn
