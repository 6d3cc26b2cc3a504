"""Differences, and every metric as last, best or at a step."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from dlexplain.results import Curve, RunRecord, lower_is_better
from dlexplain.services.training import runs as service
from dlexplain.services.training.comparison import (
    curves_csv,
    differences,
    metric_table,
    run_labels,
    table_csv,
)
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


def test_runs_of_one_name_are_told_apart_by_what_differs_and_else_by_their_ids() -> None:
    first, second = two()
    third = replace(service.run(macrodata_run()), name="alone")
    labels = run_labels([replace(first, name="mine"), replace(second, name="mine"), third])
    assert list(labels.values()) == ["mine (seed 0, epochs 3)", "mine (seed 1, epochs 2)", "alone"]
    again = replace(first, id="feed0123", name="mine")
    labels = run_labels([replace(first, name="mine"), again])
    assert list(labels.values()) == [f"mine ({first.id})", "mine (feed0123)"]
    assert list(run_labels([first]).values()) == [first.name]


def test_many_differences_are_counted_and_a_missing_value_is_said() -> None:
    first = replace(two()[0], name="mine", flat={"a.b": 1, "a.c": 2, "a.d": 3, "a.e": 4, "x": 5})
    second = replace(first, id="feed0123", flat={"a.b": 2, "a.c": 3, "a.d": 4, "a.e": 5})
    assert list(run_labels([first, second]).values()) == [
        "mine (b 1, c 2, d 3 and 2 more)", "mine (b 2, c 3, d 4 and 2 more)",
    ]  # fmt: skip
    second = replace(first, id="feed0123", flat={"a.b": 1, "a.c": 2, "a.d": 3, "a.e": 4})
    assert list(run_labels([first, second]).values()) == ["mine (x 5)", "mine (x none)"]


def test_the_csv_of_runs_says_on_how_many_examples() -> None:
    (row, _) = csv.DictReader(io.StringIO(table_csv(two(), {})))
    assert (row["n.train"], row["n.validation"], row["n.test"]) == ("1295", "143", "359")
