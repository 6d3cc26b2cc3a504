"""A sweep's files: what it was told, its budget, state and trials. No Optuna here.

Optuna's store has the trials; trials.json is what pages and commands read of it, in milliseconds.
"""

import json
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from dlexplain.errors import BAD_JSON, RunError, UnknownName
from dlexplain.execution import paths
from dlexplain.execution.files import write_whole
from dlexplain.execution.rows import is_alive
from dlexplain.people import LOCAL, Person, Role, here
from dlexplain.results.sweeps import Sweep, Trial
from dlexplain.rights import sees
from dlexplain.services.sweeps.spec import SweepSpec
from dlexplain.typed import check_types


@dataclass(frozen=True)
class SweepState:
    """state  running, finished, stopped, failed; or interrupted, where its controller is gone

    pid, born, host, heartbeat  of its controller
    owner    e-mail address of whose it, and each of its runs, is; "" is this machine's own user
    role     of the owner's when it was begun, whose rights and quotas its runs have
    seconds  it has been at work, all attempts together
    """

    state: str
    why: str = ""
    created: float = 0.0
    seconds: float = 0.0
    pid: int | None = None
    born: float | None = None
    host: str = ""
    heartbeat: float | None = None
    owner: str = ""
    role: Role = "member"

    def of(self, pid: int) -> "SweepState":
        """Run by a process of this machine, which has just beaten."""
        born = None
        with suppress(psutil.NoSuchProcess):
            born = psutil.Process(pid).create_time()
        now = time.time()
        return replace(self, pid=pid, born=born, host=socket.gethostname(), heartbeat=now)


@dataclass(frozen=True)
class Budget:
    """Trials and minutes after which no trial begins; 0 stands for any number."""

    trials: int
    minutes: float


class SweepFiles:
    """One sweep of a home folder; sweep  its whole id"""

    def __init__(self, home: Path, sweep: str) -> None:
        self.home, self.id = home, sweep

    @classmethod
    def make(cls, home: Path, sweep: str, spec: SweepSpec, person: Person = LOCAL) -> "SweepFiles":
        """Of a new sweep of this person's; raises OSError."""
        files = cls(home, sweep)
        paths.sweep_folder(home, sweep).mkdir(parents=True)
        files.write_budget(Budget(spec.trials, spec.minutes))
        new = SweepState("stopped", "it has not begun", time.time())
        files.write_state(replace(new, owner=person.email, role=person.role))
        _write(paths.sweep_spec_file(home, sweep), spec.to_dict())
        return files

    @property
    def spec(self) -> SweepSpec:
        """Raises RunError for a file that is damaged."""
        return self._read(paths.sweep_spec_file, SweepSpec.from_dict)  # type: ignore[no-any-return]

    @property
    def budget(self) -> Budget:
        return self._read(paths.sweep_budget_file, _made(Budget))  # type: ignore[no-any-return]

    def write_budget(self, budget: Budget) -> None:
        _write(paths.sweep_budget_file(self.home, self.id), asdict(budget))

    @property
    def state(self) -> SweepState:
        """As it is written; see `state_now`."""
        return self._read(paths.sweep_state_file, _made(SweepState))  # type: ignore[no-any-return]

    def write_state(self, state: SweepState) -> None:
        _write(paths.sweep_state_file(self.home, self.id), asdict(state))

    @property
    def state_now(self) -> SweepState:
        """Interrupted, where it is written to be running, and nobody runs it."""
        state = self.state
        apart = state.host != socket.gethostname()
        if state.state == "running" and not is_alive(state, by_heartbeat=apart):
            who = f"its controller (process {state.pid}) is gone"
            return replace(state, state="interrupted", why=who)
        return state

    @property
    def trials(self) -> tuple[Trial, ...]:
        file = paths.sweep_trials_file(self.home, self.id)
        if not file.exists():
            return ()
        return self._read(  # type: ignore[no-any-return]
            paths.sweep_trials_file, lambda found: tuple(map(Trial.from_dict, found["trials"]))
        )

    def write_trials(self, trials: Sequence[Trial]) -> None:
        content = {"trials": [trial.to_dict() for trial in trials]}
        _write(paths.sweep_trials_file(self.home, self.id), content)

    @property
    def stop_wished(self) -> bool:
        return paths.sweep_stop_file(self.home, self.id).exists()

    def wish_stop(self, wish: bool) -> None:
        file = paths.sweep_stop_file(self.home, self.id)
        if wish:
            file.touch()
        else:
            file.unlink(missing_ok=True)

    def sweep(self) -> Sweep:
        """As it is now; raises RunError where a file is damaged."""
        spec, state, budget = self.spec, self.state_now, self.budget
        trials = self.trials
        if any(len(t.values) != len(spec.aims) for t in trials if t.state == "finished"):
            raise RunError(f"the trials of sweep {self.id} cannot be read: one has no value")
        return Sweep(
            id=self.id,
            name=spec.title,
            state=state.state,
            why=state.why,
            spec=spec.to_dict(),
            aims=spec.aims,
            varied=tuple(d.key for d in spec.space),
            log=tuple(d.key for d in spec.space if d.log),
            trials=trials,
            budget=(budget.trials, budget.minutes),
            seconds=state.seconds,
            created=state.created,
            epochs=spec.epochs,
            pid=state.pid if state.state == "running" else None,
        )

    def _read(self, of: Any, make: Any) -> Any:
        file = of(self.home, self.id)
        try:
            return make(json.loads(file.read_text()))
        except (OSError, *BAD_JSON) as error:
            raise RunError(f"{file.name} of sweep {self.id} cannot be read: {error}") from error


def all_ids(home: Path) -> list[str]:
    """Of every sweep that can be read, and that who asks may look at, the latest first."""
    folder = paths.sweeps_folder(home)
    found = [f.name for f in folder.iterdir()] if folder.is_dir() else []
    there = [one for one in found if paths.sweep_spec_file(home, one).exists()]
    there = [one for one in there if _is_seen(SweepFiles(home, one))]
    ages = {one: paths.sweep_spec_file(home, one).stat().st_mtime for one in there}
    return sorted(there, key=lambda one: -ages[one])


def _is_seen(files: SweepFiles) -> bool:
    person = here()
    if person.role == "admin":
        return True
    try:
        return sees(person, files.state.owner)
    except RunError:  # whose it is cannot be read
        return False


def found_sweep(home: Path, wanted: str) -> SweepFiles:
    """By its id or a unique beginning of it; raises UnknownName."""
    ids = all_ids(home)
    matching = [one for one in ids if one == wanted] or [
        one for one in ids if wanted and one.startswith(wanted)
    ]
    if len(matching) != 1:
        known = ", ".join(ids[:5]) or "none yet"
        raise UnknownName(f'unknown sweep "{wanted}"; the latest: {known}')
    return SweepFiles(home, matching[0])


def this_process(state: SweepState) -> SweepState:
    return state.of(os.getpid())


def _made(kind: type[Any]) -> Callable[[Mapping[str, Any]], Any]:
    def make(found: Mapping[str, Any]) -> Any:
        made = kind(**found)
        check_types(made)
        return made

    return make


def _write(file: Path, content: Any) -> None:
    write_whole(file, json.dumps(content).encode())
