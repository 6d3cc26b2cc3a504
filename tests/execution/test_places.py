"""Homes whose names mean something in an address: nothing is lost or written elsewhere."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from dlexplain.execution.paths import sqlite_uri, tracking_file
from dlexplain.execution.store import Tracking
from dlexplain.services.training.inline import inline_queue
from tests.execution.small import SERIES, Homes, curves, with_training

NAMES = ("per%41cent %", "what?uri=true&x=1", "a#b=c;d", "Größe und [Maß] {x}")


@pytest.mark.parametrize("name", NAMES)
def test_a_run_is_recorded_in_its_home(tmp_path: Path, new_home: Homes, name: str) -> None:
    home = new_home(tmp_path / "outside" / name)
    row = inline_queue(home).submit(with_training(SERIES, epochs=2))
    assert (row.state, row.progress["notes"]) == ("finished", [])
    losses = curves(home, row)["train/loss"]
    assert sorted(losses) == list(range(row.progress["steps"]))
    client = MlflowClient(sqlite_uri(tracking_file(home)))
    files = [found.path for found in client.list_artifacts(row.tracking)]
    assert "model.safetensors" in files
    assert list((tmp_path / "outside").iterdir()) == [home]
    assert list((home / "artifacts").rglob("model.safetensors"))
    assert Tracking(home).histories([row.tracking], "train/loss")[row.tracking]


def test_a_new_file_is_made_where_it_is_said(tmp_path: Path) -> None:
    home = tmp_path / "outside" / "what?%41"
    assert Tracking(home).answers()
    assert tracking_file(home).stat().st_size > 0
    assert list((tmp_path / "outside").iterdir()) == [home]


def test_a_plain_path_is_written_as_it_always_was() -> None:
    assert sqlite_uri(Path("/home/ada/runs.sqlite")) == "sqlite:////home/ada/runs.sqlite"
    assert sqlite_uri(Path("/a?b/%41")) == "sqlite+pysqlite:////a%3Fb/%2541"
