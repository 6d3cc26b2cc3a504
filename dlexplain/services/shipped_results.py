"""Results over data sets that come with a model, or that were made here: JSON files; no torch."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

import dlexplain.networks  # noqa: F401, registers them
from dlexplain.errors import BadInput
from dlexplain.execution.files import write_whole
from dlexplain.networks.base import MODELS
from dlexplain.trained.zoo import zoo_models


class OfModel(Protocol):
    """What was found of a model."""

    @property
    def model(self) -> str: ...
    def to_dict(self) -> dict[str, Any]: ...


class Result(OfModel, Protocol):
    """Over a data set: when, over how many of the examples that there are."""

    @property
    def date(self) -> str: ...
    @property
    def noun(self) -> str: ...
    @property
    def done(self) -> int: ...
    @property
    def found(self) -> int: ...


T = TypeVar("T")
M = TypeVar("M", bound=OfModel)
R = TypeVar("R", bound=Result)
Read = Callable[[Mapping[str, Any]], M]
"""From what `to_dict` gave; raises BadInput for anything else."""


def read_one(file: Path, read: Callable[[Mapping[str, Any]], T]) -> T | None:
    """None for one that is not there, or damaged."""
    found: T | None = _read(file, _version(file), read)
    return found


def first_of(model: str, files: tuple[Path, ...], read: Read[M]) -> M | None:
    """The result that comes with a model, of the files where it may lie; None where none does, or
    where it is damaged."""
    for file in files:
        found: M | None = _read(file, _version(file), read)
        if found is not None and found.model == model:
            return found
    return None


def read_all(files: Iterable[Path], read: Read[R]) -> list[R]:
    """Those of the files that can be read."""
    found = (_read(file, _version(file), read) for file in files)
    return [one for one in found if one is not None]


def made_in(root: Path, result_in: Callable[[Path], Path], model: str, read: Read[R]) -> list[R]:
    """Finished ones of a model in the folders of a folder, the latest first; of all models where
    it is ""."""
    files = [result_in(folder) for folder in root.iterdir()] if root.is_dir() else []
    own = [one for one in read_all(files, read) if model in ("", one.model)]
    return sorted(own, key=lambda one: one.date, reverse=True)


def put_beside(result: Result, in_zoo: Path, registered: Path, what: str) -> Path:
    """Put a result where the model finds it: of the zoo's beside its card, of a registered one in a
    folder for these. Raises BadInput of other models, and of a part of a result."""
    if result.done < result.found:
        raise BadInput(
            f"the {what} has {result.done} of {result.found} {result.noun}; finish it first"
        )
    if result.model in {model.name for model in zoo_models()}:
        file = in_zoo
    elif result.model in MODELS:
        file = registered
    else:
        raise BadInput(
            f'"{result.model}" comes not with dlexplain; models of the zoo and registered ones can '
            f"ship a {what}"
        )
    put_in(file, result)
    return file


def put_in(file: Path, result: OfModel) -> None:
    """Write it whole, in its folder, which is made; raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, (json.dumps(result.to_dict(), indent=1) + "\n").encode())


def _version(file: Path) -> int:
    """Changes when the file does; 0 where there is none."""
    try:
        return file.stat().st_mtime_ns
    except (OSError, ValueError):  # a name that no file can have
        return 0


@lru_cache(maxsize=256)  # a page asks at each of its runs
def _read(file: Path, version: int, read: Callable[[Mapping[str, Any]], Any]) -> Any:
    """None for one that is not there, or damaged: it is worth a new one, not an error."""
    if not version:
        return None
    try:
        return read(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, RecursionError):  # BadInput is a ValueError
        return None
