"""US economy, quarterly, 1959 to 2009: statsmodels' macrodata, which comes with the package."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlexplain.data.base import DATA, DataSpec, DataStatus, Report, SeriesData
from dlexplain.data.series import make_series, names_in, place_of
from dlexplain.data.tables import Table
from dlexplain.errors import DataError
from dlexplain.params import text

CODES = {
    "realgdp": 5, "realcons": 5, "realinv": 5, "realgovt": 5, "realdpi": 5, "cpi": 6, "m1": 6,
    "tbilrate": 2, "unemp": 2, "pop": 5, "infl": 2, "realint": 1,
}  # fmt: skip
"""FRED-MD's codes for what the series are."""


@dataclass(frozen=True)
class Params:
    """Which series, and where time is cut."""

    series: str = text(
        "realgdp, realcons, realinv, cpi, tbilrate, unemp",
        "Inputs",
        help="Any of: " + ", ".join(CODES) + ".",
    )
    targets: str = text(
        "realgdp, cpi, unemp", "Forecast", help="Those of the inputs that are forecast."
    )
    validation_from: str = text("1988-01", "Validation from", help="Year and month.")
    test_from: str = text("1999-01", "Test from", help="Nothing from here on is trained on.")


def load(params: Params, folder: Path, report: Report) -> SeriesData:
    """203 quarters; raises DataError for an unknown series."""
    from statsmodels.datasets import macrodata

    frame = macrodata.load_pandas().data
    names = names_in(params.series)
    unknown = [name for name in names if name not in CODES]
    if unknown:
        raise DataError(f"there is no series {unknown[0]}; there are {', '.join(CODES)}")
    months = (frame["year"].astype(int) - 1970) * 12 + (frame["quarter"].astype(int) - 1) * 3
    dates = months.to_numpy().astype("datetime64[M]").astype("datetime64[D]")
    table = Table(dates, frame[names].to_numpy(np.float64), tuple(names), period=4)
    cuts = (place_of(dates, params.validation_from), place_of(dates, params.test_from))
    return make_series(table, CODES, names_in(params.targets), cuts)


def status(params: Params, folder: Path) -> DataStatus:
    return DataStatus(True, "comes with statsmodels")


def columns(params: Params, folder: Path) -> tuple[str, ...]:
    return tuple(CODES)


DATA.add(
    "macrodata",
    DataSpec(
        name="macrodata",
        title="US economy, quarterly",
        tasks=("forecast",),
        Params=Params,
        description="203 quarters of US indicators, 1959 to 2009.",
        terms="public domain",
        load=load,
        status=status,
        columns=columns,
        gives=lambda params: {"series": names_in(params.series)},
    ),
)
