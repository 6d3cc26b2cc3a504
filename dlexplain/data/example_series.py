"""Made-up series of the form that a forecaster reads: an example of the file, not of the world."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.dates import dates_after
from dlexplain.data.series import LOG_CODES
from dlexplain.data.tables import Table

BEFORE, AFTER = 15, 7
"""Years before the model's validation period, and after the beginning of its test period."""
LEVEL = 30
"""Of a series that is not forecast in logarithms, in standard deviations of its changes."""
Numbers = NDArray[np.float64]


def example_table(facts: Mapping[str, Any], least_rows: int) -> Table:
    """The model's series, drawn at random by the means and deviations of its card; always the same.

    Their dates hold the model's validation and test periods.
    """
    validation, test = (int(np.datetime64(day, "D").astype(int)) for day in facts["starts"])
    period = int(facts["period"])
    between = int((test - validation) * period / 365.25)
    rows = max(BEFORE * period, least_rows) + between + AFTER * period
    days = round(max(BEFORE, least_rows / period) * 365.25)
    first = np.datetime64(validation - days, "D")
    if period in (1, 4, 12):  # such series begin with their period
        first = first.astype("datetime64[Y]").astype("datetime64[D]")
    dates = np.concatenate([[first], dates_after(first, period, rows - 1)])
    random = np.random.default_rng(0)
    columns = [
        _levels(int(code), float(mean), float(scale), random.standard_normal(rows))
        for code, mean, scale in zip(
            facts["codes"], facts["input_mean"], facts["input_scale"], strict=True
        )
    ]
    return Table(dates, np.stack(columns, axis=1), tuple(map(str, facts["series"])), period)


def _levels(code: int, mean: float, scale: float, noise: Numbers) -> Numbers:
    """Levels whose stationary form by `code` has about this mean and deviation."""
    if code == 1:
        return mean + scale * _drifting(noise, 0.9)
    if code == 4:
        return np.asarray(np.exp(mean + scale * _drifting(noise, 0.97)))
    if code in LOG_CODES:  # growth: steady where its own changes are what is seen
        growth = scale * _drifting(noise, 0.95) if code == 6 else mean + scale * noise
        grown: Numbers = 100 * np.exp(growth.cumsum())
        return grown
    level: Numbers = scale * (LEVEL + _drifting(noise, 0.97) / (1 - 0.97**2) ** 0.5)
    return level


def _drifting(noise: Numbers, kept: float) -> Numbers:
    """An autoregression of variance 1: each value keeps a part of the one before."""
    found = np.empty(len(noise))
    state = noise[0]
    for place, fresh in enumerate(noise):
        state = kept * state + np.sqrt(1 - kept**2) * fresh
        found[place] = state
    return found


def as_csv(table: Table) -> str:
    """With a column "date" in front."""
    lines = [",".join(["date", *map(_quoted, table.names)])]
    lines += [
        f"{day}," + ",".join(f"{value:.6g}" for value in row)
        for day, row in zip(table.dates, table.values, strict=True)
    ]
    return "\n".join(lines) + "\n"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if set(name) & set(',"\n') else name
