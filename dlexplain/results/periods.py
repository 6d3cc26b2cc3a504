"""Periods as people write them: 2007Q3, 2021-07; files and JSON keep whole dates."""

import numpy as np


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
