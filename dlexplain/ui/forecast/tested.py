"""The backtest: errors beside plain forecasts, and whether the intervals hold what they say."""

import numpy as np
import streamlit as st

from dlexplain.figures.forecasts import plot_coverage, series_title
from dlexplain.figures.tested import plot_errors
from dlexplain.language import in_words, shown_by, tr
from dlexplain.results import SeriesBacktest, csv_of, period_text
from dlexplain.results.mean_errors import measured
from dlexplain.results.series import POOR
from dlexplain.results.words import sentence
from dlexplain.services.forecast.backtesting import DRIFT, backtest
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries
from dlexplain.services.jobs import Progress
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.glossary import glossary
from dlexplain.ui.jobs import Asked, asked, result_of, show_live
from dlexplain.ui.markdown import literal

SLOT, MEASURE = "forecast-backtest", "forecast-measure"
MEASURES = {"mase": "MASE", "rmse": "RMSE"}


def show_backtest(model: LoadedForecaster, given: GivenSeries, target: int) -> None:
    """The view; a job of seconds, as AR is fitted anew at each origin."""
    name = model.targets[target]

    def work(progress: Progress) -> SeriesBacktest:
        return backtest(model, given, progress)

    question = (model.prepared.fingerprint, given.digest, given.title)
    found = asked(SLOT, question, "Backtest", work)
    show_live(lambda found: _show(found, name), found)


def _show(found: Asked[SeriesBacktest], name: str) -> None:
    result = result_of(found, "forecasts")
    if result is None:
        return
    target = result.tested.names.index(name)
    if result.made_up:
        st.markdown(tr("These series are made up: what is below is **no test of the model**."))
    else:
        _verdict(result, target)
        _means(result, name)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(tr("Errors"), help=glossary("MASE"))
        chart(plot_errors(result.tested, target), "forecast-errors")
    with right:
        st.subheader(
            tr("Do the intervals hold?"), help=glossary("coverage", "quantile", "conformal")
        )
        chart(plot_coverage(result, target), "forecast-coverage")
    _coverage(result, target)
    _table(result)
    for note in result.notes:
        st.caption(f":material/info: {literal(tr(sentence(note)))}")


def _means(result: SeriesBacktest, name: str) -> None:
    """The means with their intervals, and what the model is better or worse by."""
    means = [mean for mean in result.means if mean.series == name]
    rows = [
        {
            "Forecaster": mean.forecaster,
            "Mean MASE": measured(mean.mase),
            "The model less this": "" if mean.more is None else measured(mean.more, "+"),
            "So the model is": mean.verdict,
        }
        for mean in means
    ]
    st.dataframe(in_words(rows), hide_index=True)
    st.caption(
        tr(
            f"Over all periods ahead; n = {means[0].mase.n} origins. In brackets the 95% "
            "interval by a "
            f"bootstrap over blocks of {means[0].block} origins, as neighbours' forecasts "
            "overlap; few "
            "blocks make it too narrow rather than too wide. Less than 0 is for the model."
        )
    )


def _verdict(result: SeriesBacktest, target: int) -> None:
    tested = result.tested
    means = tested.mase[:, :, target].mean(axis=1)
    best = int(np.argmin(means))
    told = ", ".join(
        f"{name} {mean:.3g}" for name, mean in zip(tested.forecasters, means, strict=True)
    )
    name = literal(series_title(result.about, tested.names[target]))
    who = "the model is best" if best == 0 else f"**{tested.forecasters[best]} beats the model**"
    st.markdown(
        tr(
            f"For {name}, over {len(tested.origins)} origins from "
            f"{period_text(tested.origins[0], result.period)} to "
            f"{period_text(tested.origins[-1], result.period)}, {who}. Mean MASE: {told}."
        )
    )


def _coverage(result: SeriesBacktest, target: int) -> None:
    """Of the chosen series and of all, honest where it is poor."""
    tested, after, rows = result.tested, result.calibrated, []
    series = tested.names[target]
    for index, level in enumerate(tested.coverage_levels):
        row = {"Interval": f"{level}%"}
        for title, which in ((series, target), ("all series", slice(None))):
            row[f"{title}, as trained"] = f"{tested.coverage[index][:, which].mean():.0%}"
            if after is not None:
                row[f"{title}, calibrated"] = f"{after[index][:, which].mean():.0%}"
        if result.widening is not None:
            wider = float(np.median(result.widening[index][:, target])) - 1
            row[f"{series}, made by calibration"] = (
                f"{abs(wider):.0%} {'wider' if wider >= 0 else 'narrower'}"
            )
        rows.append(row)
    st.dataframe(in_words(rows), hide_index=True)
    _warn(result, target)
    st.caption(
        tr(
            "The part of the truth inside, mean of all periods ahead. Where, for the chosen "
            "series, it "
            f"is more than {100 * POOR:.0f} points below what the interval says, a warning "
            "stands here."
        )
    )
    if result.calibration is not None:
        learned = result.calibration
        st.caption(
            tr(
                f"Calibrated on {learned.count} origins, "
                f"{period_text(learned.first, result.period)} to "
                f"{period_text(learned.last, result.period)}, whose periods ahead all lie in the "
                "validation period (split conformal, Romano et al. 2019). Its promise is for "
                "exchangeable data; forecasts of neighbouring origins overlap and times change, "
                "so it "
                "is measured here, from the first origin of the test period on."
            )
        )


def _warn(result: SeriesBacktest, target: int) -> None:
    poor = result.too_narrow(target)
    if not poor:
        return
    name = literal(series_title(result.about, result.tested.names[target]))
    held = ", ".join(f"{level:d}% hold {part:.0%}" for level, part in poor.items())
    st.warning(
        tr(f"For {name} these intervals hold less than they say: {held}")
        + (
            tr(", even calibrated: its test period is not like the validation period.")
            if result.calibrated is not None
            else "."
        )
    )


def _table(result: SeriesBacktest) -> None:
    measure = st.segmented_control(
        tr("Errors by series and period ahead"),
        list(MEASURES),
        default="mase",
        format_func=shown_by(MEASURES.__getitem__),
        key=MEASURE,
        required=True,
    )
    rows = [
        {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}
        for row in result.rows(measure or "mase")
    ]
    st.dataframe(in_words(rows), hide_index=True, height=300)
    st.caption(
        tr(
            "MASE is the mean absolute error in units of the random walk's mean one-step error in "
            "training; RMSE is in the series' own units. Seasonal naive takes the value of a year "
            "before; AR is an autoregression of the changes by statsmodels, fitted anew at each "
            "origin "
            "to what was known then."
        )
        + (
            tr(
                " Drift adds the mean changes of the part by which the series are scaled: what the "
                "scales say without the network."
            )
            if DRIFT in result.tested.forecasters
            else ""
        )
    )
    with st.container(horizontal=True):
        _downloads(result, measure or "mase")


def _downloads(result: SeriesBacktest, measure: str) -> None:
    download(
        "CSV",
        lambda: csv_of(result.rows(measure)),
        f"{result.model}-{measure}.csv",
        "forecast-backtest-csv",
        "The table above.",
    )
    download("JSON", result.to_dict, f"{result.model}-backtest.json", "forecast-backtest-json")
