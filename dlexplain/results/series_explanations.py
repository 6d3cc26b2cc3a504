"""Why a forecast came out so: which past values moved it, and where attention looked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.params import Value
from dlexplain.results.drawing import plot
from dlexplain.results.series_about import SeriesAbout

Floats = NDArray[np.float64]
Dates = NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class SeriesAttribution:
    """How much each past value of each series moved a forecast.

    values   (window, series); positive raised it (or widened the interval)
    inputs   (window, series) as the model saw them, 0 the mean in training
    dates    (window,) of the rows, the origin last
    target   the series that is forecast; step periods ahead; date of that
    what     "median", or "width-80" and the like for the width of an interval
    unit     "%" of the target's level where it is forecast in logarithms, else "" for its own unit
    change   what is explained: the forecast change from the origin, or the width as trained
    calibrated  that width after calibration, which adds what no input moves; None of a median, and
             where the series do not hold the validation period
    completeness_error  |sum - (f(x) - f(baseline))| relative to |f(x) - f(baseline)|, for methods
             that promise completeness
    period   observations a year, 0 where that is not known; about, what known series measure
    baseline what the method's baselines give, as `change` is measured: values sum to change less
             this; None for methods that do not promise that
    """

    method: str
    title: str
    params: Mapping[str, Value]
    model: str
    names: tuple[str, ...]
    dates: Dates
    values: Floats
    inputs: Floats
    target: str
    step: int
    date: np.datetime64
    what: str
    unit: str
    change: float
    completeness_error: float | None
    evaluations: int
    seconds: float
    note: str = ""
    series: str = ""
    model_fingerprint: str = ""
    period: int = 0
    about: Mapping[str, SeriesAbout] = field(default_factory=dict)
    baseline: float | None = None
    calibrated: float | None = None

    @property
    def by_series(self) -> Floats:
        """(series,) sums over the window."""
        found: Floats = self.values.sum(axis=0)
        return found

    @property
    def by_lag(self) -> Floats:
        """(window,) sums over the series."""
        found: Floats = self.values.sum(axis=1)
        return found

    @property
    def total(self) -> float:
        """Of all values: what the past adds to the forecast that the baseline would give."""
        return float(self.values.sum())

    def to_dict(self) -> dict[str, Any]:
        """The form that `explain --series --json` prints."""
        plain = (
            "method", "title", "model", "target", "step", "what", "unit", "change", "calibrated",
            "baseline", "total", "completeness_error", "evaluations", "seconds", "note", "series",
            "model_fingerprint",
        )  # fmt: skip
        return {key: getattr(self, key) for key in plain} | {
            "params": dict(self.params),
            "date": str(self.date),
            "origin": str(self.dates[-1]),
            "dates": [str(day) for day in self.dates],
            "by_series": dict(zip(self.names, self.by_series.tolist(), strict=True)),
            "by_lag": self.by_lag.tolist(),
            "values": dict(zip(self.names, self.values.T.tolist(), strict=True)),
        }

    def rows(self) -> list[dict[str, Any]]:
        """A row a series and period: its value, and the input in deviations from its mean."""
        return [
            {
                "method": self.method, "target": self.target, "step": self.step, "what": self.what,
                "series": name, "date": str(day), "lag": len(self.dates) - 1 - place,
                "value": float(self.values[place, column]),
                "input": float(self.inputs[place, column]), "unit": self.unit,
            }
            for column, name in enumerate(self.names)
            for place, day in enumerate(self.dates)
        ]  # fmt: skip

    def plot(self) -> Any:
        """The heat map, lag by series."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class SeriesAttention:
    """Where a forecaster's attention looked in its window.

    dates    (window,); weights (layers, heads, window, window), each row sums to 1
    period   observations a year, 0 where that is not known
    """

    model: str
    dates: Dates
    weights: NDArray[np.float32]
    period: int = 0

    @property
    def read(self) -> NDArray[np.float32]:
        """(heads, window) what the last period, from which the forecast is made, looked at in the
        last layer."""
        found: NDArray[np.float32] = self.weights[-1, :, -1]
        return found

    def plot(self) -> Any:
        """What the last period looked at."""
        return plot(self)
