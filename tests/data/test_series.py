"""Series: transform codes by hand, and every table that must be refused or mended."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import dlexplain.data.sets  # noqa: F401, registers csv-series and macrodata
from dlexplain.data.base import DATA, SeriesData, silent
from dlexplain.data.dates import period_before
from dlexplain.data.series import make_series, names_in, place_of, transform
from dlexplain.data.tables import Table, read_table
from dlexplain.errors import DataError
from dlexplain.params import parse

MONTHS = [f"{2000 + i // 12}-{i % 12 + 1:02d}-01" for i in range(72)]
VALUES = [float(v) for v in 50 + np.cumsum(np.random.default_rng(0).normal(size=72))]


def csv(dates: Sequence[str], head: str = "date,a", **columns: Sequence[object]) -> bytes:
    rows = zip(dates, *(columns or {"a": VALUES}).values(), strict=True)
    return "\n".join([head, *(",".join(map(str, row)) for row in rows)]).encode()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (1, [1, 2, 8, 4]),
        (2, [None, 1, 6, -4]),
        (3, [None, None, 5, -10]),
        (4, [0, 1, 3, 2]),
        (5, [None, 1, 2, -1]),
        (6, [None, None, 1, -3]),
        (7, [None, None, 2, -3.5]),  # relative changes 1, 3, -0.5
    ],
)
def test_transform_codes(code: int, expected: list[float | None]) -> None:
    """Of 1, 2, 8, 4: for the logarithms in units of log 2."""
    unit = np.log(2) if code in (4, 5, 6) else 1
    found = transform(np.array([1.0, 2, 8, 4]), code) / unit
    wanted = [np.nan if e is None else e for e in expected]
    np.testing.assert_allclose(found, wanted)


def test_transforms_that_are_not_defined() -> None:
    for code in (4, 5, 6):
        with pytest.raises(DataError, match="row 2 is -2; .* each value must be above 0"):
            transform(np.array([1.0, -2, 3]), code)
    with pytest.raises(DataError, match="row 2 is 0; .* growth rate, so each value must not be"):
        transform(np.array([1.0, 0, 3]), 7)
    with pytest.raises(DataError, match="transform code is 8; 1 to 7 are known"):
        transform(np.array([1.0, 2]), 8)


def test_a_table_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(csv(MONTHS, "when,a,b", a=VALUES, b=VALUES[::-1]))
    table = read_table(tmp_path / "a.csv")
    assert table.names == ("a", "b") and table.period == 12 and table.notes == ()
    assert table.dates.astype(str).tolist() == MONTHS
    np.testing.assert_array_equal(table.values, np.stack([VALUES, VALUES[::-1]], axis=1))
    assert read_table(tmp_path / "a.csv", "when", ["b", "b"]).names == ("b",)


def test_rows_are_sorted_and_blank_ones_left_out() -> None:
    order = np.random.default_rng(1).permutation(72)
    shuffled = csv([MONTHS[i] for i in order], a=[VALUES[i] for i in order]) + b"\n,\n,\n"
    table = read_table(shuffled)
    assert table.notes == ("dates were out of order and have been sorted",)
    assert table.values[:, 0].tolist() == VALUES


@pytest.mark.parametrize("point", [",", "."])
def test_semicolons_between_columns(point: str) -> None:
    content = csv(MONTHS).decode().replace(",", ";").replace(".", point).encode()
    assert read_table(content).values[:, 0].tolist() == VALUES


def test_small_gaps_take_the_value_before() -> None:
    holed: list[object] = [*VALUES]
    holed[0] = holed[7] = ""
    holed[8] = "1e999"
    table = read_table(csv(MONTHS, a=holed[:9] + VALUES[9:]))
    assert table.notes[0] == (
        "missing values took the value before them (at the start, the one after): 3 of a (2000-01, "
        "2000-08, 2000-09)"
    )
    assert table.values[[0, 7, 8], 0].tolist() == [VALUES[1], VALUES[6], VALUES[6]]


@pytest.mark.parametrize(
    ("dates", "period", "second"),
    [
        (pd.date_range("1950-01-01", periods=72, freq="YS").strftime("%Y"), 1, "1951-01-01"),
        ([f"{1990 + i // 4}Q{i % 4 + 1}" for i in range(72)], 4, "1990-04-01"),
        (pd.date_range("2000-01-01", periods=72, freq="MS").strftime("%d/%m/%Y"), 12, "2000-02-01"),
        (pd.date_range("2000-01-01", periods=72, freq="MS").strftime("%m/%d/%Y"), 12, "2000-02-01"),
        (pd.date_range("2000-01-31", periods=72, freq="ME").strftime("%d.%m.%Y"), 12, "2000-02-29"),
        (pd.date_range("2000-01-01", periods=72, freq="MS").strftime("%Y%m"), 12, "2000-02-01"),
        (pd.date_range("2000-01-03", periods=72, freq="7D").strftime("%Y%m%d"), 52, "2000-01-10"),
        (pd.date_range("2000-01-01", periods=72, freq="D").strftime("%d/%m/%Y"), 365, "2000-01-02"),
        (pd.bdate_range("2000-01-06", periods=72).strftime("%b %d %Y"), 365, "2000-01-07"),
        ([f"{m}T00:00:00{z}" for m, z in zip(MONTHS, 36 * ["+01:00", "Z"], strict=True)],
         12, "2000-02-01"),
    ],
)  # fmt: skip
def test_ways_to_write_dates(dates: Sequence[str], period: int, second: str) -> None:
    table = read_table(csv([*dates]))
    assert table.period == period
    assert str(table.dates[1]) == second
    assert table.values[:, 0].tolist() == VALUES


@pytest.mark.parametrize(
    ("mark", "point", "word", "between"), [(",", ".", "commas", ","), (".", ",", "points", ";")]
)
def test_separators_of_thousands(mark: str, point: str, word: str, between: str) -> None:
    said = [f"2{mark}7{10 + i}{point}5" for i in range(71)]
    rows = [f'{month}{between}"{one}"{between}{i}' for i, (month, one) in
            enumerate(zip(MONTHS, [*said, f"950{point}25"], strict=True))]  # fmt: skip
    content = "\n".join([f"date{between}a{between}b", *rows]).encode()
    table = read_table(content)
    assert table.values[:, 0].tolist() == [*(2710.5 + i for i in range(71)), 950.25]
    assert table.values[:3, 1].tolist() == [0, 1, 2]
    assert table.notes == (f"{word} in a were read as separators of thousands",)
    mixed = content.replace(f"2{mark}710".encode(), b"2710").replace(b"950", b"95000")
    with pytest.raises(DataError, match='column "a" has the text "2'):
        read_table(mixed)


def with_text(place: int, said: object) -> list[object]:
    return [*VALUES[:place], said, *VALUES[place + 1 :]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty; a CSV with a header"),
        (b"\xff\xfe\x00\xd8" * 40, "this is no text: it holds bytes .* saved as UTF-8 is accepted"),
        (b"date,a\n2000-01-01,1,2,3\n2000-01-02,1\n2000-01-03,1,2,3,4,5\n",
         "no CSV that can be read .line 4 has 6 columns, those before it 4."),
        (csv(MONTHS[:59], a=VALUES[:59]), "the CSV has 59 rows; at least 60 are needed"),
        (csv(MONTHS, a=with_text(3, "n/k")), 'column "a" has the text "n/k"; numbers are accepted'),
        (csv([*MONTHS[:-1], MONTHS[5]]), "the date 2000-06-01 stands 2 times"),
        (csv([f"2000-01-01 {i % 24:02d}:00" for i in range(72)]), "2000-01-01 stands 72 times"),
        (csv(MONTHS[:9] + MONTHS[10:], a=VALUES[1:]),
         "2000-10 is missing: dates are 31 days apart, but 2000-09-01 is followed by 2000-11-01"),
        (csv(MONTHS, a=VALUES[:66] + [""] * 6), 'column "a" lacks 8% .* 2005-07-01 on; at most 5%'),
        (csv(MONTHS, a=[""] * 72), 'column "a" lacks 100% of its values'),
        (csv(MONTHS, a=[3] * 72), 'column "a" never changes; leave it out'),
        (csv([*MONTHS[:-1], "soon"]), '"soon" is no date in column "date"; each row needs a date'),
        (csv([*MONTHS[:30], "", *MONTHS[31:]]), "row 31 has none in column"),
        ("\n".join(["date", *MONTHS]).encode(), 'the CSV has one column only, "date"'),
        (csv([str(v) for v in VALUES], "x,y"), "no column holds dates .* the columns are x, y"),
    ],
)  # fmt: skip
def test_tables_that_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_table(content)
    assert "\n" not in str(caught.value)


def test_columns_are_found_whatever_their_case() -> None:
    content = csv(MONTHS, "date,unrate,Cpi", a=VALUES, b=VALUES[::-1])
    table = read_table(content, "", ["UNRATE", "Cpi"])
    assert table.names == ("UNRATE", "Cpi")
    assert table.notes == ('column "unrate" was read as UNRATE',)
    assert table.values[:, 0].tolist() == VALUES
    two = csv(MONTHS, "date,unrate,Unrate", a=VALUES, b=VALUES[::-1])
    with pytest.raises(DataError, match="there is no series UNRATE; there are unrate, Unrate"):
        read_table(two, "", ["UNRATE"])


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        (slice(9, 11), "^2000-10 and 2000-11 are missing: dates are"),
        (slice(9, 20), "^2000-10 to 2001-08 are missing: dates are"),
    ],
)
def test_a_gap_names_what_is_missing(left_out: slice, said: str) -> None:
    kept = [month for month in MONTHS if month not in MONTHS[left_out]]
    rows = [*kept, *(f"{2006 + i // 12}-{i % 12 + 1:02d}-01" for i in range(12))]
    with pytest.raises(DataError, match=said):
        read_table(csv(rows, a=list(range(len(rows)))))


def test_columns_and_files_that_are_not_there(tmp_path: Path) -> None:
    content = csv(MONTHS, "date,a,b", a=VALUES, b=VALUES)
    with pytest.raises(DataError, match='there is no column "day"; there are date, a, b'):
        read_table(content, "day")
    with pytest.raises(DataError, match="there is no series c, date; there are a, b"):
        read_table(content, "", ["a", "c", "date"])
    with pytest.raises(DataError, match=r"no.csv is not there; a CSV file is accepted"):
        read_table(tmp_path / "no.csv")
    with pytest.raises(DataError, match=r"no CSV that can be read \(Is a directory\)"):
        read_table(tmp_path)


def table_of(**columns: Sequence[float]) -> Table:
    values = np.stack([np.asarray(c, float) for c in columns.values()], axis=1)
    days = np.array(MONTHS[: len(values)], "datetime64[D]")
    return Table(days, values, tuple(columns), 12)


def test_inputs_are_scaled_by_the_training_part_only() -> None:
    data = make_series(table_of(a=VALUES, b=VALUES[::-1]), {"a": 1}, ["b"], (40, 56))
    known = np.asarray(VALUES[:40])
    np.testing.assert_allclose(data.inputs[:40, 0], (known - known.mean()) / known.std())
    changes = np.diff(VALUES[::-1])
    mean, std = changes[:39].mean(), changes[:39].std()
    np.testing.assert_allclose(data.inputs[1:, 1], np.clip((changes - mean) / std, -5, 5))
    assert data.inputs[0, 1] == 0  # a difference needs a past
    later = make_series(
        table_of(a=[*VALUES[:40], *[1e6] * 32], b=VALUES), {"a": 1}, ["b"], (40, 56)
    )
    np.testing.assert_array_equal(later.inputs[:40, 0], data.inputs[:40, 0])
    assert (later.inputs[40:, 0] == 5).all()  # cut


def test_a_straight_line_does_not_blow_rounding_up() -> None:
    line = [0.1 * i for i in range(72)]
    data = make_series(table_of(a=line), {}, ["a"], (40, 56))
    assert np.abs(data.inputs).max() < 1e-6


def test_targets_in_logarithms() -> None:
    data = make_series(table_of(a=VALUES, b=VALUES), {"a": 5}, ["b", "a"], (40, 56))
    assert data.target_names == ("b", "a") and data.logs == (False, True)
    np.testing.assert_allclose(data.target_levels()[:, 0], VALUES)
    np.testing.assert_allclose(data.target_levels()[:, 1], np.log(VALUES))


def test_series_that_are_refused() -> None:
    table = table_of(a=VALUES, b=[1.0] * 41 + VALUES[41:], c=[0.0, *VALUES[1:]])
    with pytest.raises(DataError, match="there is no series z; there are a, b, c"):
        make_series(table, {}, ["z"], (40, 56))
    with pytest.raises(DataError, match='series "b" never changes in the training part'):
        make_series(table, {}, ["a"], (40, 56))
    with pytest.raises(DataError, match='series "c" is 0 in 2000-01; it is read as a growth'):
        make_series(table_of(a=VALUES, c=[0.0, *VALUES[1:]]), {"c": 5}, ["a"], (40, 56))
    for starts in ((0, 10), (40, 40), (40, 72)):
        with pytest.raises(DataError, match=f"starts at row {starts[0]} and testing at .* of 72,"):
            make_series(table_of(a=VALUES), {}, ["a"], starts)


def test_periods_before_a_date() -> None:
    for day, period, count, text in (("1999-01-01", 4, 1, "1998Q4"), ("1999-01-01", 4, 9, "1996Q4"),
                                     ("2015-01-31", 12, 2, "2014-11"), ("2015-01-01", 1, 2, "2013"),
                                     ("2015-01-15", 52, 2, "2015-01-01")):  # fmt: skip
        assert period_before(day, period, count) == text


def test_places_of_dates_and_lists_of_names() -> None:
    days = np.array(MONTHS, "datetime64[D]")
    asked = ("1990", "2000-01", "2000-01-02", " 2001 ", "2030-01-01", "2000Q3", "2001 Q1")
    assert [place_of(days, text) for text in asked] == [0, 0, 1, 12, 72, 6, 12]
    for bad in ("", "NaT", "now", "2015-13", "Jan 2015", "2015-1"):
        with pytest.raises(DataError, match=f'"{bad}" is no date; such as 2015-01 is accepted'):
            place_of(days, bad)
    assert names_in(" a, b ,,S&P 500,a") == ["a", "b", "S&P 500"]


def load(name: str, **params: str | float) -> SeriesData:
    data = DATA[name].load(parse(DATA[name].Params, params), Path("unused"), silent)
    assert isinstance(data, SeriesData)
    return data


def test_your_own_csv(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(csv(MONTHS, "date,a,b", a=VALUES, b=VALUES[::-1]))
    data = load("csv-series", path=str(file), form="growth", validation=0.25, test=0.25)
    assert data.starts == (36, 54) and data.target_names == ("a",) and data.logs == (True,)
    growth = np.diff(np.log(VALUES))
    scaled = (growth - growth[:35].mean()) / growth[:35].std()
    np.testing.assert_allclose(data.inputs[1:, 0], np.clip(scaled, -5, 5))
    with pytest.raises(DataError, match="path is empty; give a CSV"):
        load("csv-series")


def test_macrodata_is_quarterly_from_1959() -> None:
    data = load("macrodata")
    assert data.levels.shape == (203, 6) and data.period == 4
    assert str(data.dates[0]) == "1959-01-01" and str(data.dates[-1]) == "2009-07-01"
    assert data.levels[0, 0] == 2710.349  # real GDP
    assert [str(data.dates[s]) for s in data.starts] == ["1988-01-01", "1999-01-01"]
    with pytest.raises(DataError, match="there is no series gold; there are realgdp"):
        load("macrodata", series="gold")
