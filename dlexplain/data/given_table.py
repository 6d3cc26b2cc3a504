"""A table of series as a trained forecaster sees it: checked, transformed and scaled as its
training data were, by what its card's facts hold; no torch here."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dlexplain.data.base import SPLITS, SeriesData, digest_of
from dlexplain.data.dates import period_before
from dlexplain.data.series import LARGEST_INPUT, scaled_inputs, stationary_form
from dlexplain.data.tables import Table, read_table, some
from dlexplain.data.text_bytes import decoded
from dlexplain.data.windows import Windows
from dlexplain.errors import DataError, WeightsError
from dlexplain.results.words import period_text
from dlexplain.server_files import read_regular

NEEDED = (
    "series", "targets", "period", "starts", "codes", "logs", "input_mean", "input_scale",
    "change_mean", "change_scale", "step",
)  # fmt: skip
Origins = NDArray[np.int64]
FAR = 20.0
"""Standard deviations of training from its mean beyond which a value is told of."""
PERIODS = {1: "yearly", 4: "quarterly", 12: "monthly", 52: "weekly", 365: "daily"}


def check_facts(facts: Mapping[str, Any]) -> None:
    """Raise WeightsError where the card is of an older version."""
    missing = [key for key in NEEDED if key not in facts]
    if missing:
        raise WeightsError(
            f"the model's card lacks {', '.join(missing)}, since it was trained by an older "
            "version; train it anew"
        )


def one_csv(path: Path) -> Path:
    """The file at a path, or the only CSV of a folder; raises DataError."""
    if path.is_dir():
        csvs = sorted(path.glob("*.csv"))
        if len(csvs) != 1:
            raise DataError(f"{path} has {len(csvs)} CSV files; give the path of one")
        return csvs[0]
    return path


def read_given(
    source: Path | bytes, facts: Mapping[str, Any], least_rows: int, name: str = "the CSV"
) -> Table:
    """The model's series of a CSV with a date column; FRED-MD's row of codes is left out.

    name  what messages call bytes
    Raises DataError for what lacks a series, has another frequency, gaps, or too few rows.
    """
    skip = (1,) if _has_codes(source) else ()
    table = read_table(source, "", facts["series"], skip, least_rows, needed=True)
    check_period(table, facts, source.name if isinstance(source, Path) else name)
    return table


def read_unknown(source: Path | bytes, columns: Sequence[str]) -> Table:
    """Columns of a CSV that no card knows; otherwise as `read_given`, of any length."""
    return read_table(source, "", columns, (1,) if _has_codes(source) else (), 0, needed=True)


def check_period(table: Table, facts: Mapping[str, Any], name: str) -> None:
    """Raise DataError where the series have another frequency than the model's."""
    if table.period != facts["period"]:
        found, wanted = (PERIODS.get(p, f"{p} a year") for p in (table.period, facts["period"]))
        raise DataError(f"{name} is {found}; this model reads {wanted} series")


def _has_codes(source: Path | bytes) -> bool:
    """Whether the first row of data is FRED-MD's row of transform codes."""
    try:
        content = decoded(source if isinstance(source, bytes) else read_regular(source))
        first = pd.read_csv(io.StringIO(content), nrows=1, dtype=str).iloc[0, 0]
    except (OSError, ValueError, IndexError):
        return False  # read_table says what is wrong
    return str(first).strip().lower().startswith("transform")


def as_trained(table: Table, facts: Mapping[str, Any]) -> SeriesData:
    """Raises DataError where a series' transform is not defined, such as a logarithm of 0."""
    mean, scale = np.array(facts["input_mean"]), np.array(facts["input_scale"])
    days = [np.datetime64(day, "D") for day in facts["starts"]]
    starts = [int(np.searchsorted(table.dates, day)) for day in days]
    return SeriesData(
        dates=table.dates,
        levels=table.values,
        inputs=scaled_inputs(stationary_form(table, facts["codes"]), mean, scale),
        names=table.names,
        targets=tuple(table.names.index(name) for name in facts["targets"]),
        logs=tuple(facts["logs"]),
        starts=(starts[0], starts[1]),
        period=table.period,
        digest=digest_of(table.values),
        codes=tuple(facts["codes"]),
        input_scale=(mean, scale),
        notes=table.notes,
    )


def far_values(data: SeriesData, rows: slice) -> list[str]:
    """A note on the values of some rows that are far beyond training, if there are any.

    Of each series the furthest is named, in standard deviations after its transform.
    """
    mean, scale = data.input_scale
    forms = stationary_form(table_of(data), data.codes)[rows]
    away = np.nan_to_num((forms - mean) / scale)
    found = []
    for column, name in enumerate(data.names):
        row = int(np.abs(away[:, column]).argmax())
        if abs(away[row, column]) > FAR:
            period = period_text(data.dates[rows][row], data.period)
            size = f"{away[row, column]:+,.0f}".replace("-", "−")
            found.append(f"{name} in {period} ({size})")
    if not found:
        return []
    return [
        "far beyond training, in its standard deviations after the transform: "
        f"{some(found)}; the model sees no more than {LARGEST_INPUT:g}, to which inputs are cut"
    ]


def table_of(data: SeriesData) -> Table:
    """The levels of loaded series."""
    return Table(data.dates, data.levels, data.names, data.period, data.notes)


def windows_of(
    data: SeriesData, facts: Mapping[str, Any], window: int, horizon: int, origins: Origins
) -> Windows:
    """With the scales of the training; each split has these origins."""
    return Windows(
        data,
        window,
        horizon,
        dict.fromkeys(SPLITS, origins),
        change_mean=np.array(facts["change_mean"]),
        change_scale=np.array(facts["change_scale"]),
        step=np.array(facts["step"]),
    )


def origin_spans(facts: Mapping[str, Any]) -> tuple[str, str, str]:
    """First and last origin of the model's validation period, and the first of its test period.

    An origin, the last period that is seen, belongs where the first period ahead of it lies.
    """
    validation, test = facts["starts"]
    period = int(facts["period"])
    places = ((validation, 1), (test, 2), (test, 1))
    first, last, tested = (period_before(day, period, count) for day, count in places)
    return first, last, tested


def origins_of_test(
    data: SeriesData, facts: Mapping[str, Any], window: int, horizon: int
) -> Origins:
    """Every origin whose targets all lie after the model's validation part; raises DataError."""
    first = max(data.starts[1] - 1, window)  # the first row has no past to difference
    origins = np.arange(first, len(data.dates) - horizon, dtype=np.int64)
    if len(origins) == 0:
        start, end = (period_text(day, data.period) for day in (data.dates[0], data.dates[-1]))
        raise DataError(
            f"the series, {start} to {end}, have no origin with {window} "
            f"periods before it and {horizon} after it from {origin_spans(facts)[2]} on, where the "
            "model's test period begins"
        )
    return origins


def origins_of_validation(data: SeriesData, window: int, horizon: int) -> Origins:
    """Every origin whose targets all lie in the model's validation part; may be none."""
    first = max(data.starts[0] - 1, window)
    return np.arange(first, max(first, data.starts[1] - horizon), dtype=np.int64)
