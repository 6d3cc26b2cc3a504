"""What the server computes once for all sessions, on the page of forecasts."""

import streamlit as st

from dlexplain.results import Inside, PastChange, SeriesAttention, SeriesForecast, WhatIf
from dlexplain.services.forecast.changes import what_if
from dlexplain.services.forecast.forecasting import forecast_at
from dlexplain.services.forecast.inside import look_inside_window
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries
from dlexplain.services.loading import load


@st.cache_resource(max_entries=6, show_spinner="Loading the model…")
def model(name: str) -> LoadedForecaster:
    """The model, loaded."""
    return load(LoadedForecaster, name)


def forecast(name: str, given: GivenSeries, row: int, calibrated: bool) -> SeriesForecast:
    """From a row; intervals as trained, or calibrated where the series allow it."""
    return _forecast(name, given.digest, given.title, row, calibrated, given)


@st.cache_resource(max_entries=256, show_spinner=False)
def _forecast(
    name: str, digest: str, title: str, row: int, calibrated: bool, _given: GivenSeries
) -> SeriesForecast:
    return forecast_at(model(name), _given, row, _given if calibrated else None)


def inside(name: str, given: GivenSeries, row: int) -> Inside | SeriesAttention:
    """Of the window that ends with a row; raises Incompatible."""
    return _inside(name, given.digest, row, given)


@st.cache_resource(max_entries=64, show_spinner=False)
def _inside(name: str, digest: str, row: int, _given: GivenSeries) -> Inside | SeriesAttention:
    return look_inside_window(model(name), _given, row)


def changed(name: str, given: GivenSeries, row: int, changes: tuple[PastChange, ...]) -> WhatIf:
    """Before and after; raises DataError."""
    return _changed(name, given.digest, row, changes, given)


@st.cache_resource(max_entries=64, show_spinner=False)
def _changed(
    name: str, digest: str, row: int, changes: tuple[PastChange, ...], _given: GivenSeries
) -> WhatIf:
    return what_if(model(name), _given, row, changes)
