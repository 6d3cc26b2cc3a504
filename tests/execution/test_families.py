"""Runs that were started together are children of one run in MLflow."""

from dataclasses import replace

from mlflow import MlflowClient

from dlexplain.execution.paths import tracking_file
from dlexplain.execution.store import EXPERIMENT, Tracking
from dlexplain.services.training.inline import inline_queue
from tests.execution.small import SERIES, Homes


def test_runs_of_a_family_are_children_of_one_run(new_home: Homes) -> None:
    home = new_home()
    queue = inline_queue(home)
    short = replace(SERIES, training={**SERIES.training, "epochs": 1})
    rows = [queue.submit(replace(short, seed=seed), "s1") for seed in (0, 1)]
    alone = queue.submit(short)
    client = MlflowClient(f"sqlite:///{tracking_file(home)}")
    experiment = client.get_experiment_by_name(EXPERIMENT)
    known = {run.info.run_id: run for run in client.search_runs([experiment.experiment_id])}
    assert len(known) == 4
    parents = {known[row.tracking].data.tags["mlflow.parentRunId"] for row in rows}
    (parent,) = parents
    assert (known[parent].info.run_name, known[parent].info.status) == ("s1", "FINISHED")
    assert "mlflow.parentRunId" not in known[alone.tracking].data.tags
    tracking = Tracking(home)
    tracking.show_family("s1", active=True)
    assert client.get_run(parent).info.status == "RUNNING"
    assert tracking.parent("s1") == parent
