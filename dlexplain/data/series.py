"""Series over time: read from a table, checked, made stationary, scaled, split by time.

McCracken and Ng, "FRED-MD: A Monthly Database for Macroeconomic Research", 2016,
https://doi.org/10.1080/07350015.2015.1086655, define the transform codes used here.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dlexplain.data.base import SeriesData, digest_of
from dlexplain.errors import DataError

LARGEST_INPUT = 5.0
"""Scaled inputs are cut to plus and minus this; April 2020 would else be 50."""
MOST_GAPS = 0.05
"""A larger share of missing values in a column is an error."""
LOG_CODES = (4, 5, 6)
LEAST_ROWS = 60
PERIODS = {365: 1, 91: 4, 30: 12, 7: 52, 1: 365}
"""Days between observations -> observations a year."""


def transform(values: NDArray[np.float64], code: int) -> NDArray[np.float64]:
    """FRED-MD's stationary forms, (time,) -> (time,); the first values, without a past, are NaN.

    1 x, 2 first difference, 3 second difference, 4 log x, 5 and 6 first and second difference of
    log x, 7 first difference of the relative change. Raises DataError for another code, or a
    logarithm of what is not above zero.
    """
    if code in LOG_CODES and np.nanmin(values) <= 0:
        raise DataError(f"transform code {code} takes a logarithm, but the series is not above 0")
    match code:
        case 1:
            return values.astype(np.float64)
        case 2:
            return _difference(values)
        case 3:
            return _difference(_difference(values))
        case 4:
            return np.log(values)
        case 5:
            return _difference(np.log(values))
        case 6:
            return _difference(_difference(np.log(values)))
        case 7:
            before = np.concatenate([[np.nan], values[:-1]])
            return _difference(values / before - 1)
    raise DataError(f"transform code is {code}; 1 to 7 are known")


def _difference(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([[np.nan], np.diff(values)])


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers with dates, checked: dates ascend one period apart, no value is missing.

    values  (time, series) float64
    period  observations a year
    """

    dates: NDArray[np.datetime64]
    values: NDArray[np.float64]
    names: tuple[str, ...]
    period: int
    notes: tuple[str, ...] = ()


def read_table(
    source: Path | bytes,
    date_column: str = "",
    columns: Sequence[str] = (),
    skip_rows: Sequence[int] = (),
) -> Table:
    """A CSV with a date column and numbers; `columns` chooses some, by default all.

    Raises DataError, naming the column and the first date, for: no rows, no dates, unreadable or
    duplicate dates, periods left out, text where numbers belong, more than 5% of a column missing.
    Unordered dates are sorted and small gaps filled from the past, and `notes` says so.
    """
    frame = _read_csv(source, skip_rows)
    name = _date_column(frame, date_column)
    dates = pd.to_datetime(frame[name], errors="coerce", format="mixed")
    if dates.isna().any():
        place = int(np.flatnonzero(dates.isna())[0])
        raise DataError(f'"{frame[name].iloc[place]}" in column "{name}" is no date')
    notes = []
    if not dates.is_monotonic_increasing:
        notes.append("dates were out of order and have been sorted")
        frame, dates = frame.loc[dates.sort_values().index], dates.sort_values()
    if dates.duplicated().any():
        first = dates[dates.duplicated()].iloc[0].date()
        raise DataError(f"the date {first} stands {int((dates == dates[dates.duplicated()].iloc[0]).sum())} times; each may stand once")  # fmt: skip  # noqa: E501
    period = _period(dates)
    wanted = _columns(frame, name, columns)
    numbers = frame[wanted].apply(lambda c: pd.to_numeric(c, errors="coerce"))
    text = [c for c in wanted if numbers[c].isna().sum() > frame[c].isna().sum()]
    if text:
        bad = frame[text[0]][numbers[text[0]].isna() & frame[text[0]].notna()].iloc[0]
        raise DataError(f'column "{text[0]}" has text ("{bad}"); columns of numbers are accepted')
    numbers = numbers.replace([np.inf, -np.inf], np.nan)
    filled, more = _without_gaps(numbers, dates)
    return Table(
        dates.to_numpy().astype("datetime64[D]"),
        filled.to_numpy(np.float64),
        tuple(map(str, wanted)),
        period,
        (*notes, *more),
    )


def _read_csv(source: Path | bytes, skip_rows: Sequence[int]) -> pd.DataFrame:
    try:
        opened = source if isinstance(source, Path) else io.BytesIO(source)
        frame = pd.read_csv(opened, skiprows=list(skip_rows) or None)
    except FileNotFoundError as error:
        raise DataError(f"{source!s} is not there; a CSV file is accepted") from error
    except (OSError, ValueError) as error:  # pandas' parser errors are ValueErrors
        raise DataError(f"this is no CSV that can be read: {error}") from error
    frame = frame.dropna(how="all")
    if len(frame) < LEAST_ROWS:
        raise DataError(f"the CSV has {len(frame)} rows; at least {LEAST_ROWS} are needed")
    return frame.reset_index(drop=True)


def _date_column(frame: pd.DataFrame, wanted: str) -> str:
    if wanted:
        if wanted not in frame:
            raise DataError(f'there is no column "{wanted}"; there are {_some(list(frame))}')
        return wanted
    for name in frame:
        if frame[name].dtype.kind not in "if" and pd.to_datetime(
            frame[name].head(20), errors="coerce", format="mixed"
        ).notna().all():  # fmt: skip
            return str(name)
    raise DataError(f"no column holds dates; there are {_some(list(frame))}")


def _period(dates: "pd.Series[pd.Timestamp]") -> int:
    steps = dates.diff().dropna().dt.days
    usual = float(steps.median())
    days = min(PERIODS, key=lambda d: abs(np.log(d / max(usual, 0.5))))
    left_out = np.flatnonzero(steps.to_numpy() > 1.6 * max(usual, 1.0) + (2 if days == 1 else 0))
    if len(left_out):
        after = dates.iloc[int(left_out[0])].date()
        raise DataError(
            f"dates are {usual:g} days apart, but after {after} {len(left_out)} of them are left "
            "out; each period needs a row"
        )
    return PERIODS[days]


def _columns(frame: pd.DataFrame, date: str, wanted: Sequence[str]) -> list[str]:
    missing = [c for c in wanted if c not in frame]
    if missing:
        raise DataError(
            f"there is no series {', '.join(missing)}; there are {_some([c for c in frame if c != date])}"  # noqa: E501
        )
    return list(wanted) or [str(c) for c in frame if c != date]


def _without_gaps(
    numbers: pd.DataFrame, dates: "pd.Series[pd.Timestamp]"
) -> tuple[pd.DataFrame, list[str]]:
    notes = []
    shares = numbers.isna().mean()
    many = [str(c) for c in numbers if shares[c] > MOST_GAPS]
    if many:
        first = dates.iloc[int(np.flatnonzero(numbers[many[0]].isna())[0])].date()
        raise DataError(
            f'column "{many[0]}" lacks {shares[many[0]]:.0%} of its values, from {first} on'
            + (f" (and so do {_some(many[1:])})" if many[1:] else "")
            + f"; at most {MOST_GAPS:.0%} are filled"
        )
    few = [str(c) for c in numbers if shares[c] > 0]
    if few:
        notes.append(f"missing values of {_some(few)} took the value before them")
    filled = numbers.ffill().bfill()
    constant = [str(c) for c in filled if filled[c].nunique() < 2]
    if constant:
        raise DataError(f'column "{constant[0]}" never changes; leave it out')
    return filled, notes


def _some(names: Sequence[object], most: int = 8) -> str:
    shown = ", ".join(map(str, names[:most]))
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def make_series(
    table: Table,
    codes: Mapping[str, int],
    targets: Sequence[str],
    starts: tuple[int, int],
) -> SeriesData:
    """Transform each series by its code (2, a difference, where none is given) and scale it.

    starts  first rows of the validation and of the test part
    """
    unknown = [name for name in targets if name not in table.names]
    if unknown:
        raise DataError(f"there is no series {unknown[0]}; there are {_some(table.names)}")
    if not 0 < starts[0] < starts[1] < len(table.dates):
        raise DataError(
            f"validation starts at row {starts[0]} and testing at row {starts[1]} of "
            f"{len(table.dates)}; each part needs rows"
        )
    stationary = np.stack(
        [transform(table.values[:, i], codes.get(n, 2)) for i, n in enumerate(table.names)], axis=1
    )
    known = stationary[: starts[0]]
    mean, scale = np.nanmean(known, axis=0), np.maximum(np.nanstd(known, axis=0), 1e-12)
    scaled = np.clip((stationary - mean) / scale, -LARGEST_INPUT, LARGEST_INPUT)
    places = tuple(table.names.index(name) for name in targets)
    return SeriesData(
        dates=table.dates,
        levels=table.values,
        inputs=np.nan_to_num(scaled, nan=0.0),
        names=table.names,
        targets=places,
        logs=tuple(codes.get(name, 2) in LOG_CODES for name in targets),
        starts=starts,
        period=table.period,
        digest=digest_of(table.values),
        notes=table.notes,
        input_scale=(mean, scale),
    )


def place_of(dates: NDArray[np.datetime64], text: str) -> int:
    """The first row at or after a date such as 2015-01; raises DataError for what is no date."""
    try:
        wanted = np.datetime64(text)
    except ValueError as error:
        raise DataError(f'"{text}" is no date; such as 2015-01 is accepted') from error
    return int(np.searchsorted(dates, wanted.astype("datetime64[D]")))


def names_in(text: str) -> list[str]:
    """The names in a comma-separated list."""
    return [name.strip() for name in text.split(",") if name.strip()]
