"""Runs as pages see them: records, curves, results, pictures, names and deletion."""

import re
import time
from dataclasses import replace

import numpy as np
import pytest

from dlexplain.cli import main
from dlexplain.errors import RunError, SpecError, UnknownName
from dlexplain.execution import delivery
from dlexplain.execution.delivery import deliver_here
from dlexplain.execution.paths import (
    checkpoint_folder,
    digest_file,
    run_folder,
    states_file,
    tracking_file,
    untold_folder,
)
from dlexplain.execution.states import States
from dlexplain.execution.store import Tracking
from dlexplain.execution.telling import mark
from dlexplain.results import Backtest, ClassificationTest
from dlexplain.services.training import runs as service
from dlexplain.services.training.catalogue import RunSpec
from dlexplain.services.training.test_results import card, results_of
from dlexplain.settings import settings
from tests.execution.rooms import room
from tests.trained import digits_run, macrodata_run


def test_a_finished_run_tells_what_it_did() -> None:
    record = service.run(digits_run())
    assert (record.state, record.active, record.fraction) == ("finished", False, 1.0)
    assert (record.epoch, record.epochs) == (3, 3)
    assert record.monitor == "validation/accuracy"
    assert record.best == pytest.approx(max(service.curves([record], record.monitor)[0].values))
    assert record.flat["training.epochs"] == 3
    assert service.runs()[0].number >= record.number
    states = [change.state for change in service.changes(record.id)]
    assert states == ["queued", "running", "finished"]


def test_a_beginning_of_the_id_is_enough_and_others_are_told() -> None:
    run = digits_run()
    assert service.run(run[:6]).id == run
    with pytest.raises(UnknownName, match="the latest: "):
        service.run("nothing")


def test_curves_have_a_point_an_epoch_and_end_at_the_last_value() -> None:
    record = service.run(digits_run())
    (curve,) = service.curves([record], "validation/accuracy")
    assert len(curve) == 3
    assert np.all(np.diff(curve.steps) > 0)
    assert curve.last == pytest.approx(record.metrics["validation/accuracy"])
    assert service.curves([record], "no/such") == []
    keys = service.metric_keys([record])
    assert keys[0].startswith("validation/")
    assert keys.index("test/accuracy") < keys.index("train/loss")


def test_the_confusion_adds_up_to_the_test_part_and_its_accuracy() -> None:
    record = service.run(digits_run())
    found = results_of(record)
    assert isinstance(found, ClassificationTest)
    assert found.confusion.sum() == card(record)["facts"]["sizes"]["test"]
    accuracy = np.trace(found.confusion) / found.confusion.sum()
    assert accuracy == pytest.approx(record.metrics["test/accuracy"])
    assert np.all(found.labels != found.predicted)
    assert np.all(np.diff(found.probabilities) <= 0)


def test_the_backtest_agrees_with_the_metrics() -> None:
    record = service.run(macrodata_run())
    found = results_of(record)
    assert isinstance(found, Backtest)
    assert found.mase[0].mean() == pytest.approx(record.metrics["test/mase"])
    ratio = found.mase[0].mean() / found.mase[1].mean()
    assert ratio == pytest.approx(record.metrics["test/mase_over_random_walk"])
    assert np.all(np.diff(found.forecasts, axis=-1) >= 0)


def test_pictures_are_kept_for_every_epoch() -> None:
    record = service.run(digits_run())
    assert service.picture_kinds([record]) == ["filters", "mistakes"]
    assert list(service.pictures(record, "filters")) == [1, 2, 3]
    assert service.picture_kinds([service.run(macrodata_run())]) == []


def test_a_run_can_be_renamed_and_tagged_and_mlflow_is_told() -> None:
    run = macrodata_run()
    assert service.rename(run, "  the economy ").name == "the economy"
    assert service.tag(run, ["good", " good", "", "a,b"]).tags == ("good", "a b")
    tracking = service._tracking()
    deliver_here(settings().home, tracking)
    client = tracking.client
    assert client.get_run(service.run(run).tracking).info.run_name == "the economy"
    service.rename(run, "economy")


def test_a_tracker_that_is_away_is_told_in_a_sentence() -> None:
    home, uri = settings().home, service._tracking().uri
    away = delivery.Answer(uri, "connection refused", time.time(), 5.0, time.time() + 600)
    before = delivery.last_answer(home, uri)
    mark(home, "a-run")
    try:
        delivery._write(home, away)
        told = service.tracker_problem()
        assert told.startswith(f"MLflow at {tracking_file(home)} has not taken what ")
        assert re.search(r"taken what (1 run|\d+ runs) recorded, since \d", told)
        assert told.endswith(": connection refused. It is kept, and sent when MLflow answers.")
        delivery._write(home, replace(away, problem=""))
        assert service.tracker_problem() == ""
        delivery._write(home, replace(away, uri="http://another"))
        assert service.tracker_problem() == ""
    finally:
        delivery._write(home, before)
        (untold_folder(home) / "a-run").unlink()


def test_no_password_is_shown() -> None:
    tracking = Tracking(settings().home, "https://ada:secret@tracks.example:5000/mlflow")
    assert tracking.place == "tracks.example:5000"
    assert tracking.shown == "https://tracks.example:5000/mlflow"


def test_only_an_ended_run_can_be_deleted_and_then_is_gone() -> None:
    # A device that is not here, so that nobody else takes it from the queue.
    spec = RunSpec(task="forecast", model="lstm-forecaster", data="macrodata", device="cuda:7")
    states = States(states_file(settings().home))
    row = states.add(spec)
    states.take(room("cuda:7"))
    with pytest.raises(RunError, match="cancel it before"):
        service.delete(row.id)
    states.move(row.id, "failed", "for this test")
    folder = run_folder(settings().home, row.id)
    folder.mkdir(parents=True)
    (folder / "log.txt").write_text("first\nlast\n")
    assert service.log_tail(row.id, lines=1) == "last"
    service.delete(row.id)
    assert not folder.exists()
    with pytest.raises(UnknownName):
        service.run(row.id)


def test_what_cannot_be_done_is_said() -> None:
    with pytest.raises(RunError, match="finished"):
        service.cancel(digits_run())
    with pytest.raises(RunError, match="finished"):
        service.resume(digits_run())
    with pytest.raises(SpecError, match='device is "cuda:31"; here it may be auto'):
        service.launch(
            RunSpec(task="forecast", model="lstm-forecaster", data="macrodata", device="cuda:31")
        )
    with pytest.raises(SpecError, match="unknown"):
        service.train({"task": "forecast", "model": "lstm-forecaster", "data": "macrodata", "x": 1})


def failed_run(*steps: int) -> str:
    """The id of a run for a device that is not here, so that nobody starts it, which has failed
    with checkpoints of these steps."""
    states = States(states_file(settings().home))
    spec = RunSpec("forecast", "lstm-forecaster", "macrodata", device="cuda:77")
    run = states.add(spec).id
    states.move(run, "running", "for the test")
    states.move(run, "failed", "for the test")
    folder = checkpoint_folder(settings().home, run)
    folder.mkdir(parents=True)
    for step in steps:
        file = folder / f"latest-{step}.ckpt"
        file.write_bytes(b"")
        digest_file(file).write_text("")
    return run


def test_resuming_says_what_there_is_to_go_on_from(capsys: pytest.CaptureFixture[str]) -> None:
    bare, saved = failed_run(), failed_run(90, 120)
    record = service.run(bare)
    assert (record.checkpoint, record.resuming) == (
        None, "there is no checkpoint, so it would start from the beginning",
    )  # fmt: skip
    record = service.run(saved)
    assert (record.checkpoint, record.resuming) == (
        120, "it would go on from its checkpoint of step 120",
    )  # fmt: skip
    finished = service.run(digits_run())
    assert (finished.checkpoint, finished.resuming) == (None, "")
    assert main(["run", bare]) == 0
    assert "  if you resume it, there is no checkpoint, so" in capsys.readouterr().out
    assert main(["resume", bare]) == 0
    assert capsys.readouterr().out == (
        f"run {bare} is queued; it has no checkpoint and starts from the beginning\n"
    )
    assert main(["resume", saved]) == 0
    assert capsys.readouterr().out == f"run {saved} is queued; it goes on from step 120\n"
    for run in (bare, saved):
        service.cancel(run)
        service.delete(run)
