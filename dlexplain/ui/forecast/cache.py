"""What the server computes once for all sessions, on the page of forecasts."""

import streamlit as st

from dlexplain.language import Later
from dlexplain.results import Inside, PastChange, SeriesAttention, SeriesForecast, WhatIf
from dlexplain.services.forecast.changes import what_if
from dlexplain.services.forecast.forecasting import forecast_at
from dlexplain.services.forecast.inside import look_inside_window
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries
from dlexplain.services.loading import load


@st.cache_resource(max_entries=6, show_spinner=Later("Loading the model…"))
def model(name: str) -> LoadedForecaster:
    """The model, loaded."""
    return load(LoadedForecaster, name)


def forecast(
    model: LoadedForecaster, given: GivenSeries, row: int, calibrated: bool
) -> SeriesForecast:
    """From a row; intervals as trained, or calibrated where the series allow it."""
    return _forecast(model.name, given.digest, given.title, row, calibrated, given, model)


@st.cache_resource(max_entries=256, show_spinner=False)
def _forecast(
    name: str,
    digest: str,
    title: str,
    row: int,
    calibrated: bool,
    _given: GivenSeries,
    _model: LoadedForecaster,
) -> SeriesForecast:
    return forecast_at(_model, _given, row, _given if calibrated else None)


def inside(model: LoadedForecaster, given: GivenSeries, row: int) -> Inside | SeriesAttention:
    """Of the window that ends with a row; raises Incompatible."""
    return _inside(model.name, given.digest, row, given, model)


@st.cache_resource(max_entries=64, show_spinner=False)
def _inside(
    name: str, digest: str, row: int, _given: GivenSeries, _model: LoadedForecaster
) -> Inside | SeriesAttention:
    return look_inside_window(_model, _given, row)


def changed(
    model: LoadedForecaster, given: GivenSeries, row: int, changes: tuple[PastChange, ...]
) -> WhatIf:
    """Before and after; raises DataError."""
    return _changed(model.name, given.digest, row, changes, given, model)


@st.cache_resource(max_entries=64, show_spinner=False)
def _changed(
    name: str,
    digest: str,
    row: int,
    changes: tuple[PastChange, ...],
    _given: GivenSeries,
    _model: LoadedForecaster,
) -> WhatIf:
    return what_if(_model, _given, row, changes)
