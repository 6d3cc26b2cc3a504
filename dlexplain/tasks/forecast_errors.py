"""Errors of forecasts, and the plain forecasts that a model has to beat.

Hyndman and Koehler, "Another Look at Measures of Forecast Accuracy", 2006,
https://doi.org/10.1016/j.ijforecast.2006.03.001, define MASE.
"""

import warnings

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
MOST_LAGS = 12


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


def autoregression(
    levels: Numbers, logs: tuple[bool, ...], origins: NDArray[np.int64], horizon: int
) -> Numbers:
    """An AR model of each target's changes, fitted by statsmodels to what each origin knows.

    levels  (time, targets); changes are of logarithms where `logs` says so
    The count of lags, up to 12 or a quarter of what is known, is the one with the best BIC
    before the first origin.
    Returns (origins, horizon, targets) levels.
    """
    from statsmodels.tsa.ar_model import AutoReg, ar_select_order

    forecasts = np.empty((len(origins), horizon, levels.shape[1]))
    for target, log in enumerate(logs):
        series = np.log(levels[:, target]) if log else levels[:, target]
        changes = np.diff(series)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # statsmodels' on short or odd series
            known = changes[: origins[0]]
            most = min(MOST_LAGS, max(1, len(known) // 4))
            chosen = ar_select_order(known, most, ic="bic").ar_lags or 0
            for place, origin in enumerate(origins):
                fitted = AutoReg(changes[:origin], lags=chosen, trend="c").fit()
                ahead = fitted.forecast(horizon).cumsum() + series[origin]
                forecasts[place, :, target] = np.exp(ahead) if log else ahead
    return forecasts
