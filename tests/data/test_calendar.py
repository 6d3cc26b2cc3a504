"""Days, weeks and months that have no row, or several: filled, taken for holidays, or refused."""

import codecs

import numpy as np
import pandas as pd
import pytest

from dlexplain.data.calendar import dates_ahead, find_calendar, weekdays_of
from dlexplain.data.dates import read_dates
from dlexplain.data.series import place_of
from dlexplain.data.tables import read_table
from dlexplain.errors import DataError
from dlexplain.results import iso_date


def days_of(frequency: str, count: int, start: str = "2021-01-01") -> list[str]:
    return pd.date_range(start, periods=count, freq=frequency).strftime("%Y-%m-%d").tolist()


def table(days: list[str]) -> bytes:
    """The value of a row is its place."""
    return "\n".join(["date,a", *(f"{day},{place}" for place, day in enumerate(days))]).encode()


def test_missing_days_of_a_whole_week_are_filled_and_said() -> None:
    days = days_of("D", 200)
    gone = {"2021-02-06", "2021-02-07", "2021-05-03"}  # a Saturday with its Sunday, and a Monday
    read = read_table(table([day for day in days if day not in gone]))
    assert read.dates.astype(str).tolist() == days
    assert read.notes[0] == (
        "3 days without a row were put in (2021-02-06, 2021-02-07, 2021-05-03)"
    )
    assert "missing values took the value before them" in read.notes[1]
    assert read.values[35:39, 0].tolist() == [35, 35, 35, 36]  # from 2021-02-05 on


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (slice(30, 34), "4 of 200 days have no row, 4 of them one after the other from 2021-01-31"),
        (slice(1, 199, 10), "20 of 200 days have no row, 1 of them .* at most 5% and 3"),
    ],
)
def test_too_many_missing_days_are_refused(gone: slice, said: str) -> None:
    days = days_of("D", 200)
    del days[gone]
    with pytest.raises(DataError, match=said):
        read_table(table(days))


def test_weekends_and_holidays_are_no_gaps_where_weeks_have_no_weekends() -> None:
    days = days_of("B", 260)
    assert read_table(table(days)).notes == ()
    assert weekdays_of(np.array(days, "datetime64[D]")) == (0, 1, 2, 3, 4)
    kept = [day for day in days if day not in ("2021-04-02", "2021-04-05")]  # Easter
    read = read_table(table(kept))
    assert read.dates.astype(str).tolist() == kept
    assert read.notes == ("2 days without a row were taken for holidays (2021-04-02, 2021-04-05)",)
    del kept[20:30]
    with pytest.raises(DataError, match="10 of them one after the other"):
        read_table(table(kept))


@pytest.mark.parametrize(
    ("frequency", "said"),
    [
        ("W-MON", "2021-04-12 is missing: dates are 7 days apart, but 2021-04-05 is followed"),
        ("MS", "2022-03 is missing"),
        ("ME", "2022-03 is missing"),
        ("QS", "2024Q3 is missing"),
        ("YS", "2035 is missing"),
    ],
)
def test_other_periods_without_a_row_are_refused(frequency: str, said: str) -> None:
    days = days_of(frequency, 80)
    del days[14]
    with pytest.raises(DataError, match=said):
        read_table(table(days))


def test_a_month_with_two_rows_is_refused() -> None:
    days = sorted([*days_of("MS", 70), "2022-03-21"])
    with pytest.raises(DataError, match="2022-03-01 is followed by 2022-03-21; each period may"):
        read_table(table(days))


def test_a_months_last_day_may_be_the_next_ones_first() -> None:
    days = np.array(days_of("ME", 70), "datetime64[D]")
    days[::7] += 1
    assert find_calendar(days).period == 12


@pytest.mark.parametrize("frequency", ["2D", "3D", "14D", "2MS"])
def test_steps_of_no_calendar_are_refused(frequency: str) -> None:
    with pytest.raises(DataError, match="days apart; daily, weekly, monthly, quarterly and yearly"):
        read_table(table(days_of(frequency, 80)))


def test_hours_are_refused_in_a_sentence() -> None:
    hours = pd.date_range("2021-01-01", periods=100, freq="h").strftime("%Y-%m-%d %H:%M").tolist()
    del hours[50]
    with pytest.raises(DataError, match="stands 24 times; .* series of hours or minutes are not"):
        read_table(table(hours))


def test_unsorted_days_with_a_gap_are_sorted_and_filled() -> None:
    days = days_of("D", 100)
    del days[40]
    read = read_table(table(days[::-1]))
    assert read.dates.astype(str).tolist() == days_of("D", 100)
    assert read.notes[:2] == (
        "dates were out of order and have been sorted",
        "1 day without a row was put in (2021-02-10)",
    )


@pytest.mark.parametrize("form", ["%d.%m.%Y", "%d.%m.%y", "%d.%m.%Y %H:%M"])
def test_german_dates_of_excel_in_utf_16(form: str) -> None:
    days = pd.date_range("2021-01-31", periods=70, freq="ME")
    rows = [f"{day:{form}}\t{place},5" for place, day in enumerate(days)]
    content = "\r\n".join(["Datum\tWert", *rows])
    for data in (codecs.BOM_UTF16_LE + content.encode("utf-16-le"), content.encode("utf-16-le")):
        read = read_table(data)
        assert read.period == 12 and str(read.dates[-1]) == str(days[-1].date())
        assert read.values[:2, 0].tolist() == [0.5, 1.5]


def test_english_numbers_between_tabs() -> None:
    rows = [f"{day}\t1,{100 + place}.5" for place, day in enumerate(days_of("MS", 70))]
    read = read_table("\n".join(["date\ta", *rows]).encode())
    assert read.values[:2, 0].tolist() == [1100.5, 1101.5]


def test_german_months() -> None:
    assert read_dates(pd.Series(["12.2020", "01.2021"])).dt.strftime("%Y-%m").tolist() == [
        "2020-12", "2021-01",
    ]  # fmt: skip


def test_german_dates_stand_for_places() -> None:
    days = np.array(days_of("MS", 24), "datetime64[D]")
    assert [place_of(days, text) for text in ("31.12.2021", "1.2.2021", "03.2021")] == [12, 1, 2]
    assert [iso_date(text) for text in ("31.12.2021", " 2021Q3", "2021-05", "soon")] == [
        "2021-12-31", "2021-07", "2021-05", "soon",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("frequency", "period", "expected"),
    [
        ("B", 365, ["2021-03-12", "2021-03-15", "2021-03-16"]),  # Friday, Monday, Tuesday
        ("D", 365, ["2021-02-20", "2021-02-21", "2021-02-22"]),
        ("W-FRI", 52, ["2021-12-17", "2021-12-24", "2021-12-31"]),
        ("MS", 12, ["2025-03-01", "2025-04-01", "2025-05-01"]),
    ],
)
def test_dates_ahead_are_on_days_of_the_calendar(
    frequency: str, period: int, expected: list[str]
) -> None:
    known = np.array(days_of(frequency, 50), "datetime64[D]")
    assert dates_ahead(known, period, 3).astype(str).tolist() == expected
