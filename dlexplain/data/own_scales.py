"""Series that a forecaster was not trained on, as it sees them: by its transforms, and by scales of
their own.

What a forecaster has learned is in deviations: of each series, after its transform, from its mean
on the training part. Another series becomes one that it can read by its own mean and deviation, on
a training part of its own, of which the weights learn nothing; no torch here.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dlexplain.data.base import SeriesData
from dlexplain.data.dates import period_before
from dlexplain.data.series import READ_AS, make_series
from dlexplain.data.tables import Table
from dlexplain.data.windows import LEAST_WINDOWS, cut
from dlexplain.errors import DataError
from dlexplain.results.words import period_text

SHARE = 0.15
"""Of the rows, for validation and for testing, where the model's own periods do not fit."""


def by_own_scales(
    table: Table, facts: Mapping[str, Any], window: int, horizon: int, name: str
) -> tuple[SeriesData, dict[str, Any]]:
    """The series as the model sees them, and its facts with their names and scales.

    table  columns that stand for the model's series, in its order
    name   of the file or data set, for messages
    The parts begin where the model's begin, if the series have rows for that; else the last 15% of
    them are for testing and as many before for validation, a horizon at least.
    Raises DataError for too few rows, what never changes in the training part, or a transform that
    is not defined.
    """
    starts = _starts(table, facts, window, horizon, name)
    last = period_text(table.dates[starts[0] - 1], table.period)
    for column, title in enumerate(table.names):
        if np.ptp(table.values[: starts[0], column]) == 0:
            raise DataError(
                f'series "{title}" never changes until {last}, the part by which it is scaled; one '
                "that varies is accepted"
            )
    order = list(facts["series"])
    targets = [table.names[order.index(target)] for target in facts["targets"]]
    codes = dict(zip(table.names, facts["codes"], strict=True))
    data = make_series(table, codes, targets, starts)
    return data, cut(data, window, horizon).facts()


def scales_told(data: SeriesData, facts: Mapping[str, Any]) -> list[str]:
    """Notes on how the series are read, and on what the model may have known of them.

    facts  the model's own
    """
    first, last = (period_text(data.dates[row], data.period) for row in (0, data.starts[0] - 1))
    span = f"{first} to {last}"
    own = list(map(str, facts["series"]))
    if len(own) == 1:
        form = READ_AS[data.codes[0]]
        told = f"read as {form}, as {own[0]} was, and"
    else:
        pairs = [f"{n} as {o}" for n, o in zip(data.names, own, strict=True) if n != o]
        told = f"read and transformed in these places: {', '.join(pairs) or 'its own'}; each is"
    notes = [f"{told} scaled by its own mean and deviation from {span}, not by the model's"]
    if known := [name for name in data.names if name in own]:
        notes.append(
            f"not new to the model, as it was trained on series so named: {', '.join(known)}"
        )
    tested = data.dates[data.starts[1]]
    if tested < np.datetime64(facts["starts"][1], "D"):
        until = period_before(facts["starts"][1], int(facts["period"]), 1)
        notes.append(
            f"the test part begins in {period_text(tested, data.period)}, but the model was "
            f"trained and chosen on its own series until {until}: of what moves all series alike "
            "it may know what came"
        )
    return notes


def _starts(
    table: Table, facts: Mapping[str, Any], window: int, horizon: int, name: str
) -> tuple[int, int]:
    """First rows of the validation and of the test part."""
    rows, least = len(table.dates), window + horizon + LEAST_WINDOWS
    needed = least + 2 * horizon
    if rows < needed:
        raise DataError(
            f"{name} has {rows} rows; {needed} are needed: the model reads {window} periods and "
            f"forecasts {horizon}, and {LEAST_WINDOWS} such windows scale the series, before "
            f"{horizon} periods for validation and {horizon} for testing"
        )
    first, second = (
        int(np.searchsorted(table.dates, np.datetime64(day, "D"))) for day in facts["starts"]
    )
    if first >= least and min(second - first, rows - second) >= horizon:
        return first, second
    part = max(horizon, min(round(SHARE * rows), (rows - least) // 2))
    return rows - 2 * part, rows - part
