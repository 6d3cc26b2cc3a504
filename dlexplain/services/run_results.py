"""What a run left when it was finished: its card, and what its test found."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from dlexplain.results import Backtest, ClassificationTest, RunRecord
from dlexplain.runs import paths
from dlexplain.settings import settings

if TYPE_CHECKING:
    from numpy.lib.npyio import NpzFile

Tested = ClassificationTest | Backtest


def findings(record: RunRecord) -> Tested | None:
    """What the test found; None before the run has been tested, or where nothing is kept."""
    file = paths.results_file(settings().home, record.id)
    if not file.exists():
        return None
    with np.load(file, allow_pickle=False) as kept:
        if "confusion" in kept:
            return _classification(record, kept)
        return _backtest(kept) if "forecasts" in kept else None


def card(record: RunRecord) -> dict[str, Any]:
    """What was trained, on what, how well, where; {} before the run has finished."""
    file = paths.card_file(settings().home, record.id)
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return found


def _classification(record: RunRecord, kept: "NpzFile") -> ClassificationTest:
    facts = card(record).get("facts", {})
    count = len(kept["confusion"])
    some = "mistakes_pixels" in kept
    return ClassificationTest(
        classes=tuple(facts.get("classes", map(str, range(count)))),
        confusion=kept["confusion"],
        pixels=kept["mistakes_pixels"] if some else np.empty((0, 1, 1, 1), np.uint8),
        truth=kept["mistakes_truth"] if some else np.empty(0, np.int64),
        said=kept["mistakes_said"] if some else np.empty(0, np.int64),
        share=kept["mistakes_share"] if some else np.empty(0, np.float32),
    )


def _backtest(kept: "NpzFile") -> Backtest:
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
