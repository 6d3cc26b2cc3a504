"""What if a past value had been another: the forecast before and after."""

import numpy as np
import pandas as pd
import streamlit as st

from dlexplain.errors import DataError
from dlexplain.figures.forecasts import plot_series_forecast, plot_what_if
from dlexplain.results import PastChange, WhatIf, about_of, csv_of, period_text
from dlexplain.results.words import sentence, written
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries
from dlexplain.ui.forecast import cache
from dlexplain.ui.markdown import literal

SERIES, DATE, VALUE, TABLE = (f"forecast-change-{x}" for x in ("series", "date", "value", "table"))
FIGURE = {"displayModeBar": False, "scrollZoom": False}


def show_change(model: LoadedForecaster, given: GivenSeries, row: int, target: int) -> None:
    """The view."""
    window = _window(model, given, row)
    one = _one(model, given, row, window, given.data.targets[target])
    changes = [*_table(model, given, row, window), *one]
    if not changes:
        st.info("Type another value above, or edit the table; the forecast then moves.")
        told = cache.forecast(model.name, given, row, True)
        st.plotly_chart(plot_series_forecast(told, target), config=FIGURE, key="forecast-plain")
        return
    try:
        found = cache.changed(model.name, given, row, tuple(changes))
    except DataError as error:
        st.error(str(error))
        return
    st.plotly_chart(plot_what_if(found, target), config=FIGURE, key="forecast-what-if")
    st.markdown(_sentence(found, target))
    for note in found.after.notes:
        st.caption(f":material/info: {literal(sentence(note))}")
    with st.expander("By how much, each period ahead", icon=":material/table:"):
        st.dataframe(_differences(found), hide_index=True)
    st.download_button(
        "CSV", lambda: csv_of(found.rows()), f"{model.name}-what-if.csv", "text/csv",
        key="forecast-change-csv", icon=":material/download:", on_click="ignore", type="tertiary",
        help="All series that were forecast, before and after.",
    )  # fmt: skip


def _window(model: LoadedForecaster, given: GivenSeries, row: int) -> pd.DataFrame:
    """The past that the model sees, the latest first: dates down, series across."""
    rows = slice(row + 1 - model.window, row + 1)
    frame = pd.DataFrame(given.data.levels[rows], columns=list(given.data.names))
    frame.insert(0, "date", [str(day) for day in given.data.dates[rows]])
    return frame[::-1].reset_index(drop=True)


def _one(
    model: LoadedForecaster, given: GivenSeries, row: int, window: pd.DataFrame, first: int
) -> list[PastChange]:
    """Three fields; `first` is the series that they begin with."""
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    series = left.selectbox("Past value of", list(given.data.names), first, key=SERIES)
    period = given.data.period
    date = middle.selectbox(
        "in", list(window["date"]), key=DATE, format_func=lambda day: period_text(day, period)
    )
    now = float(window.loc[window["date"] == date, series].iloc[0])
    step = float(f"{max(np.ptp(window[series]) / 10, 1e-6):.1g}")
    value = right.number_input(
        "is", value=now, step=step, format=_format(step),
        key=f"{VALUE}-{model.name}-{given.digest}-{row}-{series}-{date}",
        help=f"It was {now:,.10g}{_unit(model, series)}. What follows the origin stays as it was.",
    )  # fmt: skip
    return [] if np.isclose(value, now, rtol=1e-9) else [PastChange(series, date, float(value))]


def _table(
    model: LoadedForecaster, given: GivenSeries, row: int, window: pd.DataFrame
) -> list[PastChange]:
    with st.expander("Edit the whole window", icon=":material/edit:"):
        shown = window.rename(columns={"date": "period"})
        shown["period"] = [period_text(day, given.data.period) for day in window["date"]]
        edited = st.data_editor(
            shown, key=f"{TABLE}-{model.name}-{given.digest}-{row}", hide_index=True,
            disabled=["period"], height=320,
        )  # fmt: skip
    found: list[PastChange] = []
    for name in given.data.names:
        moved = ~np.isclose(edited[name].astype(float), window[name], rtol=1e-9, equal_nan=True)
        found += [
            PastChange(name, str(window["date"][place]), float(edited[name].iloc[place]))
            for place in np.flatnonzero(moved)
        ]
    return found


def _unit(model: LoadedForecaster, series: str) -> str:
    unit = about_of(model.about, series).unit
    return f" ({unit})" if unit else ""


def _format(step: float) -> str:
    decimals = max(0, -int(np.floor(np.log10(step)))) + 1
    return f"%.{min(decimals, 8)}f"


def _sentence(found: WhatIf, target: int) -> str:
    name = literal(about_of(found.before.about, found.before.names[target]).title)
    period = found.before.period
    before, after = (float(told.median[-1, target]) for told in (found.before, found.after))
    told = ", ".join(
        f"{literal(change.series)} of {period_text(change.date, period)} at "
        f"{written(change.value, digits=5)}"
        for change in found.changes[:4]
    )
    more = f" and {len(found.changes) - 4} more" if len(found.changes) > 4 else ""
    return (
        f"With {told}{more}, {name} in {period_text(found.before.ahead[-1], period)} is forecast "
        f"at **{written(after, digits=5)}** instead of **{written(before, digits=5)}** "
        f"({written(after - before, signed=True, digits=3)})."
    )


def _differences(found: WhatIf) -> pd.DataFrame:
    period = found.before.period
    columns = {"period": [period_text(day, period) for day in found.before.ahead]}
    return pd.DataFrame(
        columns
        | {
            f"{name}, after less before": found.difference[:, place]
            for place, name in enumerate(found.before.names)
        }
    )
