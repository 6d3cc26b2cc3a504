"""What MLflow's own client, and so `mlflow ui`, sees of runs."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from dlexplain.execution.checkpoints import read_checkpoint
from dlexplain.execution.paths import checkpoint_folder, tracking_file, weights_file
from dlexplain.execution.states import RunRow
from dlexplain.execution.store import EXPERIMENT, STATUS, Point, Tracking
from dlexplain.services.training.inline import inline_queue
from tests.execution.small import SERIES, Homes, curves

EPOCHS = 6
SPEC = replace(SERIES, name="a small forecaster")


@pytest.fixture(scope="module")
def home(new_home: Homes) -> Path:
    return new_home()


@pytest.fixture(scope="module")
def row(home: Path) -> RunRow:
    return inline_queue(home).submit(SPEC)


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
    tracking.delete(other.tracking)
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


def test_the_duration_is_the_time_at_work(seen: Run, row: RunRow) -> None:
    assert row.seconds > 0.5
    taken = (seen.info.end_time - seen.info.start_time) / 1000
    assert taken == pytest.approx(row.seconds, abs=0.01)


def test_the_duration_counts_earlier_spells(home: Path, client: MlflowClient, row: RunRow) -> None:
    """Of a run whose first attempt of 220 s MLflow never heard of."""
    tracking = Tracking(home)
    late = replace(row, tracking="", started=1_700_000_300.0, ended=1_700_000_310.5, spent=220.0)
    late = replace(late, tracking=tracking.begin(late, {}))
    tracking.set_state(late)
    info = client.get_run(late.tracking).info
    assert (info.start_time, info.end_time) == (1_700_000_080_000, 1_700_000_310_500)


def test_the_data_set(seen: Run) -> None:
    (told,) = seen.inputs.dataset_inputs
    assert told.dataset.name == "macrodata"
    assert json.loads(told.dataset.source) == dict(SPEC.data_params)
    assert set(json.loads(told.dataset.profile)["sizes"]) == {"train", "validation", "test"}
    assert {tag.key: tag.value for tag in told.tags} == {"mlflow.data.context": "training"}


def test_why_a_run_failed(home: Path, client: MlflowClient) -> None:
    failed = inline_queue(home).submit(replace(SPEC, model="no-such-model"))
    assert failed.state == "failed"
    run = client.get_run(failed.tracking)
    assert run.info.status == "FAILED"
    assert run.data.tags["dlexplain.why"] == failed.why
    assert failed.why.startswith('unknown model "no-such-model"; known: ')
