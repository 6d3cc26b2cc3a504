"""A sweep's controller with runs that are answered at once: budget, pruning, kills, failures."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from optuna.storages import InMemoryStorage

from dlexplain.errors import BadInput, Cancelled, RunError, StatesError
from dlexplain.execution import paths
from dlexplain.people import Person, here
from dlexplain.results.sweeps import Sweep
from dlexplain.services.sweeps import controller
from dlexplain.services.sweeps.controller import Controller, control
from dlexplain.services.sweeps.spec import SweepSpec, sweep_spec
from dlexplain.services.sweeps.store import Budget, SweepFiles, this_process
from dlexplain.services.sweeps.study import Study, importance
from tests.sweeping import BASE, KEY, STEPS, FakeRuns

RATES = ["learning_rate=1e-4..1e-1 log"]
VARY = [*RATES, "weight_decay=0..0.1"]


def peak(flat: dict[str, Any], epoch: int) -> float:
    """Best at a learning rate of 0.01, and better with each epoch."""
    far = abs(math.log10(flat["training.learning_rate"]) + 2) / 3
    return float((1 - far) * (1 - 0.5**epoch))


class Killed(BaseException):
    """Stands for kill -9: nothing of the controller is done after it."""


STORES: dict[Path, InMemoryStorage] = {}
"""Optuna's store of each home folder: one in a file takes 20 ms an epoch."""


def swept(home: Path, spec: SweepSpec, runs: FakeRuns, file: bool = False) -> Sweep:
    """Run sweep s1 to its end here; made where it is not there.

    file  whether its store is that of a real sweep
    """
    there = paths.sweep_spec_file(home, "s1").exists()
    files = SweepFiles(home, "s1") if there else SweepFiles.make(home, "s1", spec)
    storage = None if file else STORES.setdefault(home, InMemoryStorage())
    Controller(files, runs, 0, storage).run()
    return files.sweep()


def test_trials_are_runs_and_the_best_is_found(tmp_path: Path) -> None:
    runs = FakeRuns(peak)
    found = swept(tmp_path, sweep_spec(BASE, VARY, trials=8), runs)
    assert (found.state, found.why) == ("finished", "its 8 trials are done")
    assert [t.state for t in found.trials] == ["finished"] * 8
    assert len(runs.records) == 8
    assert {r.family for r in runs.records.values()} == {"s1"}
    for trial in found.trials:
        record = runs.records[trial.run]
        assert record.flat["training.learning_rate"] == trial.params["training.learning_rate"]
        assert len(trial.curve) == 9
        assert trial.values == (pytest.approx(peak(dict(record.flat), 9)),)
        assert trial.test == {KEY.replace("validation", "test"): trial.values[0] - 0.01}
        assert (trial.n, trial.test_n, trial.steps) == (143, 359, 9 * STEPS)
    best = max(found.trials, key=lambda t: t.values)
    assert found.best == best
    numbers, values, so_far = found.history()
    assert list(numbers) == list(range(8))
    assert list(so_far) == [max(values[: i + 1]) for i in range(8)]
    assert ", n = 143, with learning_rate" in found.best_words


@pytest.mark.parametrize("pruner", ["none", "asha"])
@pytest.mark.parametrize("what", ["launch", "look", "cancel", "tag", "keep_going", "family"])
def test_a_store_that_is_away_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, pruner: str
) -> None:
    """Every third call fails, before or after it has done its work: no trial is lost or doubled."""
    monkeypatch.setattr(controller, "AWAY_SECONDS", 0.0)
    runs = FakeRuns(peak)
    asked, real = [0], getattr(runs, what)

    def away(*given: Any) -> Any:
        asked[0] += 1
        if asked[0] % 3 == 1:
            raise StatesError("the store does not answer")
        found = real(*given)
        if asked[0] % 3 == 2 and asked[0] % 2:
            raise StatesError("it was gone before it had answered")
        return found

    monkeypatch.setattr(runs, what, away)
    found = swept(tmp_path, sweep_spec(BASE, VARY, "random", pruner, trials=8), runs)
    assert (found.state, found.why) == ("finished", "its 8 trials are done")
    assert len(found.trials) == len(runs.records) == 8
    assert {t.state for t in found.trials} <= {"finished", "pruned"}
    assert {t.run for t in found.trials} == set(runs.records)


def test_a_quota_that_is_used_up_fails_a_trial_and_not_the_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = FakeRuns(peak)
    spec = sweep_spec(BASE, VARY, trials=2)
    real, gone = runs.look, []

    def look(run: str) -> Any:
        if not gone:
            gone.append(run)
            runs.records[run] = replace(runs.records[run], state="interrupted")
        return real(run)

    def refuse(run: str) -> Any:
        raise BadInput("your runs have been at work for 60 minutes")

    monkeypatch.setattr(runs, "look", look)
    monkeypatch.setattr(runs, "resume", refuse)
    found = swept(tmp_path, spec, runs)
    assert found.state == "finished"
    assert sorted(t.state for t in found.trials) == ["failed", "finished"]
    assert "60 minutes" in {t.why for t in found.trials if t.state == "failed"}.pop()


def test_an_admins_sweep_has_an_admins_rights(tmp_path: Path) -> None:
    spec = sweep_spec(BASE, VARY, trials=1)
    eve = Person("eve@example.org", "Eve", "admin")
    files = SweepFiles.make(tmp_path, "s1", spec, eve)
    with controller._its_owner(files):
        assert (here().email, here().role) == (eve.email, "admin")


@pytest.mark.parametrize("sampler", ["tpe", "cma-es", "random"])
def test_the_same_seed_asks_for_the_same_values(tmp_path: Path, sampler: str) -> None:
    tries = [
        [dict(t.params) for t in swept(tmp_path / name, spec, FakeRuns(peak)).trials]
        for name, spec in (
            ("a", sweep_spec(BASE, VARY, sampler, trials=14)),
            ("b", sweep_spec(BASE, VARY, sampler, trials=14)),
            ("c", sweep_spec(BASE, VARY, sampler, trials=14, seed=1)),
        )
    ]
    assert tries[0] == tries[1] != tries[2]
    assert len({tuple(params.values()) for params in tries[0]}) == 14


def test_tpe_and_cma_es_learn_what_random_does_not(tmp_path: Path) -> None:
    def mean_of_last(sampler: str) -> float:
        spec = sweep_spec(BASE, VARY, sampler, trials=60, aims=["test/accuracy"])
        found = swept(tmp_path / sampler, spec, FakeRuns(peak))
        return float(found.history()[1][-30:].mean())

    random = mean_of_last("random")
    assert mean_of_last("tpe") > random + 0.05
    assert mean_of_last("cma-es") > random + 0.05


def test_a_grid_is_tried_once_each_and_then_over(tmp_path: Path) -> None:
    spec = sweep_spec(BASE, ["width=4,8,16", "learning_rate=0.1,0.01"], "grid", minutes=60)
    found = swept(tmp_path, spec, FakeRuns(peak))
    assert found.why == "each of the 6 combinations was tried"
    tried = [tuple(t.params.values()) for t in found.trials]
    assert sorted(tried) == sorted((w, r) for w in (4, 8, 16) for r in (0.1, 0.01))


@pytest.mark.parametrize("pruner", ["asha", "hyperband", "median"])
def test_a_pruned_trial_ends_its_worker_at_once(tmp_path: Path, pruner: str) -> None:
    runs = FakeRuns(peak)
    found = swept(tmp_path, sweep_spec(BASE, VARY, "random", pruner, trials=30), runs)
    pruned = [t for t in found.trials if t.state == "pruned"]
    assert pruned
    assert sorted(runs.cancelled) == sorted((t.run, True) for t in pruned)
    for trial in pruned:
        record = runs.records[trial.run]
        assert (record.state, record.tags) == ("cancelled", ("pruned",))
        assert runs.epochs[trial.run] == len(trial.curve) < 9
        assert trial.values == (trial.curve[-1],)
        assert trial.steps == STEPS * len(trial.curve)
    steps = STEPS * sum(runs.epochs.values())
    assert found.steps == steps < 30 * 9 * STEPS
    if pruner == "asha":
        assert {len(t.curve) for t in pruned} <= {1, 3}  # rungs; the next, 9, is the end
        assert steps <= 0.4 * 30 * 9 * STEPS


def test_asha_keeps_a_third_of_those_at_a_rung(tmp_path: Path) -> None:
    """By hand: at rung 1 a trial goes on if it is among the best third of those that were there."""
    runs = FakeRuns(lambda flat, epoch: flat["seed"] / 100)
    spec = sweep_spec(BASE, ["seed=9,1,2,8,3,10"], "grid", "asha")
    found = swept(tmp_path, spec, runs)
    # 9 is the only one; 1, 2, 8 and 3 are never above the best 1 of 2 to 5; 10 is.
    assert [t.params["seed"] for t in found.trials] == [9, 1, 2, 8, 3, 10]
    reached = [len(t.curve) for t in found.trials]
    assert reached == [9, 1, 1, 1, 1, 9]


def test_trials_at_once_are_as_many_as_asked(tmp_path: Path) -> None:
    runs = FakeRuns(peak)
    assert len(swept(tmp_path, sweep_spec(BASE, VARY, trials=7, parallel=3), runs).trials) == 7
    assert runs.at_once == 3


def test_two_aims_have_a_front(tmp_path: Path) -> None:
    spec = sweep_spec(BASE, ["width=4,8,16,32"], "grid", aims=["test/accuracy", "parameters"])
    scores = {4: 0.5, 8: 0.8, 16: 0.7, 32: 0.9}
    found = swept(tmp_path, spec, FakeRuns(lambda flat, epoch: scores[flat["model.width"]]))
    assert [t.params["model.width"] for t in found.front] == [4, 8, 32]  # 16 costs more than 8
    assert [t.values[1] for t in found.front] == [400, 800, 3200]


@pytest.mark.parametrize("at", [0, 1, 5, 12, 24])
def test_a_killed_controller_is_followed_and_nothing_is_lost_or_done_twice(
    tmp_path: Path, at: int
) -> None:
    spec = sweep_spec(BASE, VARY, "tpe", "asha", trials=10)
    whole = swept(tmp_path / "whole", spec, FakeRuns(peak))
    looks = 0

    def kill(runs: FakeRuns, run: str) -> None:
        nonlocal looks
        looks += 1
        if looks == at + 1:
            raise Killed

    runs = FakeRuns(peak, on_look=kill)
    with pytest.raises(Killed):
        swept(tmp_path / "killed", spec, runs)
    found = swept(tmp_path / "killed", spec, runs)
    # Times differ, and nothing else, not even what is read from the runs.
    assert [replace(t, began=0, ended=0) for t in found.trials] == [
        replace(t, began=0, ended=0) for t in whole.trials
    ]
    assert len(runs.records) == 10  # as many runs as trials
    assert len({t.run for t in found.trials}) == 10


def test_a_run_that_was_launched_before_its_id_was_kept_is_adopted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, runs = sweep_spec(BASE, VARY, trials=3), FakeRuns(peak)
    launch, count = runs.launch, 0

    def killed_after(*given: Any) -> Any:
        nonlocal count
        count += 1
        made = launch(*given)
        if count == 2:
            raise Killed
        return made

    monkeypatch.setattr(runs, "launch", killed_after)
    with pytest.raises(Killed):
        swept(tmp_path, spec, runs)
    found = swept(tmp_path, spec, runs)
    assert [t.run for t in found.trials] == ["run0", "run1", "run2"]
    assert len(runs.records) == 3


def test_a_trial_whose_launch_never_came_is_launched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, runs = sweep_spec(BASE, VARY, trials=2), FakeRuns(peak)

    def killed(*given: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(runs, "launch", killed)
        with pytest.raises(Killed):
            swept(tmp_path, spec, runs)
    assert [t.state for t in swept(tmp_path, spec, runs).trials] == ["finished"] * 2
    assert len(runs.records) == 2


def test_a_run_whose_worker_is_gone_goes_on_and_one_that_never_stays_is_given_up(
    tmp_path: Path,
) -> None:
    def lose(runs: FakeRuns, run: str) -> None:
        if runs.records[run].active and run == "run1":
            set_state(runs, run, "interrupted")

    runs = FakeRuns(peak, on_look=lose)
    found = swept(tmp_path, sweep_spec(BASE, VARY, trials=3), runs)
    assert [t.state for t in found.trials] == ["finished", "failed", "finished"]
    assert found.trials[1].why == "its worker was gone 4 times"
    assert runs.resumed == ["run1"] * 3


def test_a_run_that_was_deleted_or_cancelled_is_a_failed_trial(tmp_path: Path) -> None:
    def meddle(runs: FakeRuns, run: str) -> None:
        if run == "run0":
            runs.records.pop(run, None)
            runs.records["gone"] = runs.launch(BASE, "other")
        if run == "run2" and runs.records[run].active:
            set_state(runs, run, "cancelled")

    runs = FakeRuns(peak, on_look=meddle)
    found = swept(tmp_path, sweep_spec(BASE, VARY, trials=3), runs)
    assert [t.state for t in found.trials].count("failed") == 2
    assert found.trials[0].why == "its run run0 was deleted"


def set_state(runs: FakeRuns, run: str, state: str) -> None:
    runs.records[run] = replace(runs.records[run], state=state, why="by a test")


@pytest.mark.parametrize("how", [{"refuse": "no such value"}, {"fails": "the loss became nan"}])
def test_a_sweep_whose_every_trial_fails_says_why_and_ends_early(
    tmp_path: Path, how: dict[str, str]
) -> None:
    found = swept(tmp_path, sweep_spec(BASE, VARY, trials=50), FakeRuns(peak, **how))
    (why,) = how.values()
    assert (found.state, found.why) == ("failed", f"all 5 trials failed, the first since {why}")
    assert [t.why for t in found.trials] == [why] * 5
    assert (found.best, found.best_words, found.front) == (None, "", ())


def test_an_aim_that_runs_do_not_have_fails_with_those_that_they_have(tmp_path: Path) -> None:
    spec = sweep_spec(BASE, VARY, trials=2, aims=["test/f1"])
    found = swept(tmp_path, spec, FakeRuns(peak))
    assert found.state == "failed"
    assert found.trials[0].why == "its run has no test/f1; it has: test/accuracy, " + KEY


def test_one_that_is_stopped_saves_and_goes_on(tmp_path: Path) -> None:
    spec, runs = sweep_spec(BASE, VARY, trials=3), FakeRuns(peak)
    files = SweepFiles.make(tmp_path, "s1", spec)

    def stop(runs: FakeRuns, run: str) -> None:
        if runs.epochs.get("run1") == 4 and not runs.cancelled:
            files.wish_stop(True)

    runs.on_look = stop
    found = swept(tmp_path, spec, runs)
    assert (found.state, files.stop_wished) == ("stopped", False)
    assert found.resumable
    assert runs.cancelled == [("run1", False)]  # with its checkpoint
    found = swept(tmp_path, spec, runs)
    assert (found.state, runs.resumed) == ("finished", ["run1"])
    assert [t.state for t in found.trials] == ["finished"] * 3
    assert len(runs.records) == 3


def test_minutes_end_it_and_more_trials_go_on(tmp_path: Path) -> None:
    runs = FakeRuns(peak)
    spec = sweep_spec(BASE, VARY, trials=500, minutes=0.005)
    found = swept(tmp_path, spec, runs)
    assert found.why == "its 0.005 minutes are over"
    count = len(found.trials)
    assert 1 <= count < 500
    assert [t.state for t in found.trials] == ["finished"] * count
    SweepFiles(tmp_path, "s1").write_budget(Budget(count + 2, 0.0))
    assert len(swept(tmp_path, spec, runs).trials) == count + 2


def test_two_cannot_run_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlexplain.services.sweeps.controller.LOCK_SECONDS", 0.01)
    files = SweepFiles.make(tmp_path, "s1", sweep_spec(BASE, VARY, trials=1))
    files.write_state(this_process(files.state))
    runs = FakeRuns(peak)
    with (
        FileLock(paths.sweep_lock(tmp_path, "s1")),
        pytest.raises(RunError, match="sweep s1 is at work already, in process"),
    ):
        control(tmp_path, "s1", runs)
    assert runs.records == {}
    assert control(tmp_path, "s1", runs) == "finished"


def test_a_store_that_is_gone_is_told_and_nothing_begins(tmp_path: Path) -> None:
    spec, runs = sweep_spec(BASE, VARY, trials=1), FakeRuns(peak)
    swept(tmp_path, spec, runs, file=True)
    paths.sweep_database(tmp_path, "s1").unlink()
    assert control(tmp_path, "s1", runs) == "failed"
    found = SweepFiles(tmp_path, "s1").sweep()
    assert found.why.startswith("it cannot go on: the store of trials does not have sweep s1")
    assert len(found.trials) == 1  # what was known is still shown
    paths.sweep_database(tmp_path, "s1").write_text("no database at all, but text")
    assert control(tmp_path, "s1", runs) == "failed"
    assert "it cannot go on: " in SweepFiles(tmp_path, "s1").sweep().why


def test_importances_say_which_parameter_mattered(tmp_path: Path) -> None:
    found = swept(tmp_path, sweep_spec(BASE, VARY, "random", trials=25), FakeRuns(peak))
    told = importance(tmp_path, found, STORES[tmp_path])
    assert told is not None
    assert list(told.shares) == ["training.learning_rate", "training.weight_decay"]
    assert told.shares["training.learning_rate"] > 0.9
    assert sum(told.shares.values()) == pytest.approx(1)
    assert (told.trials, told.first_is_sure) == (25, True)
    for key, (low, high) in told.within.items():
        assert 0 <= low <= told.shares[key] <= high <= 1
    few = swept(tmp_path / "few", sweep_spec(BASE, VARY, trials=3), FakeRuns(peak))
    assert importance(tmp_path / "few", few, STORES[tmp_path / "few"]) is None
    same = FakeRuns(lambda flat, epoch: 0.5)
    equal = swept(tmp_path / "equal", sweep_spec(BASE, VARY, trials=5), same)
    assert importance(tmp_path / "equal", equal, STORES[tmp_path / "equal"]) is None


def test_optunas_store_has_what_the_pages_show(tmp_path: Path) -> None:
    spec = sweep_spec(BASE, VARY, "random", "asha", trials=6)
    found = swept(tmp_path, spec, FakeRuns(peak), file=True)
    study = Study(tmp_path, "s1", spec, begun=True)
    for frozen, trial in zip(study.trials(), found.trials, strict=True):
        assert frozen.params == trial.params
        assert tuple(frozen.intermediate_values.values()) == trial.curve
        assert frozen.user_attrs["run"] == trial.run
    again = SweepFiles(tmp_path, "s1").sweep()
    assert again.trials == found.trials
    assert found.best is not None
    assert again.to_dict()["best"] == found.best.number


def test_a_damaged_file_is_a_sentence(tmp_path: Path) -> None:
    files = SweepFiles.make(tmp_path, "s1", sweep_spec(BASE, VARY, trials=1))
    paths.sweep_spec_file(tmp_path, "s1").write_text("{")
    with pytest.raises(RunError, match="spec.json of sweep s1 cannot be read"):
        files.sweep()


@pytest.mark.parametrize("pruner", ["asha", "hyperband", "median"])
def test_a_trial_that_is_being_tested_is_not_pruned(tmp_path: Path, pruner: str) -> None:
    """Its last epoch, the ninth, is a rung; and each is worse there than those before it."""
    runs = FakeRuns(lambda flat, epoch: 1 - flat["seed"] / 100 if epoch == 9 else 0.5)
    spec = sweep_spec(BASE, ["seed=1,2,3,4,5,6,7,8"], "grid", pruner)
    assert [t.state for t in swept(tmp_path, spec, runs).trials] == ["finished"] * 8


@pytest.mark.parametrize("rung", [1, 3, 5])
def test_the_median_decides_first_at_the_rung(tmp_path: Path, rung: int) -> None:
    runs = FakeRuns(lambda flat, epoch: -flat["seed"] / 100)
    spec = sweep_spec(BASE, ["seed=1,2,3,4,5,6,7"], "grid", "median", rung=rung)
    reached = [len(t.curve) for t in swept(tmp_path, spec, runs).trials]
    assert reached == [9] * 5 + [rung] * 2  # the median is taken of five


def test_an_epoch_whose_validation_was_no_number_moves_none_of_the_others(tmp_path: Path) -> None:
    runs = FakeRuns(lambda flat, epoch: (0.5, 0.9, 0.6)[epoch % 3], lost=(2, 5))
    spec = sweep_spec(BASE, ["seed=1,2"], "grid")
    storage = STORES.setdefault(tmp_path, InMemoryStorage())
    found = swept(tmp_path, spec, runs)
    trial, _ = Study(tmp_path, "s1", spec, True, storage).trials()
    assert sorted(trial.intermediate_values) == [1, 3, 4, 6, 7, 8, 9]
    assert found.trials[0].values == (0.9,)  # of the best epoch, whose weights are kept


def test_failures_of_an_earlier_attempt_do_not_end_the_next(tmp_path: Path) -> None:
    runs = FakeRuns(peak, refuse="the disk is full")
    spec = sweep_spec(BASE, VARY, trials=8)
    assert swept(tmp_path, spec, runs).state == "failed"
    runs.refuse = ""
    found = swept(tmp_path, spec, runs)
    assert (found.state, found.why) == ("finished", "its 8 trials are done")
    assert [t.state for t in found.trials] == ["failed"] * 5 + ["finished"] * 3


def test_a_pruned_trial_keeps_the_tags_of_its_run(tmp_path: Path) -> None:
    def tag(runs: FakeRuns, run: str) -> None:
        runs.records[run] = replace(runs.records[run], tags=("mine",))

    runs = FakeRuns(lambda flat, epoch: -flat["seed"] / 100, on_look=tag)
    spec = sweep_spec(BASE, ["seed=1,2"], "grid", "asha")
    pruned = swept(tmp_path, spec, runs).trials[1]
    assert (pruned.state, runs.records[pruned.run].tags) == ("pruned", ("mine", "pruned"))


def test_what_is_added_while_it_ends_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, files = sweep_spec(BASE, VARY, trials=2), []
    end = Controller._end

    def extended(self: Controller, state: str, why: str) -> str:
        if not files:
            files.append(self.files)
            self.files.write_budget(Budget(3, 0.0))
        return end(self, state, why)

    monkeypatch.setattr(Controller, "_end", extended)
    found = swept(tmp_path, spec, FakeRuns(peak))
    assert (found.state, found.why) == ("finished", "its 3 trials are done")
    assert len(found.trials) == 3


def test_a_measurement_that_is_wanted_no_more_leaves_the_trial_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = sweep_spec(BASE, VARY, trials=2, aims=["test/accuracy", "latency"])
    runs, files = FakeRuns(peak), SweepFiles.make(tmp_path, "s1", spec)

    def stopped(run: Any, name: str, wanted: Callable[[], bool]) -> float:
        files.wish_stop(True)
        assert not wanted()
        raise Cancelled

    with monkeypatch.context() as patched:
        patched.setattr(runs, "cost", stopped)
        found = swept(tmp_path, spec, runs)
    assert (found.state, [t.state for t in found.trials]) == ("stopped", ["running"])
    found = swept(tmp_path, spec, runs)
    assert [t.state for t in found.trials] == ["finished"] * 2
    assert len(runs.records) == 2
