"""Differences, and every metric as last, best or at a step."""

import csv
import io

import numpy as np
import pytest

from dlexplain.results import Curve, RunRecord, lower_is_better
from dlexplain.services.training import runs as service
from dlexplain.services.training.comparison import curves_csv, differences, metric_table, table_csv
from tests.trained import digits_run, macrodata_run


def two() -> list[RunRecord]:
    return [service.run(digits_run()), service.run(digits_run(seed=1, epochs=2))]


def curve(values: list[float], key: str) -> Curve:
    steps = np.arange(1, len(values) + 1) * 10
    return Curve("r", "run", key, steps, np.array(values), steps.astype(float))


def test_only_what_differs_is_listed() -> None:
    assert differences(two()) == {"seed": ["0", "1"], "training.epochs": ["3", "2"]}
    assert differences(two()[:1]) == {}
    others = differences([two()[0], service.run(macrodata_run())])
    assert others["task"] == ["classify-image", "forecast"]
    assert others["task.horizon"] == ["", "4"]


def test_best_follows_the_metric_s_direction() -> None:
    assert curve([3, 1, 2], "validation/loss").best == 1
    assert curve([3, 1, 2], "validation/accuracy").best == 3
    assert lower_is_better("test/mase_over_random_walk")
    assert not lower_is_better("test/coverage_80")


def test_at_a_step_the_last_value_before_it_counts() -> None:
    found = curve([3, 1, 2], "validation/loss")
    assert [found.at_step(step) for step in (10, 19, 20, 99)] == [3, 3, 1, 2]
    assert np.isnan(found.at_step(9))


def test_the_table_has_none_where_a_run_has_no_value() -> None:
    records = [*two(), service.run(macrodata_run())]
    key = "validation/accuracy"
    assert metric_table(records, [key])[key][2] is None
    best = metric_table(records, [key], "best")[key]
    assert best[:2] == pytest.approx([r.best for r in records[:2]])
    assert metric_table(records, [key], "at step", 0)[key] == [None, None, None]


def test_csv_files_hold_what_is_shown() -> None:
    records = two()
    metrics = metric_table(records, ["test/accuracy"])
    rows = list(csv.DictReader(io.StringIO(table_csv(records, metrics))))
    assert [row["training.epochs"] for row in rows] == ["3", "2"]
    assert float(rows[0]["test/accuracy"]) == records[0].metrics["test/accuracy"]
    points = list(csv.DictReader(io.StringIO(curves_csv([curve([3, 1], "loss")]))))
    assert [(row["step"], row["value"], row["seconds"]) for row in points] == [
        ("10", "3.0", "0.0"),
        ("20", "1.0", "10.0"),
    ]
