"""Every model that can be loaded, whatever it does and wherever it comes from; no torch here.

Pages read the lists at each of their runs, so that a run that has just finished is there at once:
it costs one look into the states file.
"""

from collections.abc import Sequence
from pathlib import Path

import dlexplain.tasks  # noqa: F401, registers them
from dlexplain.errors import UnknownName, WeightsError, known_names, nearest
from dlexplain.rights import check
from dlexplain.tasks.base import TASKS
from dlexplain.trained.entry import BROUGHT, ModelEntry, Source, noun_of
from dlexplain.trained.folder import Trained, at_path
from dlexplain.trained.heads import MARK, as_single, is_of, without_head
from dlexplain.trained.hugging_face import HuggingFace
from dlexplain.trained.own_files import OwnFiles, is_own_file
from dlexplain.trained.registered import Registered
from dlexplain.trained.runs import RunFolders, Runs, finished_runs, state_of, trained_run
from dlexplain.trained.zoo import Zoo, readable_zoo, zoo_models

__all__ = ["ModelEntry", "default", "entries", "find", "trained", "unknown"]
HUGGING_FACE, OWN_FILES = HuggingFace(), OwnFiles()
LISTED: Sequence[Source] = (Registered(), Zoo(), Runs())
SOURCES: Sequence[Source] = (*LISTED, OWN_FILES, RunFolders(), HUGGING_FACE)
"""In the order of the lists; the first that knows a name gives the model."""
PATHS = ("/", "./", "../", "~")
"""What a path begins with, rather than a name."""
LATEST = 5
"""Runs that a message names."""


def entries(*tasks: str, own: Sequence[str] = (), shows: str = "") -> tuple[ModelEntry, ...]:
    """Models of the tasks, of all where none is given: registered ones, the zoo's, then finished
    runs, the latest first, then the user's own.

    own    by folder, file or name on the hub
    shows  only those of which this can be seen, such as "attention", see Architecture; of the
           user's own only loading can tell
    """
    trained_for = tuple(task for task in tasks or TASKS if task in TASKS)
    found = [entry for source in LISTED for entry in source.entries(trained_for)]
    found += [
        OWN_FILES.entry(name) if is_own_file(name) else HUGGING_FACE.entry(name, tasks)
        for name in own
    ]
    return tuple(e for e in found if not shows or e.source == "own" or shows in e.shows)


def default(*tasks: str) -> ModelEntry:
    """What is shown first; raises UnknownName where there is none."""
    for entry in entries(*tasks):
        return entry
    if set(tasks) <= set(BROUGHT) and tasks:
        raise UnknownName(f"no {noun_of(tasks)} comes along; name the folder of one, or the hub's")
    raise UnknownName(f"there is no {noun_of(tasks)} yet; train one on the page Launch")


def find(name: str, *tasks: str, shows: str = "", listed: bool = False) -> ModelEntry:
    """The model of this name, of one of the tasks, of any where none is given.

    shows   as `entries` takes it
    listed  only of those that the lists have: no folder, no name on the hub
    Raises UnknownName, which says what is known, or WeightsError of one that is damaged.
    """
    for source in LISTED if listed else SOURCES:
        if (entry := source.find(name, tasks or (*TASKS, *BROUGHT))) is not None:
            if source not in LISTED:
                check("own model")
            if shows and entry.source != "own" and shows not in entry.shows:
                known = known_names(name, (e.name for e in entries(*tasks, shows=shows)))
                raise UnknownName(f'"{name}" shows no {shows}; {known}')
            return entry
    raise unknown(name, *tasks)


def unknown(name: str, *tasks: str) -> UnknownName:
    """The error that says what is known, or why a run of this id is no model yet."""
    noun = noun_of(tasks)
    if (row := state_of(without_head(name))) is not None:
        if tasks and not is_of(row.spec.task, tasks):
            return UnknownName(f'the run "{name}" is a run of {row.spec.task}, no {noun}')
        return UnknownName(f'the run "{name}" is {row.state}; a finished run is a model')
    if name.startswith(PATHS):
        return UnknownName(f'there is no folder and no file "{name}" that could be a {noun}')
    if tasks and (other := _of_another_kind(name)):
        return UnknownName(f'"{name}" is a {noun_of([other.task])}, no {noun}')
    known = [entry.name for entry in entries(*tasks) if entry.source != "run"]
    runs = [entry.name for entry in entries(*tasks) if entry.source == "run"][:LATEST]
    latest = f", and the finished runs, the latest: {', '.join(runs)}" if runs else ""
    return UnknownName(
        f'unknown {noun} "{name}"; known: {", ".join(known) or "none yet"}{latest}'
        f"{nearest(name, known)}"
    )


def _of_another_kind(name: str) -> ModelEntry | None:
    """The model of this name in the lists, whatever it does; one that is damaged is none."""
    every = (*TASKS, *BROUGHT)
    try:
        return next((e for source in LISTED if (e := source.find(name, every))), None)
    except WeightsError:
        return None


def trained(wanted: str, home: Path | None = None) -> Trained:
    """A zoo model by name, a finished run by id, or a folder, weights file or checkpoint by path;
    a head of one that has several by that name with ":" and its own.

    home  of the runs; the settings' otherwise
    Raises UnknownName, which says what is known, WeightsError of a damaged card, or NotAllowed.
    """
    if MARK in wanted and at_path(wanted) is None:
        name, _, head = wanted.rpartition(MARK)
        return as_single(_whole(name, home), head)
    return _whole(wanted, home)


def _whole(wanted: str, home: Path | None) -> Trained:
    """With all its heads."""
    for model in zoo_models():
        if model.name == wanted:
            return model
    runs = finished_runs(home=home)
    for row in runs:
        if row.id == wanted:
            return trained_run(row, home)
    if (found := at_path(wanted)) is not None:
        check("own model")
        return found
    known = ", ".join(model.name for model in readable_zoo()) or "none"
    latest = ", ".join(row.id for row in runs[:LATEST]) or "none yet"
    raise UnknownName(
        f'unknown model "{wanted}"; the zoo has: {known}; finished runs, the latest: {latest}; '
        "or give the path of a run's folder or checkpoint"
    )
