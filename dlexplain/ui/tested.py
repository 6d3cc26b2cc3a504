"""What a run's test found, drawn: confusion and mistakes, or forecasts and their errors."""

import io

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from dlexplain.results import Backtest, ClassificationTest

SIDE = 96
SHOWN = 12
"""Mistakes; as many as stand beside the matrix."""


def show_classification(found: ClassificationTest) -> None:
    from dlexplain.figures.tested import plot_confusion

    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("Confusion")
        how = st.segmented_control(
            "Show", ["part of class", "count"], default="part of class", required=True,
            key="confusion-how", label_visibility="collapsed",
        )  # fmt: skip
        st.plotly_chart(plot_confusion(found, how != "count"), key="confusion")
    with right:
        st.subheader("Worst mistakes")
        if not len(found.pixels):
            st.success("No mistake in the test.")
            return
        st.caption("The surest of the wrong ones.")
        classes = found.classes
        with st.container(horizontal=True, gap="small"):
            for pixels, truth, said, share in zip(
                found.pixels[:SHOWN], found.truth, found.said, found.share, strict=False
            ):
                st.image(
                    _png(pixels),
                    caption=f"said {classes[said]} ({share:.0%}), is {classes[truth]}",
                    width=SIDE,
                )


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """(side, side, 1 or 3) -> PNG, enlarged without blur."""
    shown = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
    image = Image.fromarray(shown).resize((2 * SIDE, 2 * SIDE), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def show_backtest(found: Backtest) -> None:
    from dlexplain.figures.tested import plot_errors, plot_forecast

    name = st.segmented_control(
        "Series", found.names, default=found.names[0], required=True, key="backtest-series"
    )
    target = found.names.index(name or found.names[0])
    origins = [str(day) for day in found.origins]
    origin = st.select_slider(
        "Forecast made in", origins, origins[-1], key="backtest-origin",
        help="The last period that the model saw.",
    )  # fmt: skip
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("Forecast against truth")
        figure = plot_forecast(found, target, origins.index(origin))
        st.plotly_chart(figure, key="forecast")
    with right:
        st.subheader("Errors")
        st.plotly_chart(plot_errors(found, target), key="errors")
    st.subheader("Every series, mean over all horizons and origins")
    st.dataframe(_table(found), hide_index=True)
    st.caption(
        f"{len(origins)} origins from {origins[0]} to {origins[-1]}. MASE is the mean absolute "
        "error in units of the random walk's mean one-step error in training; AR is an "
        "autoregression by statsmodels, fitted anew at each origin to what was known then."
    )


def _table(found: Backtest) -> list[dict[str, object]]:
    rows = []
    for target, name in enumerate(found.names):
        row: dict[str, object] = {"Series": name}
        for place, forecaster in enumerate(found.forecasters):
            row[f"MASE {forecaster}"] = round(float(found.mase[place, :, target].mean()), 3)
        for place, forecaster in enumerate(found.forecasters):
            row[f"RMSE {forecaster}"] = float(f"{found.rmse[place, :, target].mean():.4g}")
        for place, level in enumerate(found.coverage_levels):
            row[f"inside {level}%"] = f"{found.coverage[place, :, target].mean():.0%}"
        rows.append(row)
    return rows
