"""What a run would be trained on, looked at before it is: read once for launch, page and shell."""

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from dlexplain.data.base import DATA, SPLITS, UNKNOWN, PictureData, silent
from dlexplain.data.texts import TextData
from dlexplain.errors import DataError
from dlexplain.execution.paths import data_folder
from dlexplain.execution.spec import RunSpec
from dlexplain.memory import give_back
from dlexplain.params import Value, parse
from dlexplain.results import ClassBalance
from dlexplain.services.training.catalogue import WITH_CLASSES, data_status
from dlexplain.settings import local_path, settings

TASKS = WITH_CLASSES
KEPT = 64
"""Data sets of which is kept what was found; a few numbers each."""


@dataclass(frozen=True)
class _Asked:
    """Data as they lie there now: `version` is another when a file at their path has changed."""

    data: str
    params: tuple[tuple[str, Value], ...]
    home: str
    version: str


def class_balance(spec: RunSpec) -> ClassBalance | None:
    """Read the data of a completed spec and count; takes as long as reading them in the run does.

    None for a task without classes, and for data that the run would fetch first. Raises BadInput
    where the data cannot be read.
    """
    if spec.task not in TASKS or not data_status(spec.data, spec.data_params).there:
        return None
    return _look(spec)


def check_data(spec: RunSpec) -> None:
    """Read what lies at the path that a completed spec gives, if it gives one.

    Raises BadInput with the loader's sentence. Data that come with dlexplain, or that it fetches,
    are not read.
    """
    if spec.data_params.get("path"):
        _look(spec)


def _look(spec: RunSpec) -> ClassBalance | None:
    path = str(spec.data_params.get("path", ""))
    try:
        asked = _Asked(
            spec.data,
            tuple(sorted(spec.data_params.items())),
            str(settings().home),
            _version(local_path(path)) if path else "",
        )
        with _turn(asked):  # who asks meanwhile waits for this reading rather than start another
            found = _read(asked)
    except OSError as error:
        raise DataError(f"{path or spec.data} cannot be read: {error}") from error
    most = int(spec.training.get("examples_per_class", 0))
    if found is None or not most:
        return found
    train = tuple(min(count, most) for count in found.counts["train"])
    return replace(found, counts={**found.counts, "train": train})


def _version(path: Path) -> str:
    """Of the names, sizes and times of change of all files at the path."""
    if not (path.is_file() or path.is_dir()):  # a pipe or a device may have no end
        raise DataError(f"{path} is neither a file nor a folder")
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        if file.is_file():
            known = file.stat()
            digest.update(
                f"{file}\0{known.st_size}\0{known.st_mtime_ns}\0".encode(errors="replace")
            )
    return digest.hexdigest()


@lru_cache(maxsize=KEPT)
def _turn(asked: _Asked) -> Lock:
    return Lock()


@lru_cache(maxsize=KEPT)
def _read(asked: _Asked) -> ClassBalance | None:
    try:
        return _balance(asked)
    finally:
        give_back()


def _balance(asked: _Asked) -> ClassBalance | None:
    source = DATA[asked.data]
    params: Any = parse(source.Params, dict(asked.params))
    data = (source.check or source.load)(params, data_folder(settings().home), silent)
    if not isinstance(data, PictureData | TextData):
        return None
    labels = {split: getattr(data, split).labels for split in SPLITS}
    counts = {
        split: np.bincount(told[told != UNKNOWN], minlength=len(data.classes))
        for split, told in labels.items()
    }
    return ClassBalance(
        tuple(map(str, data.classes)), {s: tuple(map(int, c)) for s, c in counts.items()}
    )
