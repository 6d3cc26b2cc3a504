"""Reading a column of dates, written one way throughout."""

import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dlexplain.results.words import QUARTER, period_text

FORMATS = (
    "ISO8601", "%Y%m%d", "%Y%m", "%Y", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d",
    "%Y.%m.%d", "%d.%m.%y", "%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S",
    "%YM%m", "%b %Y", "%B %Y", "%b-%Y", "%m/%Y", "%d %b %Y", "%b %d, %Y",
)  # fmt: skip
NUMBERED = ("date", "year", "time", "period")
"""Names of columns whose whole numbers may be dates, such as 1990."""
_OFFSET = r"(:\d\d(?:\.\d+)?)\s*(?:Z|[+-]\d\d:?\d\d)$"


def read_dates(column: "pd.Series[str]") -> "pd.Series[pd.Timestamp]":
    """Days without time or zone; NaT where there is no date.

    Of the ways that read the whole column, such as month or day first, the one with the most even
    steps is taken. A quarter such as 1990Q1 is its first day.
    """
    text = column.astype("string").str.strip().str.replace(_OFFSET, r"\1", regex=True)
    if text.notna().all() and text.str.fullmatch(QUARTER.pattern).all():
        parts = text.str.extract(QUARTER)
        text = parts[0] + "-" + (parts[1].astype(int) * 3 - 2).astype(str).str.zfill(2)
    read = [_read(text, form) for form in FORMATS]
    whole = [dates for dates in read if dates.notna().all()]
    if whole:
        return min(whole, key=_unevenness).dt.floor("D")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas warns where it has to guess
        dates = _read(text, "mixed")
    return dates.dt.floor("D")


def _read(text: "pd.Series[str]", form: str) -> "pd.Series[pd.Timestamp]":
    """By one way, all in one zone: a column of several zones has no type."""
    return pd.to_datetime(text, errors="coerce", format=form, utc=True).dt.tz_localize(None)


def _unevenness(dates: "pd.Series[pd.Timestamp]") -> float:
    """Standard deviation of the steps over their mean."""
    steps = np.diff(np.sort(dates.to_numpy().astype("datetime64[s]")).astype(np.int64))
    return float(steps.std() / steps.mean()) if len(steps) and steps.mean() > 0 else np.inf


def dates_after(last: np.datetime64, period: int, count: int) -> NDArray[np.datetime64]:
    """The next `count` dates of a series with `period` observations a year.

    Months keep their day, and a month's last day stays the last day.
    """
    ahead = np.arange(1, count + 1)
    if period not in (1, 4, 12):
        step = {52: 7}.get(period, 1)
        return np.asarray(last.astype("datetime64[D]") + step * ahead)
    months = last.astype("datetime64[M]") + 12 // period * ahead
    lasts = np.asarray((months + 1).astype("datetime64[D]") - 1)
    month = last.astype("datetime64[M]")
    if last == (month + 1).astype("datetime64[D]") - 1:
        return lasts
    day = last.astype("datetime64[D]") - month.astype("datetime64[D]")
    return np.asarray(np.minimum(months.astype("datetime64[D]") + day, lasts))


def period_before(day: str, period: int, count: int) -> str:
    """The period so many before a date's, as it is written: 1998Q4 is one before 1999-01-01."""
    last = np.datetime64(day, "D")
    if period in (1, 4, 12):
        return period_text(
            (last.astype("datetime64[M]") - 12 // period * count).astype("datetime64[D]"), period
        )
    return period_text(last - {52: 7}.get(period, 1) * count, period)


def missing_between(here: np.datetime64, then: np.datetime64, period: int) -> str:
    """The periods between two rows: "1984-01 is missing", or "" where there is none."""
    days = dates_after(here, period, int((then - here).astype(int)))
    written = [period_text(day, period) for day in days[days < then]]
    names = [name for name in written if name != period_text(then, period)]
    if not names:
        return ""
    if len(names) == 1:
        return f"{names[0]} is missing"
    return f"{names[0]} {'and' if len(names) == 2 else 'to'} {names[-1]} are missing"
