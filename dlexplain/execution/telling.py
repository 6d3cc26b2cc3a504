"""What MLflow is still to be told of a run, and telling it.

Everything lies on the disk before: the states file has the run, its folder the metrics and files,
and told.json what MLflow has of them. So it can be told at any time, in parts, and again.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from dlexplain.errors import BAD_JSON, RunError, UnknownName
from dlexplain.execution import paths
from dlexplain.execution.files import steps_in, write_whole
from dlexplain.execution.journal import read
from dlexplain.execution.rows import RunRow, is_at_work
from dlexplain.execution.states import States
from dlexplain.execution.store import Tracking


@dataclass(frozen=True)
class Told:
    """What MLflow has of a run.

    uri       the store that has it; another one has nothing
    tracking  its id of the run
    data      whether it knows the data set
    place     how far the journal has been sent, in bytes
    shown     name, state, why and end as they were told
    files     those copied
    """

    uri: str
    tracking: str = ""
    data: bool = False
    place: int = 0
    shown: tuple[Any, ...] = ()
    files: tuple[str, ...] = field(default=())


def mark(home: Path, run: str) -> None:
    """Note that MLflow is to be told of a run, or of its deletion."""
    folder = paths.untold_folder(home)
    with suppress(OSError):  # a full disk: it is told of the run when that changes again
        folder.mkdir(parents=True, exist_ok=True)
        (folder / run).touch()


def untold(home: Path) -> list[str]:
    """The runs of which MLflow does not have everything."""
    folder = paths.untold_folder(home)
    return sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []


def tell(home: Path, states: States, tracking: Tracking, run: str) -> None:
    """Tell MLflow all that is there of a run, and take the mark away if no more will come.

    Raises whatever MLflow's client raises, with what was told until then kept.
    """
    mark_file = paths.untold_folder(home) / run
    marked = _age(mark_file)
    try:
        row = states.get(run)
    except RunError:  # what is known of it is damaged: nothing can be told
        mark_file.unlink(missing_ok=True)
        return
    except UnknownName:  # deleted
        found = tracking.find(run)
        if found:
            tracking.delete(found)
        mark_file.unlink(missing_ok=True)
        return
    if row.began:
        _tell(home, states, tracking, row)
    if not is_at_work(row) and _age(mark_file) == marked:
        mark_file.unlink(missing_ok=True)


def _age(mark_file: Path) -> int:
    try:
        return mark_file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _tell(home: Path, states: States, tracking: Tracking, row: RunRow) -> None:
    told = _read_told(home, row.id, tracking.uri)
    if not told.tracking:
        told = _keep(home, row.id, replace(told, tracking=_begin(home, tracking, row)))
    if row.tracking != told.tracking:
        states.tracked(row.id, told.tracking)
        row = replace(row, tracking=told.tracking)
    facts = paths.facts_in(paths.run_folder(home, row.id))
    if not told.data and facts.exists():
        tracking.data(row, json.loads(facts.read_text())["facts"])
        told = _keep(home, row.id, replace(told, data=True))
    points, end = read(home, row.id, told.place)
    if points:
        tracking.log(row.tracking, points)
        told = _keep(home, row.id, replace(told, place=end))
    shown = (row.name, list(row.tags), row.state, row.why, row.ended)
    if list(told.shown) != list(shown):
        tracking.show(row)
        if row.family:
            tracking.show_family(row.family, states.family_active(row.family))
        told = _keep(home, row.id, replace(told, shown=shown))
    if row.state == "finished":
        for file, folder in _files(home, row.id):
            place = f"{folder}/{file.name}"
            if place not in told.files:
                tracking.artifact(row.tracking, file, folder)
                told = _keep(home, row.id, replace(told, files=(*told.files, place)))


def _begin(home: Path, tracking: Tracking, row: RunRow) -> str:
    """MLflow's id of the run; one that it made when its answer was lost is not made again."""
    found = tracking.find(row.id)
    if found:
        tracking.describe(replace(row, tracking=found))
        return found
    file = paths.environment_file(home, row.id)
    tags = json.loads(file.read_text()) if file.exists() else {}
    return tracking.begin(replace(row, tracking=""), tags)


def _files(home: Path, run: str) -> Iterator[tuple[Path, str]]:
    """A finished run's files and their folders in MLflow; of the checkpoints, which are large, the
    best and the last.
    """
    card = paths.card_file(home, run)
    kept = json.loads(card.read_text())["files"] if card.exists() else []
    whole = [paths.weights_file(home, run), card, paths.results_file(home, run)]
    whole += [paths.kept_file(home, run, name) for name in kept]
    yield from ((file, "") for file in whole if file.exists())
    for kind in ("best", "latest"):
        found = sorted(paths.checkpoint_folder(home, run).glob(f"{kind}-*.ckpt"), key=steps_in)
        yield from ((file, "checkpoints") for file in found[-1:])
    for file in sorted(paths.pictures_folder(home, run).glob("*/*.png")):
        yield file, f"pictures/{file.parent.name}"


def forget_told(home: Path, run: str) -> None:
    """Of a store that has lost the run, so that it is told from the start."""
    paths.told_file(home, run).unlink(missing_ok=True)


def _read_told(home: Path, run: str, uri: str) -> Told:
    """Nothing, where another store was told, or the file is damaged: then it is told again."""
    with suppress(OSError, *BAD_JSON):
        told = Told(**json.loads(paths.told_file(home, run).read_text()))
        if told.uri == uri:
            return told
    return Told(uri)


def _keep(home: Path, run: str, told: Told) -> Told:
    with suppress(FileNotFoundError):  # the run was deleted meanwhile
        write_whole(paths.told_file(home, run), json.dumps(asdict(told)).encode())
    return told
