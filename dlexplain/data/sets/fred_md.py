"""FRED-MD: over 120 monthly series of the US economy since 1959.

McCracken and Ng 2016, https://doi.org/10.1080/07350015.2015.1086655. The CSV's first row of data
holds each series' transform code, which is applied here.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dlexplain.data.base import (
    DATA,
    DataSpec,
    DataStatus,
    Report,
    SeriesData,
    fetched_status,
    local_status,
)
from dlexplain.data.download import download
from dlexplain.data.given_table import one_csv
from dlexplain.data.series import make_series, names_in, place_of
from dlexplain.data.tables import read_table
from dlexplain.data.text_bytes import decoded
from dlexplain.errors import DataError
from dlexplain.params import text
from dlexplain.server_files import read_regular
from dlexplain.settings import local_path

URL = "https://www.stlouisfed.org/-/media/project/frbstl/stlouisfed/research/fred-md/monthly/current.csv"
SERIES = "UNRATE, CPIAUCSL, INDPRO, PAYEMS, FEDFUNDS, GS10, HOUST, S&P 500"
"""Those without a gap from 1959 to 2021."""


@dataclass(frozen=True)
class Params:
    """Which series, and where time is cut."""

    path: str = text("", "CSV", help="Empty fetches the current vintage once (0.6 MB).")
    series: str = text(SERIES, "Inputs", help="Names of series without gaps, with commas between.")
    targets: str = text(SERIES, "Forecast", help="Those of the inputs that are forecast.")
    validation_from: str = text("2007-01", "Validation from", help="Year and month.")
    test_from: str = text(
        "2015-01", "Test from", help="Year and month; nothing from here on is trained on."
    )


def load(params: Params, folder: Path, report: Report) -> SeriesData:
    """Raises DataError when it is neither there nor can be fetched, or is not FRED-MD."""
    file = local_path(params.path) if params.path else _file(folder)
    if not params.path:
        download(URL, file, report)
    file = one_csv(file)
    codes = _codes(file)
    table = read_table(file, "sasdate", names_in(params.series), skip_rows=(1,))
    cuts = (place_of(table.dates, params.validation_from), place_of(table.dates, params.test_from))
    return make_series(table, codes, names_in(params.targets), cuts)


def _codes(file: Path) -> dict[str, int]:
    if not file.exists():
        raise DataError(f"{file} is not there; the CSV of FRED-MD is accepted")
    try:
        row = pd.read_csv(io.StringIO(decoded(read_regular(file))), nrows=1).iloc[0]
    except (OSError, ValueError, IndexError) as error:
        raise DataError(f"{file} is not FRED-MD: it has no row of transform codes") from error
    if row.index[0] != "sasdate":
        raise DataError(
            f'{file} is not FRED-MD: its first column is "{row.index[0]}"; "sasdate" is accepted'
        )
    said = pd.to_numeric(row.iloc[1:], errors="coerce")
    wrong = said[~said.isin(range(1, 8))]
    if len(wrong):
        name = wrong.index[0]
        raise DataError(
            f'{file} is not FRED-MD: the transform code of {name} is "{row[name]}"; 1 to 7 are '
            "accepted"
        )
    return {str(name): int(code) for name, code in said.items()}


def columns(params: Params, folder: Path) -> tuple[str, ...]:
    """Raises DataError as load does, but fetches nothing."""
    return tuple(_codes(one_csv(local_path(params.path) if params.path else _file(folder))))


def _file(folder: Path) -> Path:
    return folder / "fred_md" / "current.csv"


def status(params: Params, folder: Path) -> DataStatus:
    if params.path:
        return local_status(params.path, "the path of FRED-MD's CSV")
    return fetched_status(_file(folder), URL, 0.6)


DATA.add(
    "fred-md",
    DataSpec(
        name="fred-md",
        title="US economy, monthly (FRED-MD)",
        tasks=("forecast",),
        Params=Params,
        description="Monthly US indicators since 1959; unemployment, prices, output, "
        "employment, interest rates, housing and shares are forecast: the article's case 4.",
        terms="Federal Reserve Bank of St. Louis",
        load=load,
        status=status,
        columns=columns,
        gives=lambda params: {"series": names_in(params.series)},
    ),
)
