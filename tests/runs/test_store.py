"""What MLflow's own client, and so `mlflow ui`, sees of runs."""

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from dlexplain.runs.checkpoints import read_checkpoint
from dlexplain.runs.ending import Ending
from dlexplain.runs.inline import InlineExecutor
from dlexplain.runs.paths import checkpoint_folder, run_folder, tracking_file, weights_file
from dlexplain.runs.reporting import Reporter
from dlexplain.runs.states import RunRow, States
from dlexplain.runs.store import EXPERIMENT, STATUS, Point, Tracking
from tests.runs.small import SERIES, Homes, at, curves

EPOCHS = 6
SPEC = replace(SERIES, name="a small forecaster")


@pytest.fixture(scope="module")
def home(new_home: Homes) -> Path:
    return new_home()


@pytest.fixture(scope="module")
def row(home: Path) -> RunRow:
    return InlineExecutor(home).submit(SPEC)


@pytest.fixture(scope="module")
def client(home: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{tracking_file(home)}")


@pytest.fixture(scope="module")
def seen(client: MlflowClient, row: RunRow) -> Run:
    """The run as MLflow finds it, searching as its page does."""
    experiment = client.get_experiment_by_name(EXPERIMENT)
    (found,) = client.search_runs([experiment.experiment_id], f"tags.`dlexplain.run` = '{row.id}'")
    return found


def files(client: MlflowClient, run: Run, folder: str | None = None) -> list[str]:
    return sorted(found.path for found in client.list_artifacts(run.info.run_id, folder))


def test_state_name_and_params(seen: Run, row: RunRow) -> None:
    assert (row.state, seen.info.status, seen.info.run_name) == (
        "finished", "FINISHED", "a small forecaster",
    )  # fmt: skip
    assert seen.info.run_id == row.tracking
    assert seen.data.params == {key: str(value) for key, value in SPEC.flat().items()}
    assert seen.data.params["training.learning_rate"] == "0.01"
    assert seen.info.end_time >= seen.info.start_time


def test_tags_say_where_and_from_what(seen: Run) -> None:
    tags = seen.data.tags
    assert tags["dlexplain.state"] == "finished"
    assert {"dlexplain.python", "dlexplain.torch", "dlexplain.host", "dlexplain.device"} <= set(
        tags
    )
    assert tags["mlflow.source.git.commit"] == tags["dlexplain.git_commit"]
    assert tags["dlexplain.git_changed"] in ("yes", "no", "")


def test_spec_and_files(client: MlflowClient, seen: Run, row: RunRow, home: Path) -> None:
    assert files(client, seen) == [
        "card.json", "checkpoints", "model.safetensors", "results.npz", "spec.json",
    ]  # fmt: skip
    spec = client.download_artifacts(seen.info.run_id, "spec.json")
    assert json.loads(Path(spec).read_text()) == SPEC.to_dict()
    weights = Path(client.download_artifacts(seen.info.run_id, "model.safetensors"))
    assert weights.read_bytes() == weights_file(home, row.id).read_bytes()


def test_of_the_checkpoints_the_best_and_the_last(
    client: MlflowClient, seen: Run, row: RunRow, home: Path
) -> None:
    kept = sorted(file.name for file in checkpoint_folder(home, row.id).glob("*.ckpt"))
    assert len(kept) == 3  # two of the latest
    best, _, last = kept
    assert last == f"latest-{row.progress['steps']}.ckpt"
    assert files(client, seen, "checkpoints") == [f"checkpoints/{best}", f"checkpoints/{last}"]
    losses = curves(home, row)["validation/loss"]
    step = read_checkpoint(checkpoint_folder(home, row.id) / best)["global_step"]
    assert step - 1 == min(losses, key=lambda at: losses[at])


def test_every_step_is_a_point(client: MlflowClient, seen: Run, row: RunRow) -> None:
    history = client.get_metric_history(seen.info.run_id, "train/loss")
    assert sorted(point.step for point in history) == list(range(row.progress["steps"]))
    assert len(client.get_metric_history(seen.info.run_id, "validation/loss")) == EPOCHS
    assert seen.data.metrics == pytest.approx(row.progress["metrics"])


def test_of_a_step_done_again_the_last_counts(home: Path, row: RunRow) -> None:
    tracking = Tracking(home)
    twice = [
        Point("again", 1.0, 5, 100.0),
        Point("again", 2.0, 5, 200.0),
        Point("again", 3.0, 4, 9),
    ]
    tracking.log(row.tracking, twice)
    tracking.log(row.tracking, twice)  # as after a crash
    assert tracking.history(row.tracking, "again") == [twice[2], twice[1]]


def test_renamed_and_deleted(home: Path, client: MlflowClient, row: RunRow) -> None:
    tracking = Tracking(home)
    told = tracking.begin(replace(row, tracking=""), {})
    other = replace(row, tracking=told)
    tracking.rename(replace(other, name="new name"))
    assert client.get_run(told).info.run_name == "new name"
    tracking.delete(other)
    assert client.get_run(told).info.lifecycle_stage == "deleted"


@pytest.mark.parametrize("state", STATUS)
def test_every_state_has_a_word(home: Path, client: MlflowClient, row: RunRow, state: str) -> None:
    tracking = Tracking(home)
    other = replace(row, tracking=tracking.begin(replace(row, tracking=""), {}), state=state)
    tracking.set_state(other)
    run = client.get_run(other.tracking)
    assert (run.info.status, run.data.tags["dlexplain.state"]) == (STATUS[state], state)


def test_runs_that_died_unseen_are_caught_up_with(
    home: Path, client: MlflowClient, row: RunRow
) -> None:
    tracking = Tracking(home)
    dead, alive = (
        replace(row, tracking=tracking.begin(replace(row, tracking=""), {}), state=state)
        for state in ("interrupted", "running")
    )
    tracking.catch_up([row, dead, alive])
    assert client.get_run(dead.tracking).info.status == "KILLED"
    assert client.get_run(alive.tracking).info.status == "RUNNING"
    tracking.begin(dead, {})  # resumed
    assert client.get_run(dead.tracking).info.status == "RUNNING"
    assert client.get_run(dead.tracking).data.tags["dlexplain.state"] == "running"


class Away(Tracking):
    """A server that is away until `back` is set."""

    back = False

    def begin(self, row: RunRow, tags: Mapping[str, str]) -> str:
        self.answer()
        return super().begin(row, tags)

    def log(self, tracking: str, points: Sequence[Point]) -> None:
        self.answer()
        super().log(tracking, points)

    def artifact(self, tracking: str, file: Path, folder: str = "") -> None:
        self.answer()
        super().artifact(tracking, file, folder)

    def set_state(self, row: RunRow) -> None:
        self.answer()
        super().set_state(row)

    def answer(self) -> None:
        if not self.back:
            raise ConnectionError("connection refused")


def reporter(home: Path, tracking: Tracking) -> Reporter:
    states = States(home / "runs.sqlite")
    run = states.add(SPEC).id
    states.move(run, "running", "for the test")
    return Reporter(states, tracking, states.attach(run), Ending())


def test_metrics_wait_for_a_server_and_come_when_it_is_back(home: Path) -> None:
    tracking = Away(home)
    told = reporter(home, tracking)
    told.start()
    told.begin({})
    told.add({"train/loss": 1.0}, 0)
    time.sleep(1.5)  # it has tried
    told.add({"train/loss": 2.0, "nothing": math.nan}, 1)
    assert [p.value for p in told.waiting()] == [1, 2]
    tracking.back = True
    stop = time.monotonic() + 30
    while told.waiting():
        assert time.monotonic() < stop
        time.sleep(0.05)
    assert told.stop() == []
    row = told.states.get(told.row.id)
    assert curves(home, row) == {"train/loss": {0: 1.0, 1: 2.0}}
    assert row.progress["metrics"] == {"train/loss": 2.0}


def test_a_run_trains_without_a_server_and_a_later_spell_tells_all(
    home: Path, row: RunRow, probe: None
) -> None:
    from tests.runs.small import PICTURES

    away = Away(home)
    # It fails after its training, and is resumed when the server is back.
    ended = InlineExecutor(home, away).submit(SPEC)
    assert ended.state == "finished"
    assert ended.tracking == ""
    assert ended.progress["notes"] == [
        "MLflow did not take the run's files, which are in its folder: it does not answer"
    ]
    unsent = json.loads((run_folder(home, ended.id) / "unsent.json").read_text())
    losses = {p["step"]: p["value"] for p in unsent if p["key"] == "train/loss"}
    assert losses == curves(home, row)["train/loss"]

    with at(9, lambda net: (_ for _ in ()).throw(OSError(5, "Input/output error"))):
        failed = InlineExecutor(home, away).submit(PICTURES)
    assert (failed.state, failed.tracking) == ("failed", "")
    away.back = True
    resumed = InlineExecutor(home, away).resume(failed.id)
    assert resumed.state == "finished"
    assert sorted(curves(home, resumed)["train/loss"]) == list(range(24))
    assert not (run_folder(home, resumed.id) / "unsent.json").exists()
