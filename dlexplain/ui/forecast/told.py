"""The forecast from an origin, with intervals, and the truth where it is known."""

import io

import numpy as np
import pandas as pd
import streamlit as st

from dlexplain.figures.forecasts import plot_series_forecast, series_title
from dlexplain.language import in_words, shown_by, tr
from dlexplain.results import SeriesForecast, period_text
from dlexplain.results.words import sentence, written
from dlexplain.services.forecast.forecasting import part_text
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries
from dlexplain.ui.address import from_address, one_of
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.forecast import cache
from dlexplain.ui.markdown import literal

KINDS = {"calibrated": "Calibrated", "trained": "As trained"}
KIND = "forecast-intervals"


def show_forecast(
    model: LoadedForecaster, given: GivenSeries, row: int, target: int, arrived: bool
) -> dict[str, str | None]:
    """The view; returns what of it is to be in the address."""
    from_address("intervals", one_of("kind of intervals", KINDS), arrived, KIND)
    st.session_state.setdefault(KIND, "calibrated")
    kind = st.segmented_control(
        tr("Intervals"),
        list(KINDS),
        format_func=shown_by(KINDS.__getitem__),
        key=KIND,
        required=True,
        persist_state="session",
        help=tr(
            "Calibrated: widened or narrowed, a number a horizon and series, so that on the "
            "model's validation period they held the truth as often as they say (split conformal). "
            "The view Backtest says how well that carries over."
        ),
    )
    told = cache.forecast(model, given, row, kind != "trained")
    chart(plot_series_forecast(told, target), "forecast-lines")
    st.markdown(tr(_sentence(told, target)))
    st.caption(tr(part_text(model, given, row)))
    for note in told.notes:
        st.caption(f":material/info: {literal(tr(sentence(note)))}")
    with st.expander(tr("In numbers"), icon=":material/table:"):
        shown = _table(told, target)
        shown["date"] = [period_text(day, told.period) for day in told.ahead]
        st.dataframe(in_words(shown.rename(columns={"date": "period"})), hide_index=True)
    with st.container(horizontal=True):
        stem, about = (
            f"{model.name}-{told.origin}",
            "All series that were forecast from this origin.",
        )
        download("CSV", lambda: _csv(told), f"{stem}.csv", "forecast-CSV", about)
        download("JSON", told.to_dict, f"{stem}.json", "forecast-JSON", about)
    return {"intervals": "trained" if kind == "trained" else None}


def _sentence(told: SeriesForecast, target: int) -> str:
    """The last step in words, and how it came out."""
    name = literal(series_title(told.about, told.names[target]))
    date = period_text(told.ahead[-1], told.period)
    middle = float(told.median[-1, target])
    low, high = (float(end[-1, target]) for end in told.interval(80))
    now = float(told.levels[-1, target])
    said = (
        f"From **{written(now)}** in {period_text(told.origin, told.period)}, {name} is forecast "
        f"at **{written(middle)}** in {date}, with an 80% interval from {written(low)} to "
        f"{written(high)}."
    )
    truth = told.truth[:, target]
    known = np.flatnonzero(np.isfinite(truth))
    if not len(known) or not told.part:  # what made-up series came to says nothing
        return said
    last = int(known[-1])
    inside = [
        told.interval(80)[0][known, target] <= truth[known],
        truth[known] <= told.interval(80)[1][known, target],
    ]
    share = int(np.logical_and(*inside).sum())
    return said + (
        f" In {period_text(told.ahead[last], told.period)} it came to "
        f"**{written(float(truth[last]))}**; "
        f"{share} of {len(known)} values lay within their 80% intervals."
    )


def _table(told: SeriesForecast, target: int) -> pd.DataFrame:
    columns = {"date": [str(day) for day in told.ahead], "median": told.median[:, target]}
    for level in told.levels_of_intervals:
        low, high = told.interval(level)
        columns |= {f"{level}% low": low[:, target], f"{level}% high": high[:, target]}
    return pd.DataFrame(columns | {"actual": told.truth[:, target]})


def _csv(told: SeriesForecast) -> str:
    parts = [_table(told, index).assign(series=name) for index, name in enumerate(told.names)]
    out = io.StringIO()
    pd.concat(parts).to_csv(out, index=False)
    return out.getvalue()
