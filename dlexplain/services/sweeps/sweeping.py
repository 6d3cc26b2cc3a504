"""Sweeps for pages, command line and Python: start, look, stop, resume, extend, retrain.

Looking reads small files only. A sweep is run by a process of its own, which outlives whoever
started it.
"""

import secrets
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from filelock import FileLock, Timeout

from dlexplain.errors import BadInput, RunError, SpecError
from dlexplain.execution import paths, process
from dlexplain.execution.paths import sqlite_uri, sweep_database
from dlexplain.execution.resources import RAY
from dlexplain.execution.spec import RunSpec
from dlexplain.results import RunRecord
from dlexplain.results.sweeps import Importance, Sweep
from dlexplain.rights import check
from dlexplain.services.auditing import note_audit
from dlexplain.services.cluster import ask_cluster
from dlexplain.services.sweeps.space import Given
from dlexplain.services.sweeps.spec import MOST_MINUTES, MOST_TRIALS, SweepSpec, sweep_spec
from dlexplain.services.sweeps.store import (
    Budget,
    SweepFiles,
    SweepState,
    all_ids,
    found_sweep,
)
from dlexplain.services.training import runs
from dlexplain.services.training.catalogue import complete, data_status
from dlexplain.settings import settings

CONTROLLER = "dlexplain.services.sweeps.controller"
LOOK_SECONDS = 0.5
TAKEN_SECONDS = 1.0
"""How long a lock is waited for that somebody who looks may hold for a moment."""


def sweep(
    spec: RunSpec | Mapping[str, Any] | str,
    vary: Given,
    sampler: str = "tpe",
    pruner: str = "none",
    trials: int | None = None,
    minutes: float = 0.0,
    parallel: int = 1,
    aims: Sequence[str] = (),
    seed: int = 0,
    rung: int = 0,
    name: str = "",
    wait: bool = False,
) -> Sweep:
    """Train many runs that differ in chosen fields, in the background, to find the best.

    spec  the run that all are like: a RunSpec, the dictionary of one, or the name of a preset
    vary  what differs: {"learning_rate": "1e-4..1e-1 log", "model.width": [16, 32]}, or texts such
          as "learning_rate=1e-4..1e-1 log"
    sampler, pruner, trials, minutes, parallel, aims, seed, rung, name  see `sweep_spec`
    wait  whether to return when the sweep has ended rather than at once
    Raises SpecError, which names all that is wrong, or UnknownName; then nothing is started.
    """
    if isinstance(spec, str):
        from dlexplain.services.training.presets import preset

        spec = preset(spec)
    base = spec if isinstance(spec, RunSpec) else RunSpec.from_dict(spec)
    told = sweep_spec(
        base, vary, sampler, pruner, trials, minutes, parallel, aims, seed, rung, name
    )
    found = start(told)
    return wait_for(found.id) if wait else found


def start(spec: SweepSpec) -> Sweep:
    """Begin a sweep; raises SpecError where its data are not there, OSError."""
    base, person = spec.base, check("sweep")
    status = data_status(base.data, base.data_params)
    if not (status.there or status.fetched):
        raise SpecError([f"data {base.data}: {status.how}"])
    _check_cluster(base)
    files = SweepFiles.make(settings().home, secrets.token_hex(4), spec, person)
    note_audit("sweep", f"sweep {files.id}", spec.title)
    return _started(files)


def sweeps() -> list[Sweep]:
    """Every sweep, the latest first; one whose files are damaged is left out."""
    found = []
    for one in all_ids(settings().home):
        try:
            found.append(SweepFiles(settings().home, one).sweep())
        except RunError:
            continue
    return found


def sweep_now(wanted: str) -> Sweep:
    """One by its id or a unique beginning of it; raises UnknownName, or RunError of a damaged
    one."""
    return found_sweep(settings().home, wanted).sweep()


def _asked(wanted: str) -> SweepFiles:
    """A sweep with which who asks may do something; raises UnknownName, NotAllowed."""
    files = found_sweep(settings().home, wanted)
    check("sweep", files.state.owner)
    return files


def base_of_run(wanted: str) -> RunSpec:
    """A run's spec, to vary."""
    record = runs.run(wanted)
    return RunSpec.from_dict(record.spec)


def stop(wanted: str) -> Sweep:
    """Ask a sweep to stop: trials at work save, and go on when it is resumed. Raises RunError for
    one that is not at work."""
    files = _asked(wanted)
    state = files.state_now
    if state.state != "running":
        raise RunError(f"sweep {files.id} is {state.state}; only a running one can stop")
    files.wish_stop(True)
    note_audit("stop", f"sweep {files.id}")
    return files.sweep()


def resume(wanted: str) -> Sweep:
    """Go on with a sweep that was stopped, interrupted or failed: its open trials go on from their
    checkpoints. Raises RunError for one that is at work, or is done, or whose cluster is away."""
    files = _asked(wanted)
    if files.state_now.state == "finished":
        raise RunError(
            f"sweep {files.id} is finished, {files.state.why}; extend it by trials or minutes"
        )
    _check_cluster(files.spec.base)
    found = _started(files)
    note_audit("resume", f"sweep {files.id}")
    return found


def extend(wanted: str, trials: int = 0, minutes: float = 0.0) -> Sweep:
    """Allow so many trials and minutes more, and go on where the sweep is not at work.

    Raises BadInput where nothing is added, or all combinations of a grid were tried.
    """
    if not (0 <= trials <= MOST_TRIALS and 0 <= minutes <= MOST_MINUTES and trials + minutes > 0):
        raise BadInput(
            f"{trials} trials and {minutes:g} minutes more are given; at least 1 trial, or minutes "
            f"above 0, up to {MOST_TRIALS:,} and {MOST_MINUTES:,} are accepted"
        )
    files = _asked(wanted)
    spec, budget = files.spec, files.budget
    if spec.most and len(files.trials) >= spec.most:
        raise BadInput(f"each of the {spec.most:,} combinations of its grid was tried")
    if files.state_now.state != "running":
        _check_cluster(spec.base)
    files.write_budget(_more(budget, len(files.trials), files.state.seconds / 60, trials, minutes))
    note_audit("extend", f"sweep {files.id}", f"{trials} trials, {minutes:g} minutes")
    if files.state_now.state != "running":
        with suppress(RunError):  # its controller, about to end, has seen what was added
            return _started(files)
    return files.sweep()


def retrain_best(wanted: str, epochs: int) -> RunRecord:
    """A run of the best trial's values with other epochs, from the start: its schedule is of those
    epochs. Raises RunError where no trial has finished, BadInput for epochs that are not accepted.
    """
    found = sweep_now(wanted)
    best = found.best
    if best is None:
        raise RunError(f"no trial of sweep {found.id} has finished; there is no best yet")
    spec = SweepSpec.from_dict(found.spec).run_spec(best.number, best.params)
    again = spec.with_flat({"training.epochs": epochs})
    name = f"{found.name}, best with {epochs} epochs"
    return runs.launch(complete(replace(again, name=name)))


def wait_for(
    wanted: str,
    heard: Callable[[Sweep], None] = lambda sweep: None,
    every: float = LOOK_SECONDS,
) -> Sweep:
    """Return when the sweep has ended, in whatever state; `heard` hears of it meanwhile."""
    while True:
        found = sweep_now(wanted)
        heard(found)
        if not found.active:
            return found
        time.sleep(every)


def importance_of(found: Sweep) -> Importance | None:
    """See services.sweeps.study.importance; it imports Optuna, and takes seconds."""
    from dlexplain.services.sweeps.study import importance

    return importance(settings().home, found)


def dashboard_command(sweep_id: str) -> str:
    """What opens the sweep in optuna-dashboard."""
    if settings().sweep_store:
        return "optuna-dashboard $DLEXPLAIN_SWEEP_STORE"
    address = sqlite_uri(sweep_database(settings().home, sweep_id))
    return f"optuna-dashboard {shlex.quote(address)}"


def _more(budget: Budget, begun: int, spent: float, trials: int, minutes: float) -> Budget:
    """With so many trials and minutes added; a limit that is reached and not moved is lifted, and
    none is set that would end it earlier. Raises BadInput where nothing changes.

    begun, spent  trials and minutes until now
    """
    # Where one of the two has no limit, a limit of it only follows one that has ended the sweep.
    over = begun >= budget.trials > 0 or spent >= budget.minutes > 0
    if trials and (budget.trials or over):
        most = (budget.trials or begun) + trials
    else:
        most = budget.trials if begun < budget.trials else 0
    if minutes and (budget.minutes or over):
        longest = max(budget.minutes, spent) + minutes
    else:
        longest = budget.minutes if spent < budget.minutes else 0.0
    if Budget(most, longest) == budget:
        free, bound = ("trials", "minutes") if trials else ("minutes", "trials")
        raise BadInput(f"the sweep has no limit of {free}; extend it by {bound}")
    return Budget(most, longest)


def _started(files: SweepFiles) -> Sweep:
    """With its controller begun; raises RunError where it has one."""
    home = files.home
    try:
        with FileLock(paths.sweep_lock(home, files.id), timeout=TAKEN_SECONDS):
            before = files.state_now
            if before.state == "running":  # somebody else has just begun it
                raise RunError(_taken(files, before))
            files.wish_stop(False)
            log = paths.sweep_log(home, files.id)
            pid = process.start(home, CONTROLLER, files.id, log=log)
            files.write_state(replace(before, state="running", why="").of(pid))
    except Timeout:
        raise RunError(_taken(files, files.state)) from None
    return files.sweep()


def _check_cluster(base: RunSpec) -> None:
    """Raises RunError where trials are meant for a cluster that does not answer: each would fail,
    and count in the sweep's budget."""
    if base.device == RAY and (problem := ask_cluster().problem):
        raise RunError(f"the sweep's trials are meant for a Ray cluster, and {problem}")


def _taken(files: SweepFiles, state: SweepState) -> str:
    return (
        f"sweep {files.id} is at work already, in process {state.pid} on {state.host or 'here'}; "
        "two cannot run it at once"
    )
