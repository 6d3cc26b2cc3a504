"""Runs one sweep: python -m dlexplain.services.sweeps.controller SWEEP.

It asks Optuna for values, launches each trial as an ordinary run, reports each epoch to the pruner,
and ends a pruned trial's worker at once. Everything is written down before it is done, so that a
controller that was killed is followed by another that loses no trial and repeats none: Optuna's
store says which trials are open, and a run's name to which it belongs.
"""

import logging
import math
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from optuna.exceptions import OptunaError
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, Trial
from optuna.trial import TrialState as State
from sqlalchemy.exc import SQLAlchemyError

from dlexplain.errors import BadInput, Cancelled, DlexplainError, RunError, StatesError, UnknownName
from dlexplain.execution import paths
from dlexplain.execution.process import lower_priority
from dlexplain.params import Value
from dlexplain.people import Person, acting_as
from dlexplain.results import RunRecord
from dlexplain.results import sweeps as results
from dlexplain.results.sweeps import COSTS
from dlexplain.results.words import examples_of
from dlexplain.services.sweeps.running import Runner, Runs
from dlexplain.services.sweeps.store import SweepFiles, this_process
from dlexplain.services.sweeps.study import Study
from dlexplain.settings import settings
from dlexplain.tasks.base import TASKS

POLL_SECONDS, WAITING_SECONDS, BEAT_SECONDS, SHOW_SECONDS = 0.1, 1.0, 1.0, 0.5
LOCK_SECONDS = 5.0
"""How long another controller is waited for, which may be about to end."""
NICE = 5
AWAY_SECONDS = 2.0
"""Before the store of the runs is asked again, which is away."""
RESUMES = 3
"""How often a trial's run is resumed whose worker has gone."""
FAILURES = 5
"""When so many trials of one attempt have failed and none has not, no further one is begun."""
RUN, PRUNED, WHY, RESUMED = "run", "pruned", "why", "resumed"
"""Optuna's attributes of a trial: its run's id, after which epoch it was pruned, why it failed."""
_log = logging.getLogger("dlexplain.sweep")


@dataclass(eq=False)
class Open:
    """A trial that is at work."""

    trial: Trial
    params: dict[str, Value]
    record: RunRecord
    reported: int = 0
    resumes: int = 0
    pruned: bool = False
    looked: float = -math.inf

    def due(self) -> bool:
        """Whether to look at it again: seldom while it waits for a device."""
        wait = WAITING_SECONDS if self.record.state == "queued" else 0.0
        return time.monotonic() - self.looked >= wait

    @property
    def number(self) -> int:
        return self.trial.number


@dataclass(eq=False)
class Controller:
    """One sweep's.

    runner   how runs are launched and looked at
    storage  Optuna's, by default that of `store_address`
    """

    files: SweepFiles
    runner: Runner = field(default_factory=Runs)
    poll: float = POLL_SECONDS
    storage: BaseStorage | None = None
    open: dict[int, Open] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.spec = self.files.spec
        task = TASKS[self.spec.base.task]
        self.monitor, self.sign = task.monitor, 1 if task.mode == "max" else -1
        begun = bool(self.files.trials)
        self.study = Study(self.files.home, self.files.id, self.spec, begun, self.storage)
        self.state = this_process(replace(self.files.state, state="running", why=""))
        self._before, self._began = self.state.seconds, time.monotonic()
        self._beaten, self._showed, self._shown = 0.0, 0.0, ""
        self._known: list[FrozenTrial] | None = None
        self._kept = {trial.number: trial for trial in self.files.trials}
        ended = (State.COMPLETE, State.PRUNED, State.FAIL)
        self._earlier = {trial.number for trial in self.study.trials(ended)}

    def run(self) -> str:
        """To the end; returns the state that it ended in."""
        adopted, ended = False, ""
        while not ended:
            try:
                if not adopted:
                    self._beat(now=True)
                    self._adopt()
                adopted = True
                ended = self._turn()
            except StatesError as error:  # of the runs: it is away, or another holds it locked
                _log.warning("waiting for the store of the runs: %s", error)
                adopted = False  # a trial may have been asked for without a run, or with one
                self._say_alive()
                time.sleep(AWAY_SECONDS)
            else:
                time.sleep(0 if ended else self.poll)
        return ended

    def _turn(self) -> str:
        """Look at what is open and begin what may be; the state that it ended in, or ""."""
        if self.files.stop_wished:
            return self._stop()
        for each in list(self.open.values()):
            if each.due():
                self._look(each)
        self._begin_some()
        if not self.open and (why := self._why_over()):
            ended = self._over(why)
            if self._why_over():
                return ended
            self.state = replace(self.state, state="running", why="")  # extended meanwhile
        if time.monotonic() - self._showed >= SHOW_SECONDS:
            self._show()
        self._beat()
        return ""

    @property
    def seconds(self) -> float:
        return self._before + time.monotonic() - self._began

    def _beat(self, now: bool = False) -> None:
        if now or time.monotonic() - self._beaten >= BEAT_SECONDS:
            self._say_alive()
            self.runner.keep_going()  # whoever else looks after the queue may be gone

    def _say_alive(self) -> None:
        self._beaten = time.monotonic()
        self.state = replace(self.state, seconds=self.seconds, heartbeat=time.time())
        self.files.write_state(self.state)

    def _wanted(self) -> bool:
        """Beats; whether a long measurement is to go on."""
        self._beat()
        return not self.files.stop_wished

    def _end(self, state: str, why: str) -> str:
        self._show()
        self.state = replace(self.state, state=state, why=why)
        self._beat(now=True)
        _log.info("%s: %s", state, why)
        return state

    def _all(self) -> list[FrozenTrial]:
        """Every trial; the store is read where something has changed since."""
        if self._known is None:
            self._known = self.study.trials()
        return self._known

    # Trials begin

    def _adopt(self) -> None:
        """Go on with the trials that an earlier controller has left open, or this one when the
        store of the runs was away."""
        self._recall()
        left = self.study.trials([State.RUNNING, State.WAITING])
        known = {r.spec["name"]: r for r in self.runner.family(self.files.id)} if left else {}
        for found in left:
            if found.number in self.open:
                continue
            trial, params = self.study.again(found)
            record = known.get(self.spec.trial_name(found.number))
            if record is None:
                self._launch(trial, params)
                continue
            reported = max(found.intermediate_values, default=0)
            resumes = int(found.user_attrs.get(RESUMED, 0))
            each = Open(trial, params, record, reported, resumes)
            self.open[each.number] = each
            trial.set_user_attr(RUN, record.id)
            if PRUNED in found.user_attrs:
                self._prune(each)
            elif record.state in ("cancelled", "interrupted"):
                self._resume(each)
            _log.info("trial %d goes on with run %s", each.number, record.id)

    def _recall(self) -> None:
        """What is known of runs whose trials had ended, and were not written down for pages."""
        for found in self.study.trials([State.COMPLETE, State.PRUNED, State.FAIL]):
            kept = self._kept.get(found.number)
            of_others = RUN in found.user_attrs and found.number in self._earlier
            if not of_others or (kept and kept.state != "running"):
                continue
            try:
                record = self.runner.look(str(found.user_attrs[RUN]))
            except UnknownName:
                continue
            self._kept[found.number] = self._seen(found.number, dict(found.params), record)

    def _begin_some(self) -> None:
        while len(self.open) < self.spec.parallel and self._may_begin():
            self._launch(*self.study.ask())

    def _may_begin(self) -> bool:
        return not self._why_over()

    def _why_over(self) -> str:
        """Why no trial begins any more; "" where one may."""
        trials = self._all()
        budget, most = self.files.budget, self.spec.most
        # Those of an earlier attempt failed by what may have been mended since.
        ended = [t for t in trials if t.state.is_finished() and t.number not in self._earlier]
        failed = sum(trial.state == State.FAIL for trial in ended)
        if failed == len(ended) and failed >= FAILURES:
            return f"{failed} trials have failed, and none has finished"
        if most and len(trials) >= most:
            return f"each of the {most:,} combinations was tried"
        if budget.trials and len(trials) >= budget.trials:
            return f"its {budget.trials:,} trials are done"
        if budget.minutes and self.seconds >= 60 * budget.minutes:
            return f"its {budget.minutes:g} minutes are over"
        return ""

    def _launch(self, trial: Trial, params: dict[str, Value]) -> None:
        self._known = None
        try:
            spec = self.spec.run_spec(trial.number, params)
            record = self.runner.launch(spec, self.files.id)
        except BadInput as error:  # such as values that do not go together
            self._fail(trial, str(error))
            return
        trial.set_user_attr(RUN, record.id)
        self._known = None
        self.open[trial.number] = Open(trial, params, record)
        _log.info("trial %d is run %s: %s", trial.number, record.id, results.told(params))

    # Trials go on and end

    def _look(self, each: Open) -> None:
        each.looked = time.monotonic()
        try:
            record = each.record = self.runner.look(each.record.id)
        except UnknownName:
            self._fail(each.trial, f"its run {each.record.id} was deleted")
            return
        if each.pruned:  # the store was away in the midst of it
            self._prune(each)
            return
        pruned = self._report(each)
        match record.state:
            case "finished":
                self._complete(each)
            case "failed":
                self._fail(each.trial, record.why)
            case "cancelled":
                self._fail(each.trial, f"its run was cancelled: {record.why}")
            case "interrupted":
                self._go_on(each)
            case _ if pruned:
                self._prune(each)

    def _report(self, each: Open) -> bool:
        """Tell Optuna of each epoch since; whether the trial is to be pruned."""
        aim = self.spec.aims[0]
        if len(self.spec.aims) > 1 or not aim.metric.startswith("validation/"):
            return False
        curve = self.runner.curve(each.record, aim.metric)
        pruned = False
        for epoch in sorted(epoch for epoch in curve if epoch > each.reported):
            self._known = None
            each.trial.report(curve[epoch], epoch)
            each.reported = epoch
            if epoch < self.spec.epochs:  # a run of all its epochs is about to be tested
                pruned = each.trial.should_prune() or pruned
        return pruned and each.reported < self.spec.epochs

    def _prune(self, each: Open) -> None:
        """End its worker at once; a run that has finished meanwhile counts as finished."""
        each.pruned = True
        each.trial.set_user_attr(PRUNED, each.reported)
        if each.record.active:
            try:
                each.record = self.runner.cancel(each.record.id, True)
            except RunError:
                each.record = self.runner.look(each.record.id)
        if each.record.state == "finished":
            self._report(each)
            self._complete(each)
            return
        self.runner.tag(each.record.id, [*each.record.tags, "pruned"])
        self._tell(each.trial, State.PRUNED)
        _log.info("trial %d is pruned after epoch %d", each.number, each.reported)

    def _complete(self, each: Open) -> None:
        try:
            values = [self._value(each.record, aim.metric) for aim in self.spec.aims]
        except BadInput as error:
            self._fail(each.trial, str(error))
            return
        except Cancelled:  # the sweep is to stop: the trial stays open
            return
        self._tell(each.trial, State.COMPLETE, values)
        _log.info("trial %d is finished: %s", each.number, values)

    def _value(self, record: RunRecord, key: str) -> float:
        """Of a finished run: of the weights that it kept. Raises BadInput."""
        if key in COSTS:
            return self.runner.cost(record, key, self._wanted)
        value = record.metrics.get(key, math.nan)
        if key.startswith("validation/") and record.spec["training"].get("keep_best"):
            curve = self.runner.curve(record, key)
            chosen = self.runner.curve(record, self.monitor)
            best = max(chosen, key=lambda epoch: self.sign * chosen[epoch], default=0)
            value = curve.get(best, value)
        if not math.isfinite(value):
            known = ", ".join(k for k in sorted(record.metrics) if not k.startswith("train/"))
            raise BadInput(f"its run has no {key}; it has: {known}")
        return value

    def _go_on(self, each: Open) -> None:
        """Of a run whose worker is gone: from its checkpoint, a few times."""
        if each.resumes >= RESUMES:
            self._fail(each.trial, f"its worker was gone {each.resumes + 1} times")
            return
        if self._resume(each):
            each.resumes += 1
            each.trial.set_user_attr(RESUMED, each.resumes)

    def _resume(self, each: Open) -> bool:
        """Whether its run goes on; a trial whose owner may have no more runs fails."""
        try:
            each.record = self.runner.resume(each.record.id)
        except BadInput as error:
            self._fail(each.trial, str(error))
            return False
        return True

    def _fail(self, trial: Trial, why: str) -> None:
        trial.set_user_attr(WHY, why)
        self._tell(trial, State.FAIL)
        _log.warning("trial %d failed: %s", trial.number, why)

    def _tell(self, trial: Trial, state: State, values: list[float] | None = None) -> None:
        self.study.study.tell(trial, values, state)
        self._known = None
        each = self.open.pop(trial.number, None)
        if each is not None:
            self._kept[trial.number] = self._seen(each.number, each.params, each.record)

    # The sweep ends

    def _stop(self) -> str:
        """Have the trials at work save and stop; they stay open, to be resumed."""
        for each in self.open.values():
            if each.record.active:
                try:
                    each.record = self.runner.cancel(each.record.id, False)
                except RunError:
                    _log.info("run %s has just ended", each.record.id)
        while any((each.record.active) for each in self.open.values()):
            self._beat()
            time.sleep(self.poll)
            for each in self.open.values():
                each.record = self.runner.look(each.record.id)
        for each in list(self.open.values()):
            if each.record.state in ("finished", "failed"):
                self._look(each)
        self.files.wish_stop(False)
        return self._end("stopped", "stopped by the user; its open trials are saved")

    def _over(self, why: str) -> str:
        trials = self._all()
        failed = [trial for trial in trials if trial.state == State.FAIL]
        if failed and len(failed) == len(trials):
            first = str(failed[0].user_attrs.get(WHY, "")).rstrip(".")
            return self._end("failed", f"all {len(failed)} trials failed, the first since {first}")
        return self._end("finished", why)

    # What pages see

    def _show(self) -> None:
        """Write the trials down, where something has changed."""
        self._showed = time.monotonic()
        found = [self._trial(frozen) for frozen in self._all()]
        told = repr(found)
        if told != self._shown:
            self._shown = told
            self.files.write_trials(found)

    def _trial(self, frozen: FrozenTrial) -> results.Trial:
        each = self.open.get(frozen.number)
        seen = self._kept.get(frozen.number)
        if each is not None:
            seen = self._seen(each.number, each.params, each.record)
        names: dict[Any, results.TrialState] = {
            State.COMPLETE: "finished", State.PRUNED: "pruned", State.FAIL: "failed",
        }  # fmt: skip
        state = names.get(frozen.state, "running")
        ended = frozen.datetime_complete
        began = frozen.datetime_start
        params = {k: frozen.params[k] for k in self.study.distributions if k in frozen.params}
        base = seen or results.Trial(frozen.number, state, params)
        return replace(
            base,
            state=state,
            params=params,
            values=tuple(frozen.values or ()) if state in ("finished", "pruned") else (),
            curve=tuple(v for _, v in sorted(frozen.intermediate_values.items())),
            run=str(frozen.user_attrs.get(RUN, "")),
            why=str(frozen.user_attrs.get(WHY, "")),
            began=0.0 if began is None else began.timestamp(),
            ended=None if ended is None else ended.timestamp(),
        )

    def _seen(self, number: int, params: dict[str, Value], record: RunRecord) -> results.Trial:
        """What the run knows beyond Optuna."""
        aim = self.spec.aims[0]
        test = {k: v for k, v in record.metrics.items() if k.startswith("test/")}
        finished = record.state == "finished"
        return results.Trial(
            number,
            "running",
            params,
            n=examples_of(aim.metric, record.sizes),
            test=test if finished else {},
            test_n=examples_of(next(iter(test), "test/accuracy"), record.sizes),
            steps=max(record.step, self.runner.step(record.id)),
        )


def control(home: Path, sweep: str, runner: Runner | None = None) -> str:
    """Run a sweep in this process; raises RunError where another one runs it."""
    files = SweepFiles(home, sweep)
    try:
        with FileLock(paths.sweep_lock(home, sweep), timeout=LOCK_SECONDS):
            with _its_owner(files):
                return _control(files, runner or Runs())
    except Timeout:
        pid = files.state.pid
        raise RunError(f"sweep {sweep} is at work already, in process {pid}") from None


def _its_owner(files: SweepFiles) -> AbstractContextManager[None]:
    """Whose the runs are that it begins."""
    state = files.state
    return acting_as(Person(state.owner, "", state.role)) if state.owner else nullcontext()


def _control(files: SweepFiles, runner: Runner) -> str:
    try:
        return Controller(files, runner).run()
    except (DlexplainError, OSError, OptunaError, SQLAlchemyError) as error:
        why = " ".join(str(error).split()) or type(error).__name__
        _log.exception("sweep %s cannot go on", files.id)
        now = this_process(files.state)
        files.write_state(replace(now, state="failed", why=f"it cannot go on: {why}"))
        return "failed"


def main(arguments: list[str]) -> int:
    """Run the sweep named, unless another process does."""
    lower_priority(NICE)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        return 0 if control(settings().home, arguments[0]) in ("finished", "stopped") else 1
    except DlexplainError as error:
        _log.error("%s", error)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
