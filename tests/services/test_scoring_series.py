"""Scoring a forecaster's run on its own series gives its own test."""

from pathlib import Path

import pytest
from statsmodels.datasets import macrodata

from dlexplain.services.scoring import evaluate
from dlexplain.trained.catalogue import trained
from tests.trained import macrodata_run


def test_a_run_scored_on_its_own_series_is_its_own_test(tmp_path: Path) -> None:
    frame = macrodata.load_pandas().data
    quarters = [f"{int(y)}Q{int(q)}" for y, q in zip(frame.year, frame.quarter, strict=True)]
    frame.drop(columns=["year", "quarter"]).assign(date=quarters).to_csv(tmp_path / "a.csv")
    run = macrodata_run()
    card = trained(run).card
    score = evaluate(run, str(tmp_path / "a.csv"))
    assert score.n == card["facts"]["sizes"]["test"]
    told = {k.removeprefix("test/"): v for k, v in card["metrics"].items() if "test/" in k}
    assert score.metrics == pytest.approx(told, rel=1e-4)
    assert {"mase/realgdp", "mase/cpi", "mase/unemp"} <= set(score.metrics)
    assert len(score.details["model"]["mase"]["cpi"]) == 4
