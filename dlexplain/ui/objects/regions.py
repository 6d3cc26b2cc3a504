"""The regions of a segmenter over the picture, of which one is chosen."""

import streamlit as st

from dlexplain.figures.objects import plot_segmentation
from dlexplain.language import shown_by, tr
from dlexplain.results import ClassName
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sources import Picture
from dlexplain.ui.address import from_address
from dlexplain.ui.charts import chart
from dlexplain.ui.objects import cache

REGION, FIGURE = "region", "regions-figure"


def choose_region(name: str, picture: Picture, opened: bool) -> tuple[LoadedModel, ClassName]:
    """The segmenter asked of the region that is chosen, and its class."""
    model = cache.segmenter(name)
    from_address(REGION, lambda text: model.find_class(text).index, opened)
    found = cache.segmentation(name, picture)
    labels = {region.name.index: region.label for region in found.regions}
    state = st.session_state
    state[REGION] = state[REGION] if state.get(REGION) in labels else next(iter(labels))
    chart(
        plot_segmentation(found, state[REGION]),
        FIGURE,
        on_select=_take_clicked,
        selection_mode="points",
    )
    st.selectbox(
        tr("Region (or click one)"),
        list(labels),
        format_func=shown_by(labels.__getitem__),
        key=REGION,
        persist_state="session",
        help=tr("All places of the picture that the model gives this class."),
    )
    return cache.region(name, picture, state[REGION]), model.classes[state[REGION]]


def _take_clicked() -> None:
    points = st.session_state[FIGURE]["selection"]["points"]
    if points:
        st.session_state[REGION] = int(points[0]["customdata"][0])


def region_address() -> dict[str, str]:
    """What in the page's address stands for the choice."""
    return {REGION: str(st.session_state[REGION])} if REGION in st.session_state else {}
