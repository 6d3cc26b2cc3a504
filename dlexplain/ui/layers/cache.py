"""What the server computes once for all sessions, on the page of layers."""

import streamlit as st

from dlexplain.language import Later
from dlexplain.results import (
    CellStep,
    FeatureMaps,
    Filters,
    HeadStep,
    Layers,
    ReceptiveField,
    Rectangle,
    StepThrough,
)
from dlexplain.services.layers import listing as service
from dlexplain.services.layers.cell_steps import cell_step
from dlexplain.services.layers.feature_maps import feature_maps, first_filters
from dlexplain.services.layers.head_steps import head_step, heads_of
from dlexplain.services.layers.receptive_fields import field_of, receptive_field
from dlexplain.services.layers.stepping import step_through
from dlexplain.services.loading import load
from dlexplain.services.pictures.sources import Picture
from dlexplain.services.writing.models import LoadedLanguageModel
from dlexplain.ui.cache import model

Unit = tuple[int, int, int]
"""Channel, row and column."""
BUSY = "Looking inside…"


@st.cache_resource(max_entries=8, show_spinner=Later(BUSY))
def layers(name: str) -> Layers:
    """The model's layers; raises WeightsError."""
    return service.layers(model(name))


def maps(name: str, picture: Picture, layer: str, ranked_by: str) -> FeatureMaps:
    """What the layer puts out on the picture."""
    return _maps(name, picture.key, layer, ranked_by, picture)


@st.cache_resource(max_entries=16, show_spinner=Later(BUSY))
def _maps(name: str, digest: str, layer: str, ranked_by: str, _picture: Picture) -> FeatureMaps:
    return feature_maps(model(name), _picture, layer, ranked_by)


@st.cache_resource(max_entries=8, show_spinner=False)
def filters(name: str) -> Filters:
    """Of the first convolution; raises Incompatible."""
    return first_filters(model(name))


def field(name: str, picture: Picture, layer: str, unit: Unit) -> ReceptiveField:
    """What the unit sees, on the picture."""
    return _field(name, picture.key, layer, unit, picture)


@st.cache_resource(max_entries=32, show_spinner=Later(BUSY))
def _field(name: str, digest: str, layer: str, unit: Unit, _picture: Picture) -> ReceptiveField:
    channel, row, column = unit
    return receptive_field(model(name), layer, row, column, channel, _picture)


@st.cache_resource(max_entries=64, show_spinner=False)
def frame(name: str, layer: str, unit: Unit) -> Rectangle:
    """What the unit sees, by analysis alone."""
    return field_of(model(name), layer, *unit)


def steps(name: str, picture: Picture, layer: str, unit: Unit) -> StepThrough:
    """The convolution's value at the unit, and what becomes of it."""
    return _steps(name, picture.key, layer, unit, picture)


@st.cache_resource(max_entries=32, show_spinner=Later(BUSY))
def _steps(name: str, digest: str, layer: str, unit: Unit, _picture: Picture) -> StepThrough:
    return step_through(model(name), _picture, layer, *unit)


@st.cache_resource(max_entries=4, show_spinner=Later("Loading the model…"))
def reader(name: str) -> LoadedLanguageModel:
    """A language model."""
    return load(LoadedLanguageModel, name)


@st.cache_resource(max_entries=32, show_spinner=Later(BUSY))
def cell(name: str, text: str, place: int, layer: int, unit: int) -> CellStep:
    """A step of a recurrent unit; raises BadInput."""
    return cell_step(reader(name), text, place, layer, unit)


@st.cache_resource(max_entries=16, show_spinner=Later("Loading the model…"))
def heads(name: str) -> tuple[int, int]:
    """How many layers a model has, and heads in each."""
    return heads_of(name)


@st.cache_resource(max_entries=32, show_spinner=Later(BUSY))
def head(name: str, text: str, layer: int, head: int, place: int) -> HeadStep:
    """Where a token looks by a head; raises BadInput."""
    return head_step(name, text, layer, head, place)
