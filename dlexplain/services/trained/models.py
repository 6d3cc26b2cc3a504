"""Trained models as they lie on disk: the zoo's, finished runs', and folders of the same form.

Such a folder has weights (safetensors), a card (JSON) and what the model needs beside them. No
torch here, since pages list what is trained without loading it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeGuard

from dlexplain.errors import SpecError, UnknownName, WeightsError
from dlexplain.execution import paths
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import RunRow, States
from dlexplain.results.certainty import examples_of
from dlexplain.settings import settings

CHECKPOINT = ".ckpt"
SHOWN: dict[str, type | UnionType] = {
    "headline": tuple,
    "parameters": int,
    "training_seconds": int | float,
    "environment": dict,
    "notes": list,
}
"""What a zoo model's card must have to be shown, beside spec, facts and metrics."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained model.

    name     what commands and pages call it: a zoo model's name, a run's id, or a path
    title    for people
    weights  the file with its weights, or a run's checkpoint
    """

    name: str
    title: str
    source: Literal["zoo", "run", "path"]
    folder: Path
    weights: Path

    @property
    def owner(self) -> str:
        """What messages call it, such as "run 1a2b3c4d"."""
        return {"zoo": "zoo model", "run": "run", "path": "model"}[self.source] + f" {self.name}"

    @cached_property
    def card(self) -> dict[str, Any]:
        """How it was trained, on what, how well; raises WeightsError where that is unreadable."""
        path = paths.card_in(self.folder)
        if not path.exists() and self.weights.suffix == CHECKPOINT:
            path = paths.facts_in(self.folder)  # the run has not finished, or never will
        try:
            card = json.loads(path.read_text("utf-8"))
        except FileNotFoundError as error:
            raise WeightsError(
                f"{self.owner} has no {path.name}; only a whole run is a model"
            ) from error
        except (OSError, ValueError, RecursionError) as error:  # the last: nested too deeply
            raise WeightsError(
                f"the {path.name} of {self.owner} cannot be read: {error}"
            ) from error
        if not isinstance(card, dict):
            raise WeightsError(f"the {path.name} of {self.owner} is damaged: it is no JSON object")
        return card

    @property
    def spec(self) -> RunSpec:
        """What it was trained by; raises WeightsError."""
        try:
            return RunSpec.from_dict(self.card["spec"])
        except (KeyError, TypeError, SpecError) as error:
            why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise WeightsError(f"the card of {self.owner} is damaged: {why}") from error

    @property
    def facts(self) -> dict[str, Any]:
        """Of the data that it was trained on; raises WeightsError."""
        facts = self.card.get("facts")
        if not isinstance(facts, dict):
            raise WeightsError(f"the card of {self.owner} is damaged: it lacks 'facts'")
        return facts

    @property
    def files(self) -> dict[str, str]:
        """What it needs beside its weights, by file name; raises WeightsError."""
        found = {}
        for name in self.card.get("files", ()):
            try:
                found[str(name)] = (self.folder / Path(str(name)).name).read_text("utf-8")
            except (OSError, ValueError) as error:
                raise WeightsError(f"{self.owner} lacks its {name}: {error}") from error
        return found

    @property
    def metrics(self) -> dict[str, float]:
        """By split/name; raises WeightsError where one is no number."""
        metrics = self.card.get("metrics", {})
        if not isinstance(metrics, dict) or not all(map(_is_number, metrics.values())):
            raise WeightsError(f"the card of {self.owner} is damaged: its metrics are no numbers")
        return {key: float(value) for key, value in metrics.items()}

    @property
    def headline(self) -> tuple[str, float] | None:
        """The metric that says how well a zoo model does, and its value; raises WeightsError."""
        key = str(self.card.get("headline", ""))
        return (key, self.metrics[key]) if key in self.metrics else None

    @property
    def score(self) -> tuple[float, int] | None:
        """The headline's value, and on how many examples it was measured; None without it."""
        if self.headline is None:
            return None
        key, value = self.headline
        return value, examples_of(key, sizes_of(self.facts))

    @cached_property
    def damage(self) -> str:
        """Why it cannot stand in a list, one sentence, or "".

        The card is read and the weights are looked for; whether they are sound, loading finds out.
        """
        try:
            known = {**self.card, "notes": self.facts.get("notes", []), "headline": self.headline}
            _ = self.spec, self.metrics
        except WeightsError as error:
            return str(error)
        wrong = [key for key, kind in SHOWN.items() if not isinstance(known.get(key), kind)]
        if self.source == "zoo" and wrong:
            what = f'"{wrong[0]}" is {json.dumps(known.get(wrong[0]))[:40]}'
            return f"the card of {self.owner} is damaged: {what}"
        if not self.weights.is_file():
            return f"{self.owner} has no {self.weights.name}"
        return ""


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def zoo_models() -> tuple[Trained, ...]:
    """What comes with dlexplain, by name, whether or not its card can be read."""
    folders = (f for f in paths.zoo_folder().iterdir() if f.name[0].isalnum() and f.is_dir())
    return tuple(
        _zoo_model(folder, _version(paths.card_in(folder)), _version(paths.weights_in(folder)))
        for folder in sorted(folders)
    )


def readable_zoo(task: str = "") -> tuple[Trained, ...]:
    """What comes for the task, all tasks where none is given, by name, without what is damaged;
    `damaged_zoo` says why."""
    sound = (model for model in zoo_models() if not model.damage)
    return tuple(model for model in sound if task in ("", model.spec.task))


def damaged_zoo() -> tuple[str, ...]:
    """Why models are missing from the zoo, a sentence each."""
    return tuple(model.damage for model in zoo_models() if model.damage)


def _version(file: Path) -> int:
    """Changes when the file does; 0 for one that is not there, or leads nowhere."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=256)  # a page asks at each of its runs
def _zoo_model(folder: Path, card_version: int, weights_version: int) -> Trained:
    name = folder.name
    return Trained(name, f"{name} (zoo)", "zoo", folder, paths.weights_in(folder))


def finished_runs(task: str = "", home: Path | None = None) -> list[RunRow]:
    """The latest first; all tasks where none is given, the settings' home where none is."""
    file = paths.states_file(home or settings().home)
    rows = States(file).all() if file.exists() else []  # looking creates nothing
    return [row for row in rows if row.state == "finished" and task in ("", row.spec.task)]


def run_sizes(row: RunRow, home: Path | None = None) -> Mapping[str, int]:
    """Examples by split that a run has, or {} before it has read its data, or where its facts are
    damaged: then a score is shown without them."""
    file = paths.facts_in(paths.run_folder(home or settings().home, row.id))
    return _sizes_in(file, version) if (version := _version(file)) else {}


@lru_cache(maxsize=4096)  # lists of hundreds ask at each look
def _sizes_in(file: Path, version: int) -> Mapping[str, int]:
    try:
        return sizes_of(json.loads(file.read_text("utf-8"))["facts"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def sizes_of(facts: Any) -> Mapping[str, int]:
    """Examples by split, of the facts of a card; {} where they do not say."""
    sizes = facts.get("sizes") if isinstance(facts, dict) else None
    known = sizes.items() if isinstance(sizes, dict) else ()
    return {str(key): n for key, n in known if isinstance(n, int) and n >= 0}


def test_score(row: RunRow, key: str) -> tuple[float, int] | None:
    """What a run's test found, by the metric's key, and on how many examples; None without it."""
    metrics = row.progress.get("metrics")
    value = metrics.get(key) if isinstance(metrics, Mapping) else None
    return (float(value), examples_of(key, run_sizes(row))) if _is_number(value) else None


def trained_run(row: RunRow, home: Path | None = None) -> Trained:
    """A finished run under the name that it has now."""
    folder = paths.run_folder(home or settings().home, row.id)
    return Trained(row.id, f"{row.name} (run {row.id})", "run", folder, paths.weights_in(folder))


def find_model(name: str, *tasks: str) -> Trained | None:
    """A zoo model by name or a finished run by id, for one of the tasks; None where there is none.

    Raises WeightsError for a zoo model that is damaged, so that who asks for it is told.
    """
    for model in zoo_models():
        if model.name == name and model.damage:
            raise WeightsError(model.damage)
        if model.name == name and model.spec.task in tasks:
            return model
    rows = (row for row in finished_runs() if row.id == name and row.spec.task in tasks)
    return next(map(trained_run, rows), None)


def trained(wanted: str, home: Path | None = None) -> Trained:
    """A zoo model by name, a finished run by id, or a folder, weights file or checkpoint by path.

    home  of the runs; the settings' otherwise
    Raises UnknownName, which says what is known.
    """
    for model in zoo_models():
        if model.name == wanted:
            return model
    runs = finished_runs(home=home)
    for row in runs:
        if row.id == wanted:
            return trained_run(row, home)
    if (found := _at_path(wanted)) is not None:
        return found
    known = ", ".join(model.name for model in readable_zoo()) or "none"
    latest = ", ".join(row.id for row in runs[:5]) or "none yet"
    raise UnknownName(
        f'unknown model "{wanted}"; the zoo has: {known}; finished runs, the latest: {latest}; '
        "or give the path of a run's folder or checkpoint"
    )


def _at_path(wanted: str) -> Trained | None:
    try:
        path = Path(wanted).expanduser().absolute()
        if path.is_dir():
            return Trained(wanted, path.name, "path", path, paths.weights_in(path))
        if path.is_file():
            folder = path.parents[1] if path.suffix == CHECKPOINT else path.parent
            return Trained(wanted, path.name, "path", folder, path)
    except (OSError, RuntimeError, ValueError):  # no user of that name, too long, a zero byte
        pass
    return None
