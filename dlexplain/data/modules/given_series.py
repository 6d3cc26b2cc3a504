"""Series that a user gives, as a trained forecaster sees them: to score it on every origin after
its training period.

Scored are the origins whose targets all lie after the model's validation part, as in its run's own
test: the first is the last period of that part, and a file that goes on for longer has more. All
scales are those of the training, which the card's facts hold, so the same file gives the run's own
errors.
The AR forecast beside it knows only what the file has: of little history it can be far off.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dlexplain.data.base import SeriesData, digest_of
from dlexplain.data.modules.base import GIVEN
from dlexplain.data.modules.series import SeriesModule
from dlexplain.data.series import scaled_inputs, stationary_form
from dlexplain.data.tables import Table, read_table
from dlexplain.data.windows import Windows
from dlexplain.errors import DataError, WeightsError

NEEDED = (
    "series", "targets", "period", "starts", "codes", "logs", "input_mean", "input_scale",
    "change_mean", "change_scale", "step",
)  # fmt: skip
Origins = NDArray[np.int64]
PERIODS = {1: "yearly", 4: "quarterly", 12: "monthly", 52: "weekly", 365: "daily"}


def given_series(
    path: str, facts: Mapping[str, Any], files: Mapping[str, str], task_params: Mapping[str, Any]
) -> SeriesModule:
    """The test part has every origin after the training period; the others are the same.

    path  a CSV with a date column and the model's series, FRED-MD's with its row of codes too, or
          a folder with one such file. The series are transformed by the card's codes.
    Raises DataError for what lacks a series, has another frequency, gaps, or too few rows.
    """
    missing = [key for key in NEEDED if key not in facts]
    if missing:
        raise WeightsError(
            f"the model's card lacks {', '.join(missing)}, since it was trained by an older "
            "version; train it anew"
        )
    window, horizon = int(task_params["window"]), int(task_params["horizon"])
    table = _table(_file(path), facts, window + horizon + 1)  # one for differences
    data = _as_trained(table, facts)
    origins = _origins(data, facts, window, horizon)
    windows = Windows(
        data, window, horizon,
        {"train": origins, "validation": origins, "test": origins},
        change_mean=np.array(facts["change_mean"]),
        change_scale=np.array(facts["change_scale"]),
        step=np.array(facts["step"]),
    )  # fmt: skip
    module = SeriesModule(windows, batch_size=2, seed=0)
    sizes = {**facts.get("sizes", {}), "test": len(origins)}
    module.facts = {**facts, "sizes": sizes, "notes": list(data.notes)}
    return module


def _file(path: str) -> Path:
    file = Path(path).expanduser()
    if file.is_dir():
        csvs = sorted(file.glob("*.csv"))
        if len(csvs) != 1:
            raise DataError(f"{file} has {len(csvs)} CSV files; give the path of one")
        return csvs[0]
    return file


def _table(file: Path, facts: Mapping[str, Any], least_rows: int) -> Table:
    skip = (1,) if _has_codes(file) else ()
    table = read_table(file, "", facts["series"], skip, least_rows)
    if table.period != facts["period"]:
        found, wanted = (PERIODS.get(p, f"{p} a year") for p in (table.period, facts["period"]))
        raise DataError(f"{file.name} is {found}; this model reads {wanted} series")
    return table


def _has_codes(file: Path) -> bool:
    """Whether the first row of data is FRED-MD's row of transform codes."""
    try:
        first = pd.read_csv(file, nrows=1, dtype=str).iloc[0, 0]
    except (OSError, ValueError, IndexError):
        return False  # read_table says what is wrong
    return str(first).strip().lower().startswith("transform")


def _as_trained(table: Table, facts: Mapping[str, Any]) -> SeriesData:
    mean, scale = np.array(facts["input_mean"]), np.array(facts["input_scale"])
    days = [np.datetime64(day, "D") for day in facts["starts"]]
    starts = [int(np.searchsorted(table.dates, day)) for day in days]
    return SeriesData(
        dates=table.dates,
        levels=table.values,
        inputs=scaled_inputs(stationary_form(table, facts["codes"]), mean, scale),
        names=table.names,
        targets=tuple(table.names.index(name) for name in facts["targets"]),
        logs=tuple(facts["logs"]),
        starts=(starts[0], starts[1]),
        period=table.period,
        digest=digest_of(table.values),
        codes=tuple(facts["codes"]),
        input_scale=(mean, scale),
        notes=table.notes,
    )


def _origins(data: SeriesData, facts: Mapping[str, Any], window: int, horizon: int) -> Origins:
    first = max(data.starts[1] - 1, window)  # the first row has no past to difference
    origins = np.arange(first, len(data.dates) - horizon, dtype=np.int64)
    if len(origins) == 0:
        raise DataError(
            f"the series, {data.dates[0]} to {data.dates[-1]}, have no origin with {window} "
            f"periods before it and {horizon} after it from {facts['starts'][1]} on, where the "
            "model's training period has ended"
        )
    return origins


GIVEN.add("forecast", given_series)
