"""Errors of forecasts, and the plain forecasts that a model has to beat.

Hyndman and Koehler, "Another Look at Measures of Forecast Accuracy", 2006,
https://doi.org/10.1016/j.ijforecast.2006.03.001, define MASE.
"""

import warnings

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
MOST_LAGS = 12
LEAST_CHANGES = 8
"""With fewer before the first origin, the mean change is the forecast."""


def mase(forecast: Numbers, truth: Numbers, step: Numbers) -> Numbers:
    """Mean absolute scaled error: mean |forecast - truth| / mean |x_t - x_(t-1)| in training.

    forecast, truth  (origins, horizon, targets); step (targets,), the divisor
    Returns (horizon, targets); 1 is the mean one-step error of the random walk in training.
    """
    errors: Numbers = np.abs(forecast - truth).mean(axis=0) / np.maximum(step, 1e-12)
    return errors


def rmse(forecast: Numbers, truth: Numbers) -> Numbers:
    """Root mean squared error, (origins, horizon, targets) -> (horizon, targets)."""
    error: Numbers = np.sqrt(((forecast - truth) ** 2).mean(axis=0))
    return error


def coverage(low: Numbers, high: Numbers, truth: Numbers) -> Numbers:
    """Part of the truth between low and high, (origins, horizon, targets) -> (horizon, targets)."""
    inside: Numbers = ((low <= truth) & (truth <= high)).mean(axis=0)
    return inside


def random_walk(levels: Numbers, origins: NDArray[np.int64], horizon: int) -> Numbers:
    """The last value for ever: (time, targets) -> (origins, horizon, targets)."""
    return np.repeat(levels[origins][:, None], horizon, axis=1)


def seasonal_naive(
    levels: Numbers, origins: NDArray[np.int64], horizon: int, period: int
) -> Numbers:
    """What was a season before: (time, targets) -> (origins, horizon, targets).

    The first origin needs a season before it: origins[0] + 1 >= period.
    """
    ahead = np.arange(1, horizon + 1)
    seasons = -(-ahead // period)  # whole ones back, until the row is known
    found: Numbers = levels[origins[:, None] + ahead - period * seasons]
    return found


def autoregression(
    levels: Numbers, logs: tuple[bool, ...], origins: NDArray[np.int64], horizon: int
) -> Numbers:
    """An AR model of each target's changes; see `autoregressions`."""
    return autoregressions(levels, logs, origins, horizon)[0]


def autoregressions(
    levels: Numbers, logs: tuple[bool, ...], origins: NDArray[np.int64], horizon: int
) -> tuple[Numbers, int]:
    """An AR model of each target's changes, fitted by statsmodels to what each origin knows.

    levels  (time, targets); changes are of logarithms where `logs` says so
    The count of lags, up to 12 or a quarter of what is known, is the one with the best BIC
    before the first origin. Where a fit is not stationary, as on few rows, its forecasts would
    explode: the mean change takes its place.
    Returns (origins, horizon, targets) levels, and how many fits were replaced.
    """
    forecasts = np.empty((len(origins), horizon, levels.shape[1]))
    replaced = 0
    for target, log in enumerate(logs):
        series = np.log(levels[:, target]) if log else levels[:, target]
        changes = np.diff(series)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # statsmodels' on short or odd series
            lags = _lags(changes[: origins[0]])
            for place, origin in enumerate(origins):
                found = _ahead(changes[:origin], lags, horizon)
                replaced += found is None
                found = np.full(horizon, changes[:origin].mean()) if found is None else found
                ahead = found.cumsum() + series[origin]
                forecasts[place, :, target] = np.exp(ahead) if log else ahead
    return forecasts, replaced


def _lags(known: Numbers) -> int | list[int]:
    from statsmodels.tsa.ar_model import ar_select_order

    most = min(MOST_LAGS, max(1, len(known) // 4))
    if len(known) < LEAST_CHANGES or np.ptp(known) == 0:
        return 0
    lags: int | list[int] = ar_select_order(known, most, ic="bic").ar_lags or 0
    return lags


def _ahead(known: Numbers, lags: int | list[int], horizon: int) -> Numbers | None:
    """(horizon,) changes; None where the fit is not stationary."""
    from statsmodels.tsa.ar_model import AutoReg

    if not lags or np.ptp(known) == 0:
        return np.full(horizon, known.mean())
    fitted = AutoReg(known, lags=lags, trend="c").fit()
    if np.abs(fitted.roots).min() <= 1:
        return None
    found: Numbers = fitted.forecast(horizon)
    return found
