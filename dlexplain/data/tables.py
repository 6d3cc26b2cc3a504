"""Reading a table of numbers over time from a CSV, with everything checked."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dlexplain.data.calendar import MOST_GAPS, Calendar, find_calendar
from dlexplain.data.dates import NUMBERED, read_dates
from dlexplain.data.text_bytes import decoded, separator
from dlexplain.errors import DataError, NoSeries
from dlexplain.results.words import period_text
from dlexplain.server_files import read_regular

MOST_HOLES = 3
"""Of a column, that are named."""
LEAST_ROWS = 60
_DECIMAL_COMMA = re.compile(r"\d,(\d{1,2}|\d{4,})\s")
"""In a table with tabs between: a comma before other than three digits, at the end of a cell."""
_COLUMNS = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
THOUSANDS = {",": r"[+-]?\d{1,3}(,\d{3})*(\.\d*)?", ".": r"[+-]?\d{1,3}(\.\d{3})*(,\d*)?"}
"""What stands between thousands -> numbers that have it."""


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
    least_rows: int = LEAST_ROWS,
    needed: bool = False,
) -> Table:
    """A CSV with a date column and numbers; `columns` chooses some, by default all.

    Commas, semicolons or tabs stand between columns, and but for the first a comma may be the
    decimal point.
    needed  whether a model needs each of `columns`, so that none can be left out

    Raises DataError, naming the column and the first date, for: no rows, no dates, unreadable or
    duplicate dates, periods left out or in between, text where numbers belong, more than
    5% of a column missing or infinite.
    Days without a row are filled or taken for holidays as `find_calendar` says. Unordered dates
    are sorted, small gaps take the value before them (at the start, the one
    after), a column that is chosen is found whatever its case where only one fits, and one of
    numbers such as 2,710.3 has its separators taken out; `notes` says so.
    """
    frame, thousands = _read_csv(source, skip_rows, least_rows)
    name = _date_column(frame, date_column)
    dates = read_dates(frame[name])
    if dates.isna().any():
        place = int(np.flatnonzero(dates.isna())[0])
        bad = frame[name].iloc[place]
        said = f"row {place + 1} has none" if pd.isna(bad) else f'"{bad}" is no date'
        raise DataError(f'{said} in column "{name}"; each row needs a date such as 2015-01-31')
    notes = []
    if not dates.is_monotonic_increasing:
        notes.append("dates were out of order and have been sorted")
        frame, dates = frame.loc[dates.sort_values().index], dates.sort_values()
    if dates.duplicated().any():
        first = dates[dates.duplicated()].iloc[0]
        times = int((dates == first).sum())
        raise DataError(
            f"the date {first.date()} stands {times} times; each day may stand once, as series of "
            "hours or minutes are not read"
        )
    calendar = find_calendar(dates.to_numpy().astype("datetime64[D]"))
    period = calendar.period
    frame, dates = _on_calendar(frame, dates, calendar)
    notes += calendar.notes
    frame, renamed = _whatever_case(frame, name, columns)
    notes += renamed
    wanted = _columns(frame, name, columns)
    separated = [c for c in wanted if _has_separators(frame[c], thousands)]
    for column in separated:
        frame[column] = _without_separators(frame[column], thousands)
    if separated:
        mark = "commas" if thousands == "," else "points"
        notes.append(f"{mark} in {some(separated)} were read as separators of thousands")
    numbers = frame[wanted].apply(lambda c: pd.to_numeric(c, errors="coerce"))
    text = [c for c in wanted if numbers[c].isna().sum() > frame[c].isna().sum()]
    if text:
        bad = frame[text[0]][numbers[text[0]].isna() & frame[text[0]].notna()].iloc[0]
        raise DataError(f'column "{text[0]}" has the text "{bad}"; numbers are accepted')
    endless = [c for c in wanted if np.isinf(numbers[c]).any()]
    numbers = numbers.replace([np.inf, -np.inf], np.nan)
    filled, more = _without_gaps(numbers, dates, period, needed)
    if endless:
        more.append(f"infinite values of {some(endless)} were taken for missing ones")
    return Table(
        dates.to_numpy().astype("datetime64[D]"),
        filled.to_numpy(np.float64),
        tuple(map(str, wanted)),
        period,
        (*notes, *more),
    )


def column_names(source: Path | bytes) -> tuple[str, ...]:
    """Of a CSV but its dates, whatever they hold; raises DataError as `read_table` does."""
    frame, _ = _read_csv(source, (), 0)
    date = _date_column(frame.iloc[1:], "")  # the first row may be FRED-MD's codes
    return tuple(str(column) for column in frame if column != date)


def _read_csv(
    source: Path | bytes, skip_rows: Sequence[int], least_rows: int
) -> tuple[pd.DataFrame, str]:
    """The rows, and what may stand between thousands: a comma, or a point after a decimal comma."""
    thousands, decimal = ",", "."
    try:
        content = decoded(source if isinstance(source, bytes) else read_regular(source))
        comma = separator(content)
        if comma == ";" or (comma == "\t" and _DECIMAL_COMMA.search(content)):
            thousands, decimal = ".", ","  # as Excel writes in Europe
        frame = pd.read_csv(
            io.StringIO(content), skiprows=list(skip_rows) or None, sep=comma, decimal=decimal
        )
    except FileNotFoundError as error:
        raise DataError(f"{source!s} is not there; a CSV file is accepted") from error
    except pd.errors.EmptyDataError as error:
        raise DataError("the file is empty; a CSV with a header and rows is accepted") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{_called(source)} is no text: it holds bytes that a picture, a spreadsheet or "
            "another encoding has; a CSV saved as UTF-8 is accepted"
        ) from error
    except (OSError, ValueError) as error:  # pandas' parser errors are ValueErrors
        why = _why(error)
        name = _called(source)
        raise DataError(f"{name} is no CSV that can be read ({why}); UTF-8 is accepted") from error
    frame = frame.dropna(how="all")
    if len(frame) < least_rows:
        raise DataError(f"the CSV has {len(frame)} rows; at least {least_rows} are needed")
    return frame.reset_index(drop=True), thousands


def _has_separators(column: "pd.Series[str]", thousands: str) -> bool:
    """Whether every value is such as 2,710.3, and one at least has the separator."""
    if column.dtype.kind in "iufb":
        return False
    text = column.dropna().astype(str).str.strip()
    fits = text.str.fullmatch(THOUSANDS[thousands]).all()
    return bool(fits and text.str.contains(thousands, regex=False).any())


def _without_separators(column: "pd.Series[str]", thousands: str) -> "pd.Series[str]":
    text = column.astype("string").str.strip().str.replace(thousands, "", regex=False)
    return text.str.replace(",", ".", regex=False)  # a decimal comma, where one is left


def _called(source: Path | bytes) -> str:
    return source.name if isinstance(source, Path) else "this"


def _why(error: Exception) -> str:
    """pandas' or the system's reason, without the jargon that is known."""
    said = " ".join((getattr(error, "strerror", None) or str(error)).split())
    found = _COLUMNS.search(said)
    if found is None:
        return said
    return f"line {found[2]} has {found[3]} columns, those before it {found[1]}"


def _date_column(frame: pd.DataFrame, wanted: str) -> str:
    if wanted:
        if wanted not in frame:
            raise DataError(f'there is no column "{wanted}"; there are {some(list(frame))}')
        return wanted
    for name in frame:
        numbers = frame[name].dtype.kind in "iufb"
        if numbers and (frame[name].dtype.kind != "i" or str(name).lower() not in NUMBERED):
            continue
        if read_dates(frame[name].head(20)).notna().all():
            return str(name)
    raise DataError(
        f"no column holds dates such as 2015-01-31; the columns are {some(list(frame))}"
    )


def _on_calendar(
    frame: pd.DataFrame, dates: "pd.Series[pd.Timestamp]", calendar: Calendar
) -> tuple[pd.DataFrame, "pd.Series[pd.Timestamp]"]:
    """With a row, empty but for its date, for each day of the calendar that has none."""
    days = pd.DatetimeIndex(calendar.days)
    whole = frame.set_axis(pd.DatetimeIndex(dates), axis=0).reindex(days)
    return whole.reset_index(drop=True), pd.Series(days)


def _whatever_case(
    frame: pd.DataFrame, date: str, wanted: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Columns named as they are wanted, where one alone differs in case only."""
    others = [str(column) for column in frame if column != date]
    found = {}
    for name in wanted:
        fits = [other for other in others if other.strip().lower() == name.strip().lower()]
        if name not in others and len(fits) == 1 and fits[0] not in wanted:
            found[fits[0]] = name
    notes = [f'column "{other}" was read as {name}' for other, name in found.items()]
    return frame.rename(columns=found), notes


def _columns(frame: pd.DataFrame, date: str, wanted: Sequence[str]) -> list[str]:
    others = [str(c) for c in frame if c != date]
    missing = [c for c in wanted if c not in others]
    if missing:
        raise NoSeries(f"there is no series {', '.join(missing)}; there are {some(others)}")
    if not others:
        raise DataError(f'the CSV has one column only, "{date}"; columns of numbers are needed too')
    return list(dict.fromkeys(wanted)) or others


def _without_gaps(
    numbers: pd.DataFrame, dates: "pd.Series[pd.Timestamp]", period: int, needed: bool
) -> tuple[pd.DataFrame, list[str]]:
    notes = []
    shares = numbers.isna().mean()
    many = [str(c) for c in numbers if shares[c] > MOST_GAPS]
    if many:
        first = dates.iloc[int(np.flatnonzero(numbers[many[0]].isna())[0])].date()
        raise DataError(
            f'column "{many[0]}" lacks {shares[many[0]]:.0%} of its values, from {first} on'
            + (f" (and so do {some(many[1:])})" if many[1:] else "")
            + f"; at most {MOST_GAPS:.0%} are filled"
        )
    few = [str(c) for c in numbers if shares[c] > 0]
    if few:
        found = []
        for column in few:
            holes = dates[numbers[column].isna()].to_numpy().astype("datetime64[D]")
            where = some([period_text(day, period) for day in holes], MOST_HOLES)
            found.append(f"{len(holes)} of {column} ({where})")
        notes.append(
            "missing values took the value before them (at the start, the one after): "
            + some(found)
        )
    filled = numbers.ffill().bfill()
    constant = [str(c) for c in filled if filled[c].nunique() < 2]
    if constant:
        way = "the model needs this series, and it must vary" if needed else "leave it out"
        raise DataError(f'column "{constant[0]}" never changes; {way}')
    return filled, notes


def some(names: Sequence[object], most: int = 8) -> str:
    """The first few of many names, for a sentence."""
    shown = ", ".join(map(str, names[:most]))
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
