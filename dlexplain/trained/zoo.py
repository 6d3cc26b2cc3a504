"""The models that come with dlexplain, as they lie on disk; no torch here."""

from collections.abc import Collection, Iterable
from functools import lru_cache
from pathlib import Path

from dlexplain.errors import WeightsError
from dlexplain.execution import paths
from dlexplain.tasks.base import TASKS
from dlexplain.trained.entry import ModelEntry, trained_entry
from dlexplain.trained.folder import Trained
from dlexplain.trained.heads import as_single, head_in, is_of, without_head


class Zoo:
    """A Source. Its models stand in the order of the tasks, of each the one first that the task
    names so."""

    def entries(self, tasks: Collection[str]) -> Iterable[ModelEntry]:
        order = {task: index for index, task in enumerate(tasks)}
        models = [as_single(m) for m in readable_zoo() if is_of(m.spec.task, tasks)]
        firsts = [name for task in tasks if task in TASKS for name in TASKS[task].first]

        def index(model: Trained) -> tuple[int, int, str]:
            rank = firsts.index(model.name) if model.name in firsts else len(firsts)
            return rank, order.get(model.spec.task, 0), model.name

        return [_entry(model) for model in sorted(models, key=index)]

    def find(self, name: str, tasks: Collection[str]) -> ModelEntry | None:
        for model in zoo_models():
            if model.name == without_head(name) and model.damage:
                raise WeightsError(model.damage)
            if model.name == without_head(name) and is_of(model.spec.task, tasks):
                return _entry(as_single(model, head_in(name)))
        return None


@lru_cache(maxsize=256)  # of one object a version of a model's files, see zoo_models
def _entry(model: Trained) -> ModelEntry:
    return trained_entry(model, model.spec, model.name, model.score)


def zoo_models() -> tuple[Trained, ...]:
    """What comes with dlexplain, by name, whether or not its card can be read."""
    folders = (f for f in paths.zoo_folder().iterdir() if f.name[0].isalnum() and f.is_dir())
    return tuple(
        _zoo_model(folder, version_of(paths.card_in(folder)), version_of(paths.weights_in(folder)))
        for folder in sorted(folders)
    )


def readable_zoo(task: str = "") -> tuple[Trained, ...]:
    """What comes for the task, all tasks where none is given, by name, without what is damaged;
    `damaged_zoo` says why. Of a model with several heads the first is of the task of each alone."""
    sound = [model for model in zoo_models() if not model.damage]
    if not task:
        return tuple(sound)
    of_task = (model for model in sound if is_of(model.spec.task, [task]))
    return tuple(m if m.spec.task == task else as_single(m) for m in of_task)


def damaged_zoo() -> tuple[str, ...]:
    """Why models are missing from the zoo, a sentence each."""
    return tuple(model.damage for model in zoo_models() if model.damage)


def version_of(file: Path) -> int:
    """Changes when the file does; 0 for one that is not there, or leads nowhere."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=256)  # a page asks at each of its runs
def _zoo_model(folder: Path, card_version: int, weights_version: int) -> Trained:
    name = folder.name
    return Trained(name, f"{name} (zoo)", "zoo", folder, paths.weights_in(folder))
