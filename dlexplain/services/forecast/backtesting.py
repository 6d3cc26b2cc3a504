"""A forecaster on every origin of its test period, beside a random walk, seasonal naive and AR."""

import math
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.given_table import Origins, far_values, origins_of_test
from dlexplain.errors import DataError
from dlexplain.evaluation.intervals import LEAST, block_bootstrap_mean
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.results import Backtest, Calibration, MeanError, SeriesBacktest
from dlexplain.results.quality import Measurement
from dlexplain.services.forecast.conformal import LEVELS, calibrate, calibrated
from dlexplain.services.forecast.forecasting import Series, series_for
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries
from dlexplain.services.forecast.unseen import Columns
from dlexplain.services.loading import load
from dlexplain.tasks.forecast import MIDDLE, QUANTILES
from dlexplain.tasks.modules.forecast_errors import (
    autoregressions,
    coverage,
    mase,
    random_walk,
    rmse,
    seasonal_naive,
)

Floats = NDArray[np.float64]
Forecasts = dict[str, Floats]
DRIFT = "drift"
"""The mean changes of the training part: the scales without the network."""
MOST_ORIGINS = 500
"""Of more, as daily series have, so many are taken, evenly over the test period."""


@random_state_kept()
def backtest(
    model: LoadedForecaster | str,
    series: Series = "",
    progress: Progress | None = None,
    zero_shot: Columns = (),
) -> SeriesBacktest:
    """Errors by series and step ahead over all origins whose targets lie in the test period.

    zero_shot  columns of series that the model never saw, as of `forecast`
    Raises DataError where the series have no such origin, BadInput, or Cancelled.
    """
    model = load(LoadedForecaster, model) if isinstance(model, str) else model
    given, started = series_for(model, series, zero_shot), time.perf_counter()
    model = model.scaled_for(given)
    progress = progress or Progress()
    data = given.data
    every = origins_of_test(data, model.facts, model.window, model.horizon)
    count = min(len(every), MOST_ORIGINS)
    origins = every[np.linspace(0, len(every) - 1, count).round().astype(int)]
    progress.plan(len(origins) * (1 + len(data.targets)))
    windows = model.windows(data, origins)
    said, truth = model.say(windows.inputs(origins)), windows.truth(origins)
    progress.advance(len(origins))
    levels = windows.to_levels(said, origins)
    plain, notes = _plain(given, origins, model.horizon, progress)
    if given.facts is not None:  # what the scales say by themselves is none of the weights' merit
        unmoved = np.zeros((*truth.shape, 1))
        plain[DRIFT] = windows.to_levels(unmoved, origins)[..., 0]
    notes += far_values(data, slice(int(origins[0]) + 1 - model.window, int(origins[-1]) + 1))
    if count < len(every):
        notes.append(f"{count} of {len(every):,} origins are tested, evenly over the period")
    if given.made_up:
        notes.append("the series are made up: these errors and intervals are no test of the model")
    forecasts = {"model": levels[..., MIDDLE], **plain}
    calibration, after = None, None
    try:
        calibration = calibrate(model, given)
        after = windows.to_levels(calibrated(said, calibration), origins)
        notes += _short(calibration)
    except DataError as error:
        notes.append(str(error))
    tested = Backtest(
        names=data.target_names,
        forecasters=tuple(forecasts),
        mase=np.stack([mase(f, truth, windows.step) for f in forecasts.values()]),
        rmse=np.stack([rmse(f, truth) for f in forecasts.values()]),
        coverage=_coverages(levels, truth),
        coverage_levels=LEVELS,
        quantiles=QUANTILES,
        forecasts=levels.astype(np.float32),
        truth=truth.astype(np.float32),
        origins=data.dates[origins],
        dates=data.dates,
        levels=data.levels[:, list(data.targets)].astype(np.float32),
    )
    return SeriesBacktest(
        model.name,
        given.title,
        tested,
        None if after is None else _coverages(after, truth),
        None if after is None else _widths(after) / _widths(levels),
        calibration,
        (*data.notes, *notes),
        time.perf_counter() - started,
        data.period,
        model.about,
        given.made_up,
        mean_errors(data.target_names, forecasts, truth, windows.step, origins),
    )


def mean_errors(
    names: Sequence[str], forecasts: Forecasts, truth: Floats, step: Floats, origins: Origins
) -> tuple[MeanError, ...]:
    """Of each series and forecaster, the model first, over blocks of origins as long as a forecast.

    forecasts, truth  (origins, horizon, series); step (series,), the unit of MASE
    """
    horizon = truth.shape[1]
    apart = (int(origins[-1]) - int(origins[0])) / max(1, len(origins) - 1)
    block = math.ceil(horizon / max(1.0, apart))
    unit = np.maximum(step, 1e-12)
    errors = {k: np.abs(f - truth).mean(axis=1) / unit for k, f in forecasts.items()}
    model = next(iter(errors.values()))
    return tuple(
        MeanError(
            name,
            forecaster,
            _measured(values[:, place], block),
            None if values is model else _measured(model[:, place] - values[:, place], block),
            block,
        )
        for place, name in enumerate(names)
        for forecaster, values in errors.items()
    )


def _measured(values: Floats, block: int) -> Measurement:
    """Without an interval where there are fewer than two blocks."""
    if len(values) < max(2 * block, LEAST):
        return Measurement(float(values.mean()), n=len(values))
    return Measurement(*block_bootstrap_mean(values, block), n=len(values))


def _plain(
    given: GivenSeries, origins: NDArray[np.int64], horizon: int, progress: Progress
) -> tuple[Forecasts, list[str]]:
    """What a model has to beat, and what is to be said of it."""
    data, notes = given.data, []
    levels = data.levels[:, list(data.targets)]
    found = {"random walk": random_walk(levels, origins, horizon)}
    if origins[0] + 1 >= data.period:
        found["seasonal naive"] = seasonal_naive(levels, origins, horizon, data.period)
    else:
        notes.append("seasonal naive is left out: there is no whole year before the first origin")
    parts, replaced = [], 0
    for target, log in enumerate(data.logs):
        part, count = autoregressions(levels[:, [target]], (log,), origins, horizon)
        parts.append(part)
        replaced += count
        progress.advance(len(origins))
    found["AR"] = np.concatenate(parts, axis=2)
    if replaced:
        notes.append(
            f"{replaced} of {len(origins) * len(data.targets)} AR fits were not stationary and "
            "would have exploded; the mean change took their place"
        )
    return found, notes


def _short(calibration: Calibration) -> list[str]:
    if not calibration.short:
        return []
    levels = " and ".join(f"{level}%" for level in calibration.short)
    return [
        f"{calibration.count} validation origins are too few for an interval of {levels}: it has "
        "the largest error that there was, and no guarantee"
    ]


def _coverages(levels: Floats, truth: Floats) -> Floats:
    """(intervals, horizon, targets)"""
    pairs = ((levels[..., index], levels[..., -1 - index]) for index in range(len(LEVELS)))
    return np.stack([coverage(low, high, truth) for low, high in pairs])


def _widths(levels: Floats) -> Floats:
    """(intervals, horizon, targets) mean over the origins."""
    pairs = ((levels[..., index], levels[..., -1 - index]) for index in range(len(LEVELS)))
    return np.stack([(high - low).mean(axis=0) for low, high in pairs])
