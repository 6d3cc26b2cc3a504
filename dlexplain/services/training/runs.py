"""Runs for pages, command line and Python: launch, look, cancel, resume, compare.

Looking at runs reads the states file only, so a list of hundreds costs milliseconds; curves are
read from the files of the chosen runs. Nothing here waits for MLflow.
"""

import os
import secrets
import shlex
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import util
from pathlib import Path
from typing import Any, overload

import numpy as np

from dlexplain.data.base import silent
from dlexplain.errors import BadInput, SpecError, UnknownName
from dlexplain.execution import journal, paths
from dlexplain.execution.delivery import last_answer, start_delivery
from dlexplain.execution.executor import devices, local_queue
from dlexplain.execution.files import saved_step, steps_in
from dlexplain.execution.queue import RunQueue
from dlexplain.execution.resources import NOT_INSTALLED, RAY
from dlexplain.execution.spec import MAX_SEED, RunSpec
from dlexplain.execution.states import TRANSITIONS, RunRow, States, has_states
from dlexplain.execution.store import Point, Tracking
from dlexplain.execution.system import PREFIX
from dlexplain.execution.telling import mark, untold
from dlexplain.people import here
from dlexplain.results import Curve, RunRecord, StateChange
from dlexplain.rights import check, sees
from dlexplain.services.auditing import note_audit
from dlexplain.services.training.balance import check_data
from dlexplain.services.training.catalogue import complete, data_status, no_cluster
from dlexplain.services.training.parallel import problem_of_machine
from dlexplain.services.training.quotas import check_quota
from dlexplain.settings import settings
from dlexplain.tasks.private import is_private
from dlexplain.trained.runs import run_sizes

LOG_BYTES = 64_000
WAIT_SECONDS = 0.5
MOST_READ = 10_000
"""Rows of which those that are another person's are left out."""
MOST_SEEDS = 50
_beginning = threading.Lock()
"""From the look at a person's quota to the run that counts towards it."""


def launch(spec: RunSpec, family: str = "") -> RunRecord:
    """Queue a training; it starts when its device is free. family  see RunRecord

    Data at a path of the user's are read first, see check_data; for a private training, or one
    that begins with a trained model, all data that are here. Raises, with nothing queued,
    SpecError for a wrong spec, or one for a device that this machine does not have; DataError for
    data that cannot be trained on, BadInput for a privacy budget that cannot be met or a model that
    reads something else.
    """
    person, queue = check(_action(spec)), _queue()
    check_quota(queue.states, person)
    completed = _checked(spec)
    with _beginning:
        check_quota(queue.states, person)  # others of theirs may have begun meanwhile
        row = queue.submit(completed, family, person.email)
    note_audit(_action(spec), f"run {row.id}", row.name)
    return _record(row)


def _action(spec: RunSpec) -> str:
    return "compress" if spec.compression else "train"


def _checked(spec: RunSpec) -> RunSpec:
    """The completed spec of a run that can be trained here; raises as `launch` does."""
    completed = complete(spec)
    status = data_status(completed.data, completed.data_params)
    if not (status.there or status.fetched):
        raise SpecError([f"data {completed.data}: {status.how}"])
    here = (*devices(), RAY) if settings().ray else devices()
    kinds = ["auto", *here, *dict.fromkeys(name.partition(":")[0] for name in here)]
    if completed.device not in kinds:
        accepted = ", ".join(dict.fromkeys(kinds))
        raise SpecError([f'device is "{completed.device}"; here it may be {accepted}'])
    if completed.device == RAY and util.find_spec("ray") is None:
        raise SpecError([NOT_INSTALLED])
    if problem := problem_of_machine(completed, devices()):
        raise SpecError([problem])
    check_data(completed)
    transfers = completed.parent and not completed.compression
    if (is_private(completed.training) or transfers) and status.there:
        _check_by_building(completed)
    return completed


def _check_by_building(spec: RunSpec) -> None:
    """Build all that a run is made of; raises BadInput where a privacy budget cannot be met, a
    model cannot be trained privately, or the one that it begins with reads something else."""
    import torch

    from dlexplain.services.training.worker import build

    build(spec, torch.device("cpu"), silent, learns=not is_private(spec.training))


def launch_seeds(spec: RunSpec, seeds: int) -> list[RunRecord]:
    """Queue a training once with each of so many seeds, from the spec's on: one family.

    The runs differ by what the seed draws, such as first weights and the order of examples, and
    learn from the same data. One seed is a run by itself. Raises as `launch` does, and BadInput for
    a number of seeds that is not from 1 to MOST_SEEDS, or goes beyond the largest seed; then
    nothing is queued.
    """
    if isinstance(seeds, bool) or not isinstance(seeds, int) or not 1 <= seeds <= MOST_SEEDS:
        raise BadInput(f"seeds is {seeds!r}; it takes a whole number from 1 to {MOST_SEEDS}")
    if spec.seed + seeds - 1 > MAX_SEED:
        raise BadInput(f"{seeds} seeds from {spec.seed} on go beyond the largest, {MAX_SEED}")
    family = f"seeds-{secrets.token_hex(4)}" if seeds > 1 else ""
    person, queue = check(_action(spec)), _queue()
    check_quota(queue.states, person, seeds)
    completed = _checked(spec)
    each = [replace(completed, seed=spec.seed + place) for place in range(seeds)]
    with _beginning:
        check_quota(queue.states, person, seeds)
        rows = [queue.submit(one, family, person.email) for one in each]
    for row in rows:
        note_audit(_action(spec), f"run {row.id}", row.name)
    return [_record(row) for row in rows]


Asked = RunSpec | Mapping[str, Any] | str


@overload
def train(spec: Asked, wait: bool = False, seeds: None = None) -> RunRecord: ...
@overload
def train(spec: Asked, wait: bool = False, *, seeds: int) -> list[RunRecord]: ...
def train(spec: Asked, wait: bool = False, seeds: int | None = None) -> RunRecord | list[RunRecord]:
    """Train in the background, in a process that outlives this one.

    spec   a RunSpec, the dictionary of one, or the name of a preset
    wait   whether to return when the training has ended rather than at once
    seeds  how often it is trained, with consecutive seeds from the spec's; then the runs are
           returned as a list, which share their `family`
    Raises SpecError, which names all that is wrong, UnknownName, or DataError where the data at
    the path given cannot be trained on, BadInput for a wrong number of seeds; then nothing is
    queued.
    """
    if isinstance(spec, str):
        from dlexplain.services.training.presets import preset

        spec = preset(spec)
    asked = spec if isinstance(spec, RunSpec) else RunSpec.from_dict(spec)
    if seeds is None:
        record = launch(asked)
        return wait_for(record.id) if wait else record
    records = launch_seeds(asked, seeds)
    return [wait_for(record.id) for record in records] if wait else records


def runs() -> list[RunRecord]:
    """Every run that who asks may look at, the latest first; looking starts nothing."""
    queue = _queue()
    queue.reap()
    return [_record(row) for row in _seen(queue.states.all())]


def latest_runs(count: int) -> list[RunRecord]:
    """So many that are active or finished, the active ones first: a page need not read them all."""
    queue = _queue()
    queue.reap()
    all_there = here().role == "admin"
    rows = queue.states.latest(count if all_there else MOST_READ)
    return [_record(row) for row in _seen(rows)[:count]]


def damaged_runs() -> list[str]:
    """Why runs are missing from `runs`, a sentence each; for those only who would see them all."""
    if here().role != "admin":
        return []
    file = paths.states_file(settings().home)
    return States(file).damaged() if has_states(file) else []  # looking creates nothing


def run(wanted: str, reap: bool = True) -> RunRecord:
    """One run by its id or a unique beginning of it; raises UnknownName, also for one that who asks
    may not look at.

    reap  whether to look first for workers that are gone
    """
    queue = _queue()
    if reap:
        queue.reap()
    return _record(_row(queue.states, wanted))


def _row(states: States, wanted: str) -> RunRow:
    """As `States.get`, of those runs alone that who asks may look at."""
    if here().role == "admin":
        return states.get(wanted)
    rows = _seen(states.all())
    found = [row for row in rows if row.id == wanted]
    found = found or [row for row in rows if wanted and row.id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(row.id for row in rows[:5]) or "none yet"
    raise UnknownName(f'unknown run "{wanted}"; the latest: {known}')


def _seen(rows: Sequence[RunRow]) -> list[RunRow]:
    person = here()
    return [row for row in rows if sees(person, row.owner, row.shared)]


def _asked(action: str, wanted: str) -> str:
    """The id of a run with which who asks may do this; raises UnknownName, NotAllowed."""
    queue = _queue()
    queue.reap()
    row = _row(queue.states, wanted)
    check(action, row.owner)
    return row.id


def _done(what: str, row: RunRow, detail: str = "") -> RunRow:
    """The run, when the audit log knows what was done to it."""
    note_audit(what, f"run {row.id}", detail)
    return row


def keep_going() -> None:
    """Find workers that are gone, start what is queued where there is room, have MLflow told."""
    _queue().advance()


def cancel(wanted: str, now: bool = False) -> RunRecord:
    """Ask a run to save and stop; raises RunError where it is neither queued nor running.

    now  end its worker at once instead, also one that does not answer; what it has not saved is
         lost
    """
    return _record(_done("cancel", _queue().cancel(_asked("cancel", wanted), now)))


def resume(wanted: str) -> RunRecord:
    """Go on from the last checkpoint, or start from the beginning where there is none.

    Raises RunError for a run that is active or finished, SpecError where it was sent to a cluster
    and none is known here.
    """
    asked = run(wanted)
    if asked.spec.get("device") == RAY and (problems := no_cluster()):
        raise SpecError(problems)
    with _beginning:
        check_quota(_queue().states, here())
        row = _queue().resume(_asked("resume", asked.id))
    return _record(_done("resume", row))


def rename(wanted: str, name: str) -> RunRecord:
    row = _queue().states.rename(_asked("describe", wanted), name)
    return _changed(_done("rename", row, row.name))


def tag(wanted: str, tags: Sequence[str]) -> RunRecord:
    """Replace the run's tags."""
    row = _queue().states.tag(_asked("describe", wanted), tags)
    return _changed(_done("tag", row, ", ".join(row.tags)))


def annotate(
    wanted: str,
    note: str | None = None,
    starred: bool | None = None,
    archived: bool | None = None,
) -> RunRecord:
    """Change what people keep about a run; None leaves it as it is."""
    given = {"note": note, "starred": starred, "archived": archived}
    detail = ", ".join(key for key, value in given.items() if value is not None)
    run = _asked("describe", wanted)
    row = _queue().states.annotate(run, note, starred, archived)
    return _record(_done("annotate", row, detail))


def share(wanted: str, role: str) -> RunRecord:
    """Let people of a role and higher ones look at the run too; "" makes it private again.

    Raises BadInput for what is neither "viewer", "member" nor "", UnknownName, NotAllowed.
    """
    if role not in ("", "viewer", "member"):
        raise BadInput(f'"{role}" is no role to share with; viewer and member are, and "" is none')
    row = _queue().states.share(_asked("share", wanted), role)
    return _record(_done("share", row, role or "private"))


def delete(wanted: str) -> str:
    """Forget a run with its checkpoints and curves, and return its id.

    Raises RunError while it is active.
    """
    # An admin, and the machine's own user, can delete one that is damaged too.
    whose = wanted if here().role == "admin" else _asked("delete", wanted)
    run, row = _queue().states.delete(whose)
    note_audit("delete", f"run {run}", row.name if row else "")
    shutil.rmtree(paths.run_folder(settings().home, run), ignore_errors=True)
    if row is None or row.began:
        _have_told(run)
    return run


def changes(wanted: str) -> list[StateChange]:
    """The run's states, the first first."""
    found = _queue().states.changes(run(wanted).id)
    return [StateChange(c.at, c.state, c.who, c.why) for c in found]


def log_tail(wanted: str, lines: int = 200) -> str:
    """The end of what the worker wrote; "" before it began."""
    file = paths.log_file(settings().home, run(wanted).id)
    if not file.exists():
        return ""
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - LOG_BYTES))
        text = opened.read().decode("utf-8", "replace")
    return "\n".join(text.splitlines()[-lines:])


def wait_for(
    wanted: str,
    told: Callable[[RunRecord], None] = lambda record: None,
    every: float = WAIT_SECONDS,
) -> RunRecord:
    """Return when the run has ended, in whatever state; `told` hears of it every half second."""
    while True:
        keep_going()
        record = run(wanted)
        told(record)
        if not record.active:
            return record
        time.sleep(every)


def metric_keys(records: Sequence[RunRecord], system: bool = False) -> list[str]:
    """Metrics that any of the runs has: validation first, then test, then training.

    system  whether what the runs took of their machines is among them, as the last
    """
    order = {"validation": 0, "test": 1, "train": 2, "system": 4}
    found = {key for record in records for key in record.metrics}
    found = {key for key in found if system or not key.startswith(PREFIX)}
    return sorted(found, key=lambda key: (order.get(key.partition("/")[0], 3), key))


def curves(records: Sequence[RunRecord], key: str) -> list[Curve]:
    """The metric's curve of each run that has it."""
    having = [record for record in records if key in record.metrics]
    histories = _histories(having, key)
    return [
        Curve(
            record.id,
            record.name,
            key,
            np.array([p.step for p in points], np.int64),
            np.array([p.value for p in points], np.float64),
            np.array([p.at for p in points], np.float64),
        )
        for record in having
        if (points := histories.get(record.id))
    ]


def _histories(records: Sequence[RunRecord], key: str) -> dict[str, list[Point]]:
    """From the runs' files; of runs older than those, from MLflow's file, where it has them."""
    home, tracking = settings().home, _tracking()
    written = [record.id for record in records if journal.has_journal(home, record.id)]
    found = journal.histories(home, written, key)
    older = {r.tracking: r.id for r in records if r.tracking and r.id not in found}
    if older and tracking.embedded:
        kept = tracking.histories(list(older), key)
        found |= {older[told]: points for told, points in kept.items()}
    return found


def picture_kinds(records: Sequence[RunRecord]) -> list[str]:
    """Kinds of pictures that any of the runs logged, such as "filters"."""
    folders = [paths.pictures_folder(settings().home, record.id) for record in records]
    return sorted({kind.name for folder in folders for kind in folder.glob("*") if kind.is_dir()})


def pictures(record: RunRecord, kind: str) -> dict[int, Path]:
    """The PNG file of each epoch at which the run logged such a picture."""
    folder = paths.pictures_folder(settings().home, record.id) / kind
    files = sorted(file for file in folder.glob("*.png") if file.stem.isdecimal())
    return {int(file.stem): file for file in files}


def files_of(record: RunRecord) -> list[tuple[Path, os.stat_result]]:
    """The run's checkpoints, the newest first, and its trained weights, as they are now: a run at
    work replaces its latest checkpoint."""
    home, found = settings().home, []
    checkpoints = paths.checkpoint_folder(home, record.id).glob("*.ckpt")
    for file in (*checkpoints, paths.weights_file(home, record.id)):
        with suppress(FileNotFoundError):
            found.append((file, file.stat()))
    return sorted(found, key=lambda one: (one[0].suffix == ".ckpt", steps_in(*one)), reverse=True)


def mlflow_page() -> str:
    """The command that shows the runs on MLflow's own page; a server's address has that page."""
    tracking = _tracking()
    if tracking.embedded:
        return f"mlflow ui --backend-store-uri {shlex.quote(tracking.uri)}"
    return tracking.shown


def tracker_problem() -> str:
    """One sentence where MLflow does not take what runs record, "" where it does."""
    tracking, home = _tracking(), settings().home
    answer, waiting = last_answer(home, tracking.uri), len(untold(home))
    if not answer.problem or not waiting:
        return ""
    since = time.strftime("%d %b %H:%M", time.localtime(answer.since))
    what = "1 run" if waiting == 1 else f"{waiting} runs"
    return (
        f"MLflow at {tracking.place} has not taken what {what} recorded, since {since}: "
        f"{answer.problem}. It is kept, and sent when MLflow answers."
    )


def _queue() -> RunQueue:
    return local_queue(settings().home)


def _tracking() -> Tracking:
    return Tracking(settings().home, settings().tracking_uri)


def _changed(row: RunRow) -> RunRecord:
    if row.began:
        _have_told(row.id)
    return _record(row)


def _have_told(run: str) -> None:
    """Have MLflow told of a change, by a process that may wait for it."""
    mark(settings().home, run)
    start_delivery(settings().home)


def _record(row: RunRow) -> RunRecord:
    progress = row.progress
    phase, since = _phase(row)
    return RunRecord(
        id=row.id,
        number=row.number,
        name=row.name,
        tags=row.tags,
        state=row.state,
        why=row.why,
        spec=row.spec.to_dict(),
        flat=row.spec.flat(),
        device=row.device,
        created=row.created,
        started=row.started,
        ended=row.ended,
        seconds=row.seconds,
        phase=phase,
        phase_seconds=max(0.0, time.time() - since) if row.state == "running" else 0.0,
        epoch=int(progress.get("epoch", 0)),
        epochs=int(progress.get("epochs", row.spec.training.get("epochs", 0))),
        step=int(progress.get("step", 0)),
        steps=int(progress.get("steps", 0)),
        speed=float(progress.get("speed", 0.0)),
        left=progress.get("left") if row.state == "running" else None,
        monitor=str(progress.get("monitor", "")),
        best=progress.get("best"),
        last=progress.get("last"),
        metrics=dict(progress.get("metrics", {})),
        notes=tuple(progress.get("notes", ())),
        tracking=row.tracking,
        checkpoint=saved_step(paths.checkpoint_folder(settings().home, row.id))
        if TRANSITIONS[row.state] == ("queued",)
        else None,
        sizes=run_sizes(row),
        family=row.family,
        note=row.note,
        starred=row.starred,
        archived=row.archived,
        owner=row.owner,
        shared=row.shared,
    )


def _phase(row: RunRow) -> tuple[str, float]:
    """What the worker does and since when; "" where it has not spoken since the run was started."""
    started = row.started or row.created
    began = float(row.progress.get("phase_began", started))
    if row.state == "running" and began < started:  # of an earlier attempt
        return "", started
    return str(row.progress.get("phase", "")), began
