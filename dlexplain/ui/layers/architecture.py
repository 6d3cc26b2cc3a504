"""The architecture: a table, a graph, cost by layer, and the first layer's filters."""

import streamlit as st

from dlexplain.errors import Incompatible
from dlexplain.figures.layer_graph import graph, shape_text
from dlexplain.figures.layers import filter_tiles, plot_layers
from dlexplain.language import in_words, shown_by, tr
from dlexplain.results import Layers
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.layers import cache
from dlexplain.ui.layers.maps import show_tiles
from dlexplain.ui.look import room_for
from dlexplain.ui.markdown import literal
from dlexplain.ui.words import count

SHOWN_FILTERS = 64
GRAPH_FITS, GRAPH_HEIGHT = 9, 760
"""A graph of more arrows scrolls within so many pixels."""
GRAPHS = {"blocks": "Blocks", "layers": "Every layer"}


def show_architecture(name: str) -> None:
    """The view."""
    found = cache.layers(name)
    st.markdown(f"**{literal(tr(found.told))}**")
    _facts(found)
    _table(found)
    left, right = st.columns([2, 3], gap="large")
    with left:
        _graph(found)
    with right:
        st.subheader(tr("Cost"))
        chart(plot_layers(found), "layers-cost")
        st.caption(tr("Multiply-adds of one picture, and parameters, of each layer that has any."))
        _filters(name)


def _graph(found: Layers) -> None:
    st.subheader(tr("Graph"))
    kind = st.segmented_control(
        tr("Graph"),
        list(GRAPHS),
        default="blocks",
        format_func=shown_by(GRAPHS.__getitem__),
        key="layers-graph",
        required=True,
        label_visibility="collapsed",
    )
    dot = graph(found, kind == "layers")
    long = dot.count("->") > GRAPH_FITS
    with st.container(height=GRAPH_HEIGHT if long else "content", border=False):
        st.graphviz_chart(dot, width="content", alt=tr(f"Graph of the layers of {found.model}"))
    with st.container(horizontal=True):
        download("JSON", found.to_dict, f"{found.model}-layers.json", "layers-json")
        download("Graphviz", lambda: dot, f"{found.model}-layers.dot", "layers-dot")


def _facts(found: Layers) -> None:
    about = "Of convolutions and linear layers, for one picture; the others cost little."
    with st.container(horizontal=True, gap="large", key=f"{room_for(80)}layers-facts"):
        st.metric(tr("Parameters"), tr(count(found.parameters)), width="content")
        st.metric(
            tr("Multiply-adds"), tr(count(found.multiply_adds)), help=tr(about), width="content"
        )
        st.metric(tr("Layers"), len(found.layers), width="content")
        st.metric(tr("Input"), shape_text(found.input_shape), width="content")


def _table(found: Layers) -> None:
    whole = max(1, found.multiply_adds)
    rows = [
        {
            "Layer": layer.name,
            "Kind": layer.kind,
            "Settings": layer.settings,
            "In": shape_text(layer.shape_in),
            "Out": shape_text(layer.shape_out),
            "Parameters": layer.parameters,
            "Multiply-adds": layer.multiply_adds,
            "Of the cost": layer.multiply_adds / whole,
            "From": ", ".join(layer.sources),
        }
        for layer in found.layers
    ]
    columns = {
        "Layer": st.column_config.TextColumn(pinned=True),
        "Settings": st.column_config.TextColumn(width="medium"),
        "Parameters": st.column_config.NumberColumn(format="localized"),
        "Multiply-adds": st.column_config.NumberColumn(format="localized"),
        "Of the cost": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
    }
    height = "content" if len(rows) <= 14 else 460
    st.dataframe(
        in_words(rows),
        hide_index=True,
        height=height,  # type: ignore[arg-type]
        column_config=in_words(columns),
        key="layers-table",
    )


def _filters(name: str) -> None:
    st.subheader(tr("First filters"))
    try:
        filters = cache.filters(name)
    except Incompatible as error:
        st.info(literal(tr(error)))
        return
    tiles = filter_tiles(filters)
    colours = filters.weights.shape[1] == 3
    show_tiles(tiles[:SHOWN_FILTERS], 64)
    what = "in the colours that they answer to; grey is 0" if colours else "red above 0, blue below"
    few = f" The first {SHOWN_FILTERS} of {len(tiles)}." if len(tiles) > SHOWN_FILTERS else ""
    st.caption(tr(f"The weights of {filters.layer}, which reads the picture, {what}.{few}"))
