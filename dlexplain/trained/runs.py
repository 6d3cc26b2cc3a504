"""Runs that have finished, here or in a folder elsewhere, as trained models; no torch here."""

import json
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from dlexplain.errors import BAD_JSON, WeightsError
from dlexplain.execution import paths
from dlexplain.execution.states import RunRow, States, has_states
from dlexplain.people import here
from dlexplain.results.words import examples_of
from dlexplain.rights import sees
from dlexplain.settings import settings
from dlexplain.tasks.base import TASKS
from dlexplain.trained.entry import ModelEntry, trained_entry
from dlexplain.trained.folder import Trained, at_path, is_number, sizes_of
from dlexplain.trained.heads import MARK, as_single, has_heads, head_in, is_of, without_head
from dlexplain.trained.zoo import version_of


class Runs:
    """A Source: finished runs, the latest first. Whether their files are sound, loading finds
    out."""

    def entries(self, tasks: Collection[str]) -> Iterable[ModelEntry]:
        found = []
        for row in finished_runs():
            if has_heads(row.spec.task) and is_of(row.spec.task, tasks):
                with suppress(WeightsError):  # whoever asks for it by name is told
                    found.append(_head_entry(row))
            elif row.spec.task in tasks:
                found.append(_entry(row))
        return found

    def find(self, name: str, tasks: Collection[str]) -> ModelEntry | None:
        wanted = without_head(name)
        for row in finished_runs():
            if row.id == wanted and has_heads(row.spec.task) and is_of(row.spec.task, tasks):
                return _head_entry(row, head_in(name))
            if row.id == name and row.spec.task in tasks:
                return _entry(row)
        return None


class RunFolders:
    """A Source: a run's folder or weights anywhere, by their path; none is listed."""

    def entries(self, tasks: Collection[str]) -> Iterable[ModelEntry]:
        return ()

    def find(self, name: str, tasks: Collection[str]) -> ModelEntry | None:
        found = at_path(name)
        head = ""
        if found is None and MARK in name:
            path, _, head = name.rpartition(MARK)
            found = at_path(path)
        if found is None or not has_card(found):
            return None
        if not is_of(found.spec.task, tasks):
            return None
        model = as_single(found, head)
        return trained_entry(model, model.spec, found.title, model.score)


def has_card(model: Trained) -> bool:
    """Whether what is at a path is of a run: beside it is a card, or what stands for one."""
    return paths.card_in(model.folder).is_file() or paths.is_on_the_way(model.weights)


def _entry(row: RunRow) -> ModelEntry:
    known = TASKS.get(row.spec.task)  # a run of an older version may be of another task
    score = test_score(row, known.headline) if known else None
    return trained_entry(trained_run(row), row.spec, row.name, score)


def _head_entry(row: RunRow, head: str = "") -> ModelEntry:
    """Of a run of several heads; raises UnknownName for one that it does not have, WeightsError
    where its card is damaged: unlike of others, it must be read for the heads."""
    model = as_single(kept(trained_run(row)), head)
    return trained_entry(model, model.spec, row.name, model.score)


def kept(model: Trained) -> Trained:
    """One object a version of a run's card, so that it is read once; others as they are."""
    if model.source != "run":
        return model
    return _kept_run(model.name, model.title, model.folder, version_of(paths.card_in(model.folder)))


@lru_cache(maxsize=256)  # a page asks at each of its runs
def _kept_run(name: str, title: str, folder: Path, version: int) -> Trained:
    return Trained(name, title, "run", folder, paths.weights_in(folder))


def state_of(run: str) -> RunRow | None:
    """The row of a run in any state; None where there is none of this id."""
    file = paths.states_file(settings().home)
    return next((row for row in _rows(file) if row.id == run), None)


def finished_runs(task: str = "", home: Path | None = None) -> list[RunRow]:
    """The latest first; all tasks where none is given, the settings' home where none is."""
    file = paths.states_file(home or settings().home)
    rows = _rows(file)
    return [row for row in rows if row.state == "finished" and task in ("", row.spec.task)]


def _rows(file: Path) -> list[RunRow]:
    """Of the runs that who asks may look at: what they have made is for others no model."""
    rows = States(file).all() if has_states(file) else []  # looking creates nothing
    person = here()
    return [row for row in rows if sees(person, row.owner, row.shared)]


def run_sizes(row: RunRow, home: Path | None = None) -> Mapping[str, int]:
    """Examples by split that a run has, or {} before it has read its data, or where its facts are
    damaged: then a score is shown without them."""
    file = paths.facts_in(paths.run_folder(home or settings().home, row.id))
    return _sizes_in(file, version) if (version := version_of(file)) else {}


@lru_cache(maxsize=4096)  # lists of hundreds ask at each look
def _sizes_in(file: Path, version: int) -> Mapping[str, int]:
    try:
        return sizes_of(json.loads(file.read_text("utf-8"))["facts"])
    except (OSError, *BAD_JSON):
        return {}


def test_score(row: RunRow, key: str) -> tuple[float, int] | None:
    """What a run's test found, by the metric's key, and on how many examples; None without it."""
    metrics = row.progress.get("metrics")
    value = metrics.get(key) if isinstance(metrics, Mapping) else None
    return (float(value), examples_of(key, run_sizes(row))) if is_number(value) else None


def kept_on_the_way(run: str, home: Path | None = None) -> dict[int, Path]:
    """The weights that a run has kept, in whatever state it is: epochs done -> file."""
    folder = paths.run_folder(home or settings().home, run)
    files = sorted(paths.epochs_in(folder).glob("*.safetensors"))
    return {int(file.stem): file for file in files if paths.is_on_the_way(file)}


def trained_run(row: RunRow, home: Path | None = None) -> Trained:
    """A finished run under the name that it has now."""
    folder = paths.run_folder(home or settings().home, row.id)
    return Trained(row.id, f"{row.name} (run {row.id})", "run", folder, paths.weights_in(folder))
