"""FRED-MD's own CSV: codes in its first row, which are applied; a small one is made here."""

import os
from pathlib import Path

import numpy as np
import pytest

import dlexplain.data.sets  # noqa: F401, registers fred-md
from dlexplain.data.base import DATA, SeriesData, silent
from dlexplain.errors import DataError
from dlexplain.params import parse

SPEC = DATA["fred-md"]
CODES = {"UNRATE": "2", "CPI": "6", "S&P 500": "5"}
VALUES = np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.02, (96, 3)), axis=0)) * 10


def fred(path: Path, codes: dict[str, str] = CODES, first: str = "sasdate") -> Path:
    months = [f"{i % 12 + 1}/1/{2000 + i // 12}" for i in range(len(VALUES))]
    lines = [",".join([first, *codes]), ",".join(["Transform:", *codes.values()])]
    lines += [",".join([m, *map(str, row)]) for m, row in zip(months, VALUES, strict=True)]
    lines += [",,,", ",,,"]  # as the source's files end
    path.write_text("\n".join(lines))
    return path


def load(path: Path, **params: str) -> SeriesData:
    given = {
        "path": str(path),
        "series": ", ".join(CODES),
        "targets": "UNRATE, CPI",
        "validation_from": "2005-01",
        "test_from": "2006-07",
    }
    data = SPEC.load(parse(SPEC.Params, given | params), path.parent, silent)
    assert isinstance(data, SeriesData)
    return data


def test_each_series_is_transformed_by_the_code_of_its_column(tmp_path: Path) -> None:
    data = load(fred(tmp_path / "a.csv"))
    mean, scale = data.input_scale
    raw = data.inputs * scale + mean
    logs = np.log(VALUES)
    np.testing.assert_allclose(raw[1:60, 0], np.diff(VALUES[:60, 0]))
    np.testing.assert_allclose(raw[2:60, 1], np.diff(logs[:60, 1], n=2), atol=1e-12)
    np.testing.assert_allclose(raw[1:60, 2], np.diff(logs[:60, 2]))
    assert data.logs == (False, True)


def test_time_is_cut_where_told(tmp_path: Path) -> None:
    data = load(fred(tmp_path / "a.csv"))
    assert data.starts == (60, 78) and data.period == 12
    assert [str(data.dates[s]) for s in data.starts] == ["2005-01-01", "2006-07-01"]
    np.testing.assert_array_equal(data.levels, VALUES)


def test_a_folder_with_one_csv_is_accepted(tmp_path: Path) -> None:
    fred(tmp_path / "a.csv")
    assert load(tmp_path).digest == load(tmp_path / "a.csv").digest
    fred(tmp_path / "b.csv")
    with pytest.raises(DataError, match="has 2 CSV files; give the path of one"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("codes", "first", "message"),
    [
        (CODES, "date", 'its first column is "date"; "sasdate" is accepted'),
        (CODES | {"CPI": "9"}, "sasdate", 'transform code of CPI is "9.*"; 1 to 7 are accepted'),
        (CODES | {"CPI": "2.5"}, "sasdate", 'transform code of CPI is "2.5"; 1 to 7'),
        (CODES | {"CPI": ""}, "sasdate", "the transform code of CPI is"),
        (CODES | {"CPI": "six"}, "sasdate", 'transform code of CPI is "six"; 1 to 7'),
    ],
)
def test_what_is_not_fred_md(
    tmp_path: Path, codes: dict[str, str], first: str, message: str
) -> None:
    with pytest.raises(DataError, match=f"a.csv is not FRED-MD: .*{message}"):
        load(fred(tmp_path / "a.csv", codes, first))


def test_other_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no.csv is not there; the CSV of FRED-MD is accepted"):
        load(tmp_path / "no.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DataError, match="not FRED-MD: it has no row of transform codes"):
        load(tmp_path / "empty.csv")


def test_wrong_choices(tmp_path: Path) -> None:
    file = fred(tmp_path / "a.csv")
    with pytest.raises(DataError, match="there is no series GOLD; there are UNRATE, CPI, S&P 500"):
        load(file, series="GOLD")
    with pytest.raises(DataError, match="there is no series CPI; there are UNRATE"):
        load(file, series="UNRATE")
    with pytest.raises(DataError, match='"soon" is no date; such as 2015-01'):
        load(file, test_from="soon")
    with pytest.raises(DataError, match="testing at row 96 of 96, 2000-01-01 to 2007-12-01"):
        load(file, test_from="2030-01")


def test_where_it_is_and_how_to_get_it(tmp_path: Path) -> None:
    empty = SPEC.status(parse(SPEC.Params, {}), tmp_path)
    assert not empty.there and "fetches it once from https://" in empty.how
    kept = tmp_path / "fred_md" / "current.csv"
    kept.parent.mkdir()
    fred(kept)
    found = SPEC.status(parse(SPEC.Params, {}), tmp_path)
    assert found.there and found.where == str(kept)


def test_the_real_vintage_that_lies_here() -> None:
    root = Path(os.environ.get("DLEXPLAIN_TEST_DATA", "../shared/data")) / "fred_md"
    if not root.exists():
        pytest.skip(f"{root} is not there")
    data = SPEC.load(parse(SPEC.Params, {"path": str(root)}), root, silent)
    assert isinstance(data, SeriesData)
    assert data.target_names == data.names
    assert data.names[:4] == ("UNRATE", "CPIAUCSL", "INDPRO", "PAYEMS") and len(data.names) == 8
    assert data.logs == (False, True, True, True, False, False, True, True)
    assert str(data.dates[0]) == "1959-01-01" and len(data.dates) == 756
    april = int(np.searchsorted(data.dates, np.datetime64("2020-04-01")))
    assert data.levels[april, 0] == pytest.approx(14.7, abs=0.2)  # unemployment
    assert np.abs(data.inputs).max() == 5
