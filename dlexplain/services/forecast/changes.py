"""What if: past values changed, and the forecast before and after."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dlexplain.data.given_table import as_trained, table_of
from dlexplain.errors import DataError
from dlexplain.results import PastChange, WhatIf
from dlexplain.services.forecast.forecasting import forecast_at
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries


def what_if(
    model: LoadedForecaster, given: GivenSeries, place: int, changes: Sequence[PastChange]
) -> WhatIf:
    """Forecast from a row with and without the changes, with the same calibration of intervals.

    Raises DataError for a series or date that there is not, or a value that its transform does not
    take.
    """
    before = forecast_at(model, given, place, given)
    after = forecast_at(model, changed(model, given, place, changes), place, given)
    return WhatIf(before, after, tuple(changes))


def changed(
    model: LoadedForecaster, given: GivenSeries, place: int, changes: Sequence[PastChange]
) -> GivenSeries:
    """The series with other levels at or before a row."""
    table = table_of(given.data)
    values = table.values.copy()
    for change in changes:
        row = int(np.searchsorted(table.dates, np.datetime64(change.date, "D")))
        if change.series not in table.names:
            raise DataError(
                f'there is no series "{change.series}"; there are {", ".join(table.names)}'
            )
        if row > place or table.dates[row] != np.datetime64(change.date, "D"):
            raise DataError(
                f"{change.date} is no date up to the origin, {table.dates[place]}; one of these "
                "is accepted"
            )
        if not np.isfinite(change.value):
            raise DataError(f"{change.series} of {change.date} needs a number")
        values[row, table.names.index(change.series)] = change.value
    data = as_trained(replace(table, values=values), model.facts)
    return GivenSeries(f"{given.title}, changed", data)
