"""Where series come from: packages, made-up ones, CSVs; and what is said of bad ones."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dlexplain.data.base import SeriesData
from dlexplain.data.dates import dates_after
from dlexplain.data.example_series import as_csv, example_table
from dlexplain.data.given_table import as_trained
from dlexplain.errors import DataError, UnknownName
from dlexplain.services.forecast.sources import (
    EXAMPLE,
    OWN,
    default_source,
    example_csv,
    read_csv,
    read_own,
    read_source,
    sources,
)
from dlexplain.trained.catalogue import entries, find

FRED = "fred-transformer"


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def bytes_of(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def read(rows: list[list[str]]) -> SeriesData:
    return read_csv(find(FRED, "forecast").trained, bytes_of(rows), "mine.csv").data


def good() -> list[list[str]]:
    return rows_of(example_csv(find(FRED, "forecast").trained))


def test_the_example_is_a_file_that_the_model_reads() -> None:
    model = find(FRED, "forecast").trained
    data = read(good())
    assert data.names == tuple(model.facts["series"])
    assert 0 < data.starts[0] < data.starts[1] < len(data.dates) - 24
    made = read_source(model, EXAMPLE)
    np.testing.assert_allclose(made.data.levels, data.levels, rtol=1e-4)
    again = as_csv(example_table(model.facts, 25))
    assert again == as_csv(example_table(model.facts, 25))
    # Of about the size that the model knows: mean 0, deviation 1.
    changes = made.data.inputs[2:]
    assert np.abs(changes.mean(axis=0)).max() < 1
    assert ((changes.std(axis=0) > 0.2) & (changes.std(axis=0) < 3)).all()


def test_every_zoo_forecaster_has_series_offline() -> None:
    known = [entry for entry in entries("forecast") if entry.source == "zoo"]
    assert len(known) >= 5
    for entry in known:
        model = find(entry.name, "forecast").trained
        given = read_source(model, default_source(model))
        assert given.data.names == tuple(model.facts["series"])
        assert [source.key for source in sources(model)] == [OWN, EXAMPLE]


def test_series_that_are_not_here_say_how_to_get_them() -> None:
    model = find(FRED, "forecast").trained
    own = sources(model)[0]
    assert (own.there, own.fetched) == (False, True)
    with pytest.raises(DataError, match=r"US economy, monthly \(FRED-MD\) is not here: a run"):
        read_own(model, fetch=False)
    with pytest.raises(UnknownName, match='unknown series "mine"; known: own, example, or a CSV'):
        read_source(model, "mine")


Change = Callable[[list[list[str]]], list[list[str]]]


def cell(row: int, name: str, text: str) -> Change:
    def change(rows: list[list[str]]) -> list[list[str]]:
        rows[row][rows[0].index(name)] = text
        return rows

    return change


def column(name: str, *texts: str) -> Change:
    def change(rows: list[list[str]]) -> list[list[str]]:
        place = rows[0].index(name)
        for number, row in enumerate(rows[1:]):
            row[place] = texts[number % len(texts)]
        return rows

    return change


def without(*names: str) -> Change:
    def change(rows: list[list[str]]) -> list[list[str]]:
        kept = [place for place, name in enumerate(rows[0]) if name not in names]
        return [[row[place] for place in kept] for row in rows]

    return change


def quarterly(rows: list[list[str]]) -> list[list[str]]:
    return [rows[0], *rows[1::3]]


def with_row(date: str) -> Change:
    return lambda rows: [*rows[:4], [date, *rows[3][1:]], *rows[4:]]


def many(row: int, name: str, text: str) -> Change:
    def change(rows: list[list[str]]) -> list[list[str]]:
        for one in rows[row : row + 60]:
            one[rows[0].index(name)] = text
        return rows

    return change


BAD: dict[str, tuple[Change, str]] = {
    "gap": (lambda rows: rows[:10] + rows[12:],
            r"1992-10 and 1992-11 are missing: dates are 31 days apart, but 1992-09-01 is"),
    "irregular": (with_row("1992-03-15"),
                  r"but 1992-03-01 is followed by 1992-03-15; each period may have one row"),
    "duplicate": (with_row("1992-03-01"), r"the date 1992-03-01 stands 2 times; each day may"),
    "quarterly": (quarterly, r"mine.csv is quarterly; this model reads monthly series"),
    "too few": (lambda rows: rows[:20], r"the CSV has 19 rows; at least 25 are needed"),
    "constant": (column("GS10", "3.5"),
                 r'column "GS10" never changes; the model needs this series, and it must vary'),
    "text": (column("GS10", "high", "low"), r'column "GS10" has the text "high"; numbers are'),
    "one text": (cell(7, "HOUST", "n/k"), r'column "HOUST" has the text "n/k"; numbers are'),
    "missing series": (without("GS10", "S&P 500"), r"there is no series GS10, S&P 500; there are .*"
                       r"was trained on US economy, monthly \(FRED-MD\) and forecasts those"),
    "many infinite": (many(50, "GS10", "inf"), r'column "GS10" lacks 17% of its values, from'),
    "negative": (cell(9, "CPIAUCSL", "-4"),
                 r'"CPIAUCSL" is -4 in 1992-09; it is read as the change of a growth rate, so'),
    "no dates": (column("date", "soon"), r"no column holds dates such as 2015-01-31; the columns"),
    "bad date": (cell(50, "date", "31/31/99x"), r'"31/31/99x" is no date in column "date"'),
    "empty": (lambda rows: [], r"the file is empty; a CSV with a header and rows is accepted"),
    "header": (lambda rows: rows[:1], r"the CSV has 0 rows; at least 25 are needed"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_series_are_one_sentence(kind: str) -> None:
    change, said = BAD[kind]
    rows = good()
    assert rows[1][0] == "1992-01-01"
    with pytest.raises(DataError, match=said) as caught:
        read(change(rows))
    assert "\n" not in str(caught.value)


def test_few_infinite_values_are_filled_and_it_is_told() -> None:
    data = read(cell(9, "GS10", "inf")(good()))
    told = " ".join(data.notes)
    assert "infinite values of GS10 were taken for missing ones" in told
    assert "(at the start, the one after): 1 of GS10 (1992-09)" in told
    place = data.names.index("GS10")
    assert data.levels[8, place] == data.levels[7, place]


def test_columns_that_the_model_does_not_need_may_be_anything() -> None:
    rows = [[*row, "text" if number else "note"] for number, row in enumerate(good())]
    rows = [[row[0], *reversed(row[1:])] for row in rows]
    data = read(rows)
    assert data.names[0] == "UNRATE"
    np.testing.assert_array_equal(data.levels, read(good()).levels)


def test_fred_mds_row_of_codes_is_left_out() -> None:
    rows = good()
    coded = [rows[0], ["Transform:", *(["5"] * 8)], *rows[1:]]
    np.testing.assert_array_equal(read(coded).levels, read(rows).levels)


def test_a_picture_and_a_lost_file_are_no_csv(tmp_path: Path) -> None:
    model = find(FRED, "forecast").trained
    with pytest.raises(DataError, match="this is no text: it holds bytes"):
        read_csv(model, b"\x89PNG\r\n\x1a\n\x00\xff\xfe" * 40, "cat.png")
    with pytest.raises(DataError, match="lost.csv is not there; a CSV file is accepted"):
        read_csv(model, tmp_path / "lost.csv", "lost.csv")
    with pytest.raises(DataError, match="has 0 CSV files; give the path of one"):
        read_csv(model, tmp_path, "folder")


@pytest.mark.parametrize(
    ("last", "period", "expected"),
    [
        ("2000-01-31", 12, ["2000-02-29", "2000-03-31", "2000-04-30"]),
        ("2000-01-30", 12, ["2000-02-29", "2000-03-30", "2000-04-30"]),
        ("2000-10-01", 4, ["2001-01-01", "2001-04-01", "2001-07-01"]),
        ("1999-12-31", 1, ["2000-12-31", "2001-12-31", "2002-12-31"]),
        ("2000-02-26", 52, ["2000-03-04", "2000-03-11", "2000-03-18"]),
        ("2000-02-28", 365, ["2000-02-29", "2000-03-01", "2000-03-02"]),
    ],
)
def test_the_next_dates(last: str, period: int, expected: list[str]) -> None:
    assert dates_after(np.datetime64(last), period, 3).astype(str).tolist() == expected


@pytest.mark.parametrize("period", [1, 4, 12, 52, 365])
def test_made_up_series_of_any_frequency_and_code(period: int) -> None:
    codes = [1, 2, 3, 4, 5, 6, 7]
    facts = {
        "series": [f"s{code}" for code in codes], "targets": ["s2"], "period": period,
        "starts": ["1990-01-01", "2000-01-01"], "codes": codes, "logs": [False],
        "input_mean": [1.0, 0, 0, 2.0, 0.01, 0, 0],
        "input_scale": [1.0, 0.2, 0.1, 0.3, 0.01, 0.005, 0.01],
    }  # fmt: skip
    made = example_table(facts, 10)
    data = as_trained(made, facts)
    assert np.isfinite(data.inputs).all()
    assert (np.diff(made.dates) > np.timedelta64(0, "D")).all()
    assert 0 < data.starts[0] < data.starts[1] < len(made.dates)


def test_the_same_values_of_other_months_are_other_series() -> None:
    rows = good()
    later = [rows[0], *([f"{int(row[0][:4]) + 1}{row[0][4:]}", *row[1:]] for row in rows[1:])]
    model = find(FRED, "forecast").trained
    one, other = (read_csv(model, bytes_of(each)) for each in (rows, later))
    assert one.data.digest == other.data.digest
    assert one.digest != other.digest
