"""Inside the network while it reads the window: attention over time, or hidden states and gates."""

import streamlit as st

from dlexplain.errors import Incompatible
from dlexplain.figures.series_explanations import plot_attention_map, plot_attention_read
from dlexplain.figures.writing import plot_inside
from dlexplain.language import shown_by, tr
from dlexplain.results import Inside, SeriesAttention
from dlexplain.results.words import sentence
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries
from dlexplain.ui.charts import chart
from dlexplain.ui.forecast import cache
from dlexplain.ui.markdown import literal
from dlexplain.ui.writing.inside import ABOUT, GATES, SHOWN, TITLES

LAYER, PART, HEAD = (f"forecast-{x}" for x in ("layer", "part", "head"))


def show_inside(model: LoadedForecaster, given: GivenSeries, row: int) -> None:
    """The view."""
    try:
        found = cache.inside(model, given, row)
    except Incompatible as error:
        st.info(literal(tr(sentence(str(error)))))
        return
    if isinstance(found, SeriesAttention):
        _attention(found)
    else:
        _states(found)


def _attention(found: SeriesAttention) -> None:
    layers, heads = found.weights.shape[:2]
    st.subheader(tr("What the forecast looked at"))
    chart(plot_attention_read(found), "forecast-attention")
    st.caption(
        tr(
            "The forecast is made from the last period's state; this is where its attention went "
            "in "
            "the last layer. Attention says where a network looks, not what moved the forecast: "
            "compare with the view Why."
        )
    )
    left, right = st.columns(2)
    layer = left.selectbox(
        tr("Layer"),
        list(range(layers)),
        layers - 1,
        key=LAYER,
        format_func=lambda layer: tr(f"{layer + 1} of {layers}"),
    )
    head = right.selectbox(
        tr("Head"),
        [None, *range(heads)],
        key=HEAD,
        format_func=lambda head: (
            tr("mean of all") if head is None else tr(f"{head + 1} of {heads}")
        ),
    )
    chart(plot_attention_map(found, int(layer), head), "forecast-attention-map")


def _states(found: Inside) -> None:
    left, right = st.columns([1, 3], vertical_alignment="bottom")
    layers = len(found.layers)
    layer = left.selectbox(
        tr("Layer"),
        list(range(layers)),
        key=LAYER,
        format_func=lambda layer: tr(f"{layer + 1} of {layers}"),
    )
    # Another key for another cell, which has other parts.
    name = right.segmented_control(
        tr("Part"),
        list(found.layers[0]),
        default="hidden",
        format_func=shown_by(TITLES.__getitem__),
        key=f"{PART}-{found.cell}",
        required=True,
        wrap=True,
    )
    name = name or "hidden"
    values = found.layers[int(layer)][name]
    # Those that change the most over the window say the most.
    units = sorted(range(values.shape[1]), key=lambda unit: -float(values[:, unit].std()))
    shown = units[:SHOWN]
    few = f", the {SHOWN} of {len(units)} units that change most" if len(units) > SHOWN else ""
    st.markdown(tr(f"**{TITLES[name]}** over the window{few}"))
    figure = plot_inside(found, int(layer), name, shown, name not in GATES)
    chart(figure, "forecast-units")
    st.caption(tr(ABOUT[name]))
