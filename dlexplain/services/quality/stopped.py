"""Tables of trust of the home folder that were stopped before their end; no torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlexplain.execution import paths
from dlexplain.execution.files import whole_lines
from dlexplain.services.kept import ANSWERS, QUESTION
from dlexplain.settings import settings

ASKED = "asked"
"""Key of a question's file: the arguments of `trust` that ask it again."""


@dataclass(frozen=True)
class Stopped:
    """data, methods, metrics, count, seed  as `trust` takes them
    compared    names of all methods, also where none were given
    done        maps that are judged, of  count  examples by each method
    """

    data: str
    methods: tuple[str, ...]
    metrics: tuple[str, ...]
    count: int
    seed: int
    compared: tuple[str, ...]
    done: int

    @property
    def maps(self) -> int:
        return self.count * len(self.compared)


def stopped(model: str) -> tuple[Stopped, ...]:
    """Those of a model of which something is done, the latest first; damaged ones are left out."""
    root = paths.trust_folder(settings().home)
    folders = [f for f in root.iterdir() if f.is_dir()] if root.is_dir() else []
    left = [f for f in folders if not paths.trust_in(f).exists() and (f / ANSWERS).exists()]
    left.sort(key=lambda folder: (folder / ANSWERS).stat().st_mtime, reverse=True)
    found = (_read(folder, model) for folder in left)
    return tuple(one for one in found if one is not None and one.done)


def _read(folder: Path, model: str) -> Stopped | None:
    try:
        told: Mapping[str, Any] = json.loads((folder / QUESTION).read_text("utf-8"))
        question, asked = told["question"], told[ASKED]
        if question["model"] != model:
            return None
        return Stopped(
            data=str(asked["data"]),
            methods=tuple(map(str, asked["methods"])),
            metrics=tuple(map(str, asked["metrics"])),
            count=int(asked["count"]),
            seed=int(asked["seed"]),
            compared=tuple(map(str, question["methods"])),
            done=len(whole_lines(folder / ANSWERS)[0]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
