"""Forecasts against the truth, and their errors."""

import streamlit as st

from dlexplain.language import in_words, tr
from dlexplain.results import Backtest
from dlexplain.ui.charts import chart
from dlexplain.ui.glossary import glossary
from dlexplain.ui.markdown import literal
from dlexplain.ui.tested.base import show


@show.register
def show_backtest(found: Backtest) -> None:
    from dlexplain.figures.tested import plot_errors, plot_forecast

    name = st.segmented_control(
        tr("Series"),
        found.names,
        default=found.names[0],
        format_func=literal,
        required=True,
        key="backtest-series",
    )
    target = found.names.index(name or found.names[0])
    origins = [str(day) for day in found.origins]
    origin = st.select_slider(
        tr("Forecast made in"),
        origins,
        origins[-1],
        key="backtest-origin",
        help=tr("The last period that the model saw."),
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader(tr("Forecast and actual"))
        figure = plot_forecast(found, target, origins.index(origin))
        chart(figure, "forecast")
    with right:
        st.subheader(tr("Errors"), help=glossary("MASE"))
        chart(plot_errors(found, target), "errors")
    st.subheader(tr("Every series, mean over all horizons and origins"))
    st.dataframe(in_words(_table(found)), hide_index=True)
    st.caption(
        tr(
            f"{len(origins)} origins from {origins[0]} to {origins[-1]}. MASE is the mean absolute "
            "error in units of the random walk's mean one-step error in training; AR is an "
            "autoregression by statsmodels, fitted anew at each origin to what was known then."
        )
    )


def _table(found: Backtest) -> list[dict[str, object]]:
    rows = []
    for target, name in enumerate(found.names):
        row: dict[str, object] = {"Series": name}
        for index, forecaster in enumerate(found.forecasters):
            row[f"MASE {forecaster}"] = round(float(found.mase[index, :, target].mean()), 3)
        for index, forecaster in enumerate(found.forecasters):
            row[f"RMSE {forecaster}"] = float(f"{found.rmse[index, :, target].mean():.4g}")
        for index, level in enumerate(found.coverage_levels):
            row[f"inside {level}%"] = f"{found.coverage[index, :, target].mean():.0%}"
        rows.append(row)
    return rows
