"""Which periods a table's dates are of, found from all of them, and which of these have no row."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.dates import dates_after, missing_between
from dlexplain.errors import DataError

Days = NDArray[np.datetime64]
PERIODS = {365: 1, 91: 4, 30: 12, 7: 52, 1: 365}
"""Days between observations -> observations a year."""
FARTHEST = 1.3
"""By how many times the usual step may be longer or shorter than a period."""
MOST_GAPS = 0.05
"""Part of a series that may be filled."""
MOST_IN_A_ROW = 3
"""Days of every-day series that may be filled, one after the other."""
MOST_HOLIDAYS = 0.08
LONGEST_HOLIDAY = 7
"""Part of the days of a week without weekends, and of them one after the other, that may lack."""
USUAL_SHARE = 0.5
"""A day of the week on which at least this part of the weeks has a row is one of the calendar."""
NAMED = 3


@dataclass(frozen=True)
class Calendar:
    """The dates that there should be, one period apart.

    period  observations a year
    days    with those that have no row and are to be filled
    notes   what was filled, or taken for a holiday
    """

    period: int
    days: Days
    notes: tuple[str, ...] = ()


def find_calendar(days: Days) -> Calendar:
    """Of dates that ascend, each once.

    Days may be of the whole week or of some of its days only, such as Monday to Friday, which all
    dates together tell. In a whole week a few missing days are filled; of some days the missing
    ones are holidays.
    Raises DataError, naming the first place, where periods are left out or have several rows.
    """
    steps = np.diff(days).astype(int)
    usual = max(float(np.median(steps)), 1.0)
    step = min(PERIODS, key=lambda d: abs(np.log(d / usual)))
    if not step / FARTHEST < usual < step * FARTHEST:
        raise DataError(
            f"dates are {usual:g} days apart; daily, weekly, monthly, quarterly and yearly series "
            "are accepted"
        )
    if step == 1:
        return _daily(days)
    _check_steps(days, steps, usual, PERIODS[step])
    return Calendar(PERIODS[step], days)


def _check_steps(days: Days, steps: NDArray[np.int64], usual: float, period: int) -> None:
    """Weeks, months, quarters and years: each has one row."""
    ahead = np.ones(len(steps), int)  # periods from row to row
    if period in (1, 4, 12):
        months = days.astype("datetime64[M]").astype(int)
        ahead = np.diff((months - months[0] % (12 // period)) // (12 // period))
    # A month's last day may be written as the next one's first: both must say so.
    left_out = np.flatnonzero((steps > 1.6 * usual) | ((ahead > 1) & (steps > 1.4 * usual)))
    if len(left_out):
        place = int(left_out[0])
        missing = missing_between(days[place], days[place + 1], period)
        raise DataError(
            f"{missing + ': ' if missing else ''}dates are {usual:g} days apart, but "
            f"{days[place]} is followed by {days[place + 1]}; each period needs a row"
        )
    extra = np.flatnonzero((steps < usual / 1.6) | ((ahead < 1) & (steps < usual / 1.4)))
    if len(extra):
        place = int(extra[0])
        raise DataError(
            f"dates are {usual:g} days apart, but {days[place]} is followed by "
            f"{days[place + 1]}; each period may have one row"
        )


def weekdays_of(days: Days) -> tuple[int, ...]:
    """Days of the week, 0 for Monday, that are in the calendar of daily dates: all that occur in
    half of the weeks or more."""
    every = np.arange(days[0], days[-1] + 1)
    weeks = np.bincount(_weekday(every), minlength=7)
    found = np.bincount(_weekday(days), minlength=7)
    return tuple(np.flatnonzero(found >= USUAL_SHARE * np.maximum(weeks, 1)).tolist())


def dates_ahead(known: Days, period: int, count: int) -> Days:
    """The next `count` dates after those known, on the days of the week that these have."""
    weekdays = weekdays_of(known) if period == 365 else ()
    if len(weekdays) in (0, 7):
        return dates_after(known[-1], period, count)
    week = [day in weekdays for day in range(7)]
    ahead = np.arange(1, count + 1)
    return np.busday_offset(known[-1], ahead, roll="backward", weekmask=week)


def _weekday(days: Days) -> NDArray[np.int64]:
    """0 for Monday; 1970-01-01 was a Thursday."""
    return (days.astype("datetime64[D]").astype(np.int64) + 3) % 7


def _daily(days: Days) -> Calendar:
    weekdays = weekdays_of(days)
    every = np.arange(days[0], days[-1] + 1)
    expected = every[np.isin(_weekday(every), weekdays)]
    missing = np.setdiff1d(expected, days)
    if not len(missing):
        return Calendar(365, days)
    whole = len(weekdays) == 7
    share = len(missing) / max(1, len(expected))
    row = np.searchsorted(expected, missing)  # one after the other where these are
    runs = np.split(missing, np.flatnonzero(np.diff(row) > 1) + 1)
    longest = max(runs, key=len)
    most, length = (MOST_GAPS, MOST_IN_A_ROW) if whole else (MOST_HOLIDAYS, LONGEST_HOLIDAY)
    if share > most or len(longest) > length:
        raise DataError(
            f"{len(missing):,} of {len(expected):,} days have no row, {len(longest)} of them one "
            f"after the other from {longest[0]} on; at most {most:.0%} and {length} one after the "
            "other are accepted"
        )
    named = ", ".join(map(str, missing[:NAMED]))
    named += f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
    one = len(missing) == 1
    told = f"{len(missing):,} {'day' if one else 'days'} without a row {'was' if one else 'were'}"
    if not whole:
        note = f"{told} taken for holidays ({named})"
        return Calendar(365, days, (note,))
    note = f"{told} put in ({named})"
    return Calendar(365, np.union1d(days, missing), (note,))
