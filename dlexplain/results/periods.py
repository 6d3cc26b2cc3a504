"""Periods as people write them: 2007Q3, 2021-07; files and JSON keep whole dates."""

import re

import numpy as np

QUARTER = re.compile(r"(\d{4})[- ]?Q([1-4])")
_DAY_FIRST = re.compile(r"(?:(\d{1,2})\.)?(\d{1,2})\.(\d{4})")


def iso_date(text: str) -> str:
    """1990-04 for 1990Q2, 2021-12-31 for 31.12.2021, 2021-12 for 12.2021; anything else stays."""
    said = text.strip()
    if found := QUARTER.fullmatch(said):
        return f"{found[1]}-{3 * int(found[2]) - 2:02d}"
    if found := _DAY_FIRST.fullmatch(said):
        day, month, year = found.groups()
        return f"{year}-{int(month):02d}" + (f"-{int(day):02d}" if day else "")
    return said


def period_text(day: np.datetime64 | str, period: int) -> str:
    """A date of a series with `period` observations a year.

    2007 of yearly, 2007Q3 of quarterly and 2007-09 of monthly series; else the date as it is.
    """
    date = str(day)[:10]
    year, month = date[:4], int(date[5:7])
    if period == 1:
        return year
    if period == 4:
        return f"{year}Q{(month + 2) // 3}"
    return date[:7] if period == 12 else date


def period_format(period: int) -> str:
    """The same for plotly, in d3's letters."""
    return {1: "%Y", 4: "%YQ%q", 12: "%Y-%m"}.get(period, "%Y-%m-%d")
