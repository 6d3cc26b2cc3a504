"""The backtest of a forecaster."""

from collections.abc import Mapping
from typing import Any

from dlexplain.results import Backtest
from dlexplain.services.training.test_results.base import READERS, Kept


def _backtest(facts: Mapping[str, Any], kept: Kept) -> Backtest:
    return Backtest(
        names=tuple(map(str, kept["names"])),
        forecasters=tuple(map(str, kept["forecasters"])),
        mase=kept["mase"],
        rmse=kept["rmse"],
        coverage=kept["coverage"],
        coverage_levels=tuple(map(int, kept["coverage_levels"])),
        quantiles=tuple(map(float, kept["quantiles"])),
        forecasts=kept["forecasts"],
        truth=kept["truth"],
        origins=kept["origins"].astype("datetime64[D]"),
        dates=kept["dates"].astype("datetime64[D]"),
        levels=kept["levels"],
    )


READERS.add("forecast", _backtest)
