"""Forecasts of series, their errors, and what drove them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.params import Value
from dlexplain.results.explanations import plot
from dlexplain.results.mean_errors import MeanError
from dlexplain.results.test_results import Backtest

POOR = 0.05
"""An interval that holds less of the truth than it says by more than this is told of."""
Floats = NDArray[np.float64]
Dates = NDArray[np.datetime64]


@dataclass(frozen=True)
class SeriesAbout:
    """A series' long name, such as "Real GDP", and its unit, "" where that is not known.

    unit_of_changes  of differences, such as percentage points where levels are in percent
    """

    title: str
    unit: str = ""
    unit_of_changes: str = ""

    @property
    def text(self) -> str:
        """As an axis says it: "Real GDP, billions of 2005 dollars"."""
        return f"{self.title}, {self.unit}" if self.unit else self.title


@dataclass(frozen=True, eq=False)
class SeriesForecast:
    """Forecasts of several series from one origin, the last period that the model saw.

    names       of the series that are forecast; series, where they are from, in words
    dates       (time,) up to the origin; levels (time, names), the past
    ahead       (horizon,) dates that are forecast
    quantiles   (quantiles,) ascending; values (horizon, names, quantiles), in the series' own units
    truth       (horizon, names), NaN where it is not known
    calibrated  whether the intervals were widened or narrowed on the validation period
    part        where the origin lies: in the model's "training", "validation" or "test" period,
                by the first period ahead; "" of made-up series, which lie in none
    period      observations a year, 0 where that is not known; about, what known series measure
    """

    model: str
    series: str
    names: tuple[str, ...]
    dates: Dates
    levels: Floats
    ahead: Dates
    quantiles: tuple[float, ...]
    values: Floats
    truth: Floats
    calibrated: bool
    part: str
    notes: tuple[str, ...] = ()
    model_fingerprint: str = ""
    period: int = 0
    about: Mapping[str, SeriesAbout] = field(default_factory=dict)

    @property
    def origin(self) -> np.datetime64:
        found: np.datetime64 = self.dates[-1]
        return found

    @property
    def median(self) -> Floats:
        """(horizon, names)"""
        found: Floats = self.values[..., len(self.quantiles) // 2]
        return found

    @property
    def levels_of_intervals(self) -> tuple[int, ...]:
        """In percent, the widest first."""
        count = len(self.quantiles)
        pairs = ((self.quantiles[i], self.quantiles[count - 1 - i]) for i in range(count // 2))
        return tuple(round(100 * (high - low)) for low, high in pairs)

    def interval(self, level: int) -> tuple[Floats, Floats]:
        """Low and high ends, (horizon, names) each, of the interval of so many percent."""
        place = self.levels_of_intervals.index(level)
        return self.values[..., place], self.values[..., -1 - place]

    def to_dict(self) -> dict[str, Any]:
        """The form that `forecast --json` prints; a truth that is not known is null."""
        return {
            "model": self.model,
            "series": self.series,
            "origin": str(self.origin),
            "part": self.part,
            "calibrated": self.calibrated,
            "dates": [str(day) for day in self.ahead],
            "forecasts": {name: self._of(index) for index, name in enumerate(self.names)},
            "notes": list(self.notes),
            "model_fingerprint": self.model_fingerprint,
        }

    def _of(self, place: int) -> dict[str, Any]:
        known = np.isfinite(self.truth[:, place])
        intervals = {
            str(level): [[float(x) for x in end[:, place]] for end in self.interval(level)]
            for level in self.levels_of_intervals
        }
        return {
            "last": float(self.levels[-1, place]),
            "median": [float(x) for x in self.median[:, place]],
            "intervals": intervals,
            "truth": [
                float(x) if k else None for x, k in zip(self.truth[:, place], known, strict=True)
            ],
        }

    def plot(self) -> Any:
        """The first series: past, forecast with intervals, truth."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class Calibration:
    """How much intervals have to be widened for as many to hold the truth as they say.

    levels    of the intervals, in percent, the widest first
    offsets   (levels, horizon, targets) added at both ends, in the model's scaled changes
    count     validation origins that it was learned from; first and last of them
    short     levels that would need more origins than there are: the largest score stands for them
    """

    levels: tuple[int, ...]
    offsets: Floats
    count: int
    first: np.datetime64
    last: np.datetime64
    short: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class SeriesBacktest:
    """Forecasts from every origin of the test period beside what came, and plain ones to beat.

    tested     errors by forecaster, step ahead and series; coverage is that of the intervals as
               trained
    calibrated (levels, horizon, targets) coverage after calibration, None where there was none
    widening   (levels, horizon, targets) mean width after calibration, of that before
    period     observations a year; about, what known series measure
    made_up    whether the series are drawn at random, which is no test of a model
    means      of each series and forecaster, with intervals
    """

    model: str
    series: str
    tested: Backtest
    calibrated: Floats | None
    widening: Floats | None
    calibration: Calibration | None
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    period: int = 0
    about: Mapping[str, SeriesAbout] = field(default_factory=dict)
    made_up: bool = False
    means: tuple[MeanError, ...] = ()

    def rows(self, measure: str = "mase") -> list[dict[str, Any]]:
        """A row a series and step ahead: measure ("mase" or "rmse") of each forecaster."""
        values = getattr(self.tested, measure)
        return [
            {"series": name, "ahead": step + 1}
            | {
                forecaster: float(values[index, step, target])
                for index, forecaster in enumerate(self.tested.forecasters)
            }
            for target, name in enumerate(self.tested.names)
            for step in range(values.shape[1])
        ]

    def mean_mase(self) -> dict[str, float]:
        """Of each forecaster, over all series and periods ahead; RMSE has units and so no such."""
        means = self.tested.mase.mean(axis=(1, 2))
        return dict(zip(self.tested.forecasters, map(float, means), strict=True))

    def coverage_rows(self) -> list[dict[str, Any]]:
        """A row a series and step ahead: the part of the truth inside each interval."""
        found = []
        for target, name in enumerate(self.tested.names):
            for step in range(self.tested.coverage.shape[1]):
                row: dict[str, Any] = {"series": name, "ahead": step + 1}
                for index, level in enumerate(self.tested.coverage_levels):
                    row[f"{level}% as trained"] = float(self.tested.coverage[index, step, target])
                    if self.calibrated is not None:
                        row[f"{level}% calibrated"] = float(self.calibrated[index, step, target])
                found.append(row)
        return found

    def too_narrow(self, target: int) -> dict[int, float]:
        """Interval -> what it holds, of those that hold over POOR less than they say.

        Of the series at a place, mean over all periods ahead; calibrated where that is known. Of
        made-up series none, as it says nothing of the model.
        """
        if self.made_up:
            return {}
        held = self.tested.coverage if self.calibrated is None else self.calibrated
        means = held[:, :, target].mean(axis=1)
        return {
            level: float(mean)
            for level, mean in zip(self.tested.coverage_levels, means, strict=True)
            if mean < level / 100 - POOR
        }

    def to_dict(self) -> dict[str, Any]:
        """The form that `backtest --json` prints."""
        return {
            "model": self.model,
            "series": self.series,
            "origins": [str(day) for day in self.tested.origins],
            "mase": self.rows("mase"),
            "mean_mase": self.mean_mase(),
            "means": [mean.to_dict() for mean in self.means],
            "rmse": self.rows("rmse"),
            "coverage": self.coverage_rows(),
            "notes": list(self.notes),
            "seconds": self.seconds,
        }

    def plot(self) -> Any:
        """MASE by periods ahead of the first series."""
        return plot(self)


@dataclass(frozen=True)
class PastChange:
    """A past value that is changed: of a series, on a date, to a level."""

    series: str
    date: str
    value: float


@dataclass(frozen=True, eq=False)
class WhatIf:
    """A forecast before and after changes of the past."""

    before: SeriesForecast
    after: SeriesForecast
    changes: tuple[PastChange, ...]

    @property
    def difference(self) -> Floats:
        """(horizon, names) of the medians, after less before."""
        found: Floats = self.after.median - self.before.median
        return found

    def rows(self) -> list[dict[str, Any]]:
        """A row a series and period ahead: medians and 80% intervals, before and after."""
        ends = [told.interval(80) for told in (self.before, self.after)]
        return [
            {"series": name, "date": str(day)}
            | {
                f"{kind}{end}": float(values[step, index])
                for kind, told, (low, high) in zip(
                    ("before", "after"), (self.before, self.after), ends, strict=True
                )
                for end, values in (("", told.median), (" 80% low", low), (" 80% high", high))
            }
            | {"difference": float(self.difference[step, index])}
            for index, name in enumerate(self.before.names)
            for step, day in enumerate(self.before.ahead)
        ]

    def plot(self) -> Any:
        """The first series before and after."""
        return plot(self)


@dataclass(frozen=True, eq=False)
class SeriesAttribution:
    """How much each past value of each series moved a forecast.

    values   (window, series); positive raised it (or widened the interval)
    inputs   (window, series) as the model saw them, 0 the mean in training
    dates    (window,) of the rows, the origin last
    target   the series that is forecast; step periods ahead, 0 the mean of all; date of that, or of
             the last
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
                "method": self.method,
                "target": self.target,
                "step": self.step,
                "what": self.what,
                "series": name,
                "date": str(day),
                "lag": len(self.dates) - 1 - index,
                "value": float(self.values[index, column]),
                "input": float(self.inputs[index, column]),
                "unit": self.unit,
            }
            for column, name in enumerate(self.names)
            for index, day in enumerate(self.dates)
        ]

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


def about_of(known: Mapping[str, SeriesAbout], name: str) -> SeriesAbout:
    """Of a series by its name; one that is not known keeps its name."""
    return known.get(name, SeriesAbout(name))
