"""Your own series: any CSV with a date column and columns of numbers."""

from dataclasses import dataclass
from pathlib import Path

from dlexplain.data.base import DATA, DataSpec, DataStatus, Report, SeriesData, local_status
from dlexplain.data.series import make_series, names_in
from dlexplain.data.tables import read_table
from dlexplain.errors import DataError
from dlexplain.params import choice, number, text
from dlexplain.settings import local_path

CODES = {"level": 1, "change": 2, "growth": 5}


@dataclass(frozen=True)
class Params:
    """Which columns, how they are made stationary, and where time is cut."""

    path: str = text("", "CSV", help="One row a period, ascending.")
    date: str = text("", "Date column", help="Empty takes the first column that holds dates.")
    series: str = text("", "Inputs", help="Columns with commas between; empty takes all.")
    targets: str = text("", "Forecast", help="Columns; empty takes the first.")
    form: str = choice(
        "change",
        "The model sees",
        tuple(CODES),
        help="Levels as they are, changes from one period to the next, or relative growth "
        "(for series above zero that grow, such as prices).",
    )
    validation: float = number(
        0.15, "For validation", low=0.05, high=0.4, step=0.05, help="Part of the rows."
    )
    test: float = number(
        0.15, "For testing", low=0.05, high=0.4, step=0.05, help="Part of the rows, the last."
    )


def load(params: Params, folder: Path, report: Report) -> SeriesData:
    """Raises DataError as read_table and make_series do."""
    if not params.path:
        raise DataError("path is empty; give a CSV with a date column")
    table = read_table(local_path(params.path), params.date, names_in(params.series))
    rows = len(table.dates)
    cuts = (round(rows * (1 - params.validation - params.test)), round(rows * (1 - params.test)))
    codes = dict.fromkeys(table.names, CODES[params.form])
    return make_series(table, codes, names_in(params.targets) or [table.names[0]], cuts)


def status(params: Params, folder: Path) -> DataStatus:
    return local_status(params.path, "the path of a CSV with a date column")


DATA.add(
    "csv-series",
    DataSpec(
        name="csv-series",
        title="Your own series (CSV)",
        tasks=("forecast",),
        Params=Params,
        description="Any CSV with a date column and columns of numbers, one row a period.",
        terms="yours",
        load=load,
        status=status,
    ),
)
