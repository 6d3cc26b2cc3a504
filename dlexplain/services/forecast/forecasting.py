"""Forecasting from any origin of given series."""

from pathlib import Path

import numpy as np

from dlexplain.data.calendar import dates_ahead
from dlexplain.data.given_table import far_values, origin_spans
from dlexplain.data.series import place_of
from dlexplain.errors import DataError, ParamError, TargetError
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.results import SeriesForecast, iso_date, period_text
from dlexplain.services.forecast.conformal import calibrate, calibrated
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import (
    EXAMPLE,
    OWN,
    GivenSeries,
    default_source,
    read_csv,
    read_source,
)
from dlexplain.services.forecast.unseen import Columns, read_unseen
from dlexplain.services.loading import load
from dlexplain.settings import local_path
from dlexplain.tasks.forecast import QUANTILES
from dlexplain.trained.catalogue import find

Series = GivenSeries | Path | str | bytes
"""Series, or the path or bytes of a CSV, or "own" (what the model was trained on) or "example"."""


def series_for(
    model: LoadedForecaster, series: Series = "", zero_shot: Columns = ()
) -> GivenSeries:
    """The series as the model sees them; "" takes its own where they are here, else made-up ones.

    zero_shot  columns of series that it never saw, see `read_unseen`
    Raises DataError, which says what is wrong with them, or BadInput.
    """
    if isinstance(series, GivenSeries):
        if zero_shot:
            raise ParamError("zero_shot names columns of a CSV or data set; these are read already")
        return series
    trained = find(model.name, *model.tasks).trained
    if zero_shot:
        return read_unseen(trained, series, zero_shot)
    if isinstance(series, str) and series in ("", OWN, EXAMPLE):
        return read_source(trained, series or default_source(trained))
    if isinstance(series, bytes):
        return read_csv(trained, series)
    return read_csv(trained, local_path(series))


@random_state_kept()
def forecast(
    model: LoadedForecaster | str,
    series: Series = "",
    origin: str = "",
    horizon: int | None = None,
    intervals: str = "calibrated",
    zero_shot: Columns = (),
) -> SeriesForecast:
    """Forecast all of a model's targets from one origin.

    origin     a date such as 2019-12 or 2019Q4: the last row at or before it is the last that is
               seen; by default the last of all
    horizon    periods ahead, by default and at most the model's
    intervals  "calibrated" on the validation period, where the series hold it, or "trained"
    zero_shot  a column that the model never saw (of a model of several series, one that stands for
               each, in its order), read by the model's transforms and by scales of its own; series
               is then a CSV, macrodata, fred-md or "own"
    Raises BadInput, DataError, ParamError, UnknownName or WeightsError.
    """
    model = load(LoadedForecaster, model) if isinstance(model, str) else model
    if horizon is not None and not 1 <= horizon <= model.horizon:
        raise ParamError(
            f"horizon is {horizon}; the model forecasts 1 to {model.horizon} periods ahead"
        )
    if intervals not in ("calibrated", "trained"):
        raise ParamError(f'intervals is "{intervals}"; calibrated and trained are accepted')
    given = series_for(model, series, zero_shot)
    model = model.scaled_for(given)
    learned_on = given if intervals == "calibrated" else None
    return forecast_at(model, given, origin_place(model, given, origin), learned_on, horizon)


@random_state_kept()
def forecast_at(
    model: LoadedForecaster,
    given: GivenSeries,
    place: int,
    learned_on: GivenSeries | None,
    horizon: int | None = None,
) -> SeriesForecast:
    """The same from a row, one of `origins`.

    learned_on  the series whose validation period calibrates the intervals; None leaves them
    """
    data, steps = given.data, horizon or model.horizon
    at = np.array([place])
    windows = model.windows(data, at)
    said, done = model.say(windows.inputs(at)), False
    notes = [*data.notes, *far_values(data, slice(place + 1 - model.window, place + 1))]
    if learned_on is not None:
        try:
            said, done = calibrated(said, calibrate(model, learned_on)), True
        except DataError as error:
            notes.append(str(error))
    ahead = dates_ahead(data.dates[: place + 1], data.period, steps)
    known = data.dates[place + 1 : place + 1 + steps]
    ahead[: len(known)] = known
    levels = data.levels[:, list(data.targets)]
    truth = np.full((steps, len(data.targets)), np.nan)
    truth[: len(known)] = levels[place + 1 : place + 1 + steps]
    return SeriesForecast(
        model=model.name,
        series=given.title,
        names=data.target_names,
        dates=data.dates[: place + 1],
        levels=levels[: place + 1],
        ahead=ahead,
        quantiles=QUANTILES,
        values=windows.to_levels(said, at)[0, :steps],
        truth=truth,
        calibrated=done,
        part=part_of(given, place),
        notes=tuple(notes),
        model_fingerprint=model.prepared.fingerprint,
        period=data.period,
        about=model.about,
    )


def origins(model: LoadedForecaster, given: GivenSeries) -> range:
    """Rows from which it can forecast: those with a whole window before them."""
    return range(model.window, len(given.data.dates))


def origin_place(model: LoadedForecaster, given: GivenSeries, origin: str) -> int:
    """The row of a date, or the last; raises DataError where there is no window before it."""
    dates, rows = given.data.dates, origins(model, given)
    if not origin:
        return rows[-1]
    asked = origin.strip()
    written = [period_text(day, given.data.period) for day in dates]
    if asked in written:  # such as 2007Q3
        place = written.index(asked)
    else:
        asked = iso_date(asked)
        place = place_of(dates, asked)
        if place == len(dates) or not str(dates[place]).startswith(asked):
            place -= 1  # the last row before it
    if place not in rows:
        raise DataError(
            f"origin is {origin}; {written[rows[0]]} to {written[rows[-1]]} is accepted, as the "
            f"model reads {model.window} periods"
        )
    return place


def part_of(given: GivenSeries, place: int) -> str:
    """Which of the model's periods the origin's first target lies in; "" of made-up series."""
    if given.made_up:
        return ""
    validation, test = given.data.starts
    if place + 1 >= test:
        return "test"
    return "validation" if place + 1 >= validation else "training"


def part_text(model: LoadedForecaster, given: GivenSeries, place: int) -> str:
    """Where an origin lies, as Markdown; made-up series are of none of the model's periods."""
    first, last, tested = origin_spans(model.facts)
    if given.facts is not None:
        return {
            "training": "By this period the series is **scaled**; nothing was learned from it. The "
            f"first origin of the test period is {tested}.",
            "validation": f"In the **validation period**, origins {first} to {last}: by it the "
            "intervals are calibrated; nothing else is chosen by it.",
            "test": f"In the **test period**, origins from {tested} on: neither scales nor "
            "intervals know anything of it.",
        }[part_of(given, place)]
    return {
        "": "Made-up series are no test of the model, whatever its forecasts come to.",
        "training": "The model was **trained on this period**: what it says here is no test of it. "
        f"The first origin of its test period is {tested}.",
        "validation": f"In the model's **validation period**, origins {first} to {last}: by it its "
        "training and its intervals were chosen.",
        "test": f"In the model's **test period**, origins from {tested} on: it has seen nothing of "
        "what is forecast here.",
    }[part_of(given, place)]


def find_target(model: LoadedForecaster, wanted: str | None) -> int:
    """The place of a target by its name, or the first; raises TargetError."""
    if wanted is None:
        return 0
    if wanted not in model.targets:
        raise TargetError(
            f'the model does not forecast "{wanted}"; it forecasts {", ".join(model.targets)}'
        )
    return model.targets.index(wanted)
