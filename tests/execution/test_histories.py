"""Curves read straight from MLflow's file are those that its client gives."""

from dataclasses import replace
from pathlib import Path

import pytest
from mlflow.entities import Metric

from dlexplain.execution.paths import states_file
from dlexplain.execution.states import States
from dlexplain.execution.store import Point, Tracking
from tests.execution.small import SERIES, Homes


@pytest.fixture(scope="module")
def home(new_home: Homes) -> Path:
    return new_home()


def test_file_and_client_agree_on_what_was_done_again(home: Path) -> None:
    states, tracking = States(states_file(home)), Tracking(home)
    rows = [states.add(replace(SERIES, seed=seed)) for seed in range(3)]
    one, two, none = (tracking.begin(row, {}) for row in rows)
    points = [
        Point("loss", 3.0, 0, 10.0),
        Point("loss", 2.0, 1, 11.0),
        Point("loss", 9.0, 1, 12.0),  # done again after a crash
        Point("loss", -1.5, 2, 11.5),
        Point("rate", 0.1, 0, 10.0),
    ]
    tracking.log(one, points)
    tracking.log(two, [Point("loss", 7.0, 5, 20.0)])
    expected = {one: [points[0], points[2], points[3]], two: [Point("loss", 7.0, 5, 20.0)]}
    asked = [two, none, one]
    assert tracking.histories(asked, "loss") == expected | {none: []}
    assert list(tracking.histories(asked, "loss")) == asked
    assert tracking.history(one, "loss") == expected[one]
    assert sorted(map(str, tracking._read_file(asked, "loss"))) == sorted(
        map(str, tracking._ask_server(asked, "loss"))
    )


def test_what_is_no_number_stays_none(home: Path) -> None:
    row, tracking = States(states_file(home)).add(SERIES), Tracking(home)
    run = tracking.begin(row, {})
    tracking.client.log_batch(run, metrics=[Metric("loss", float("nan"), 1000, 0)])
    (point,) = tracking.history(run, "loss")
    assert point.value != point.value
