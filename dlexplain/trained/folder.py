"""A trained model as it lies on disk: weights (safetensors), a card (JSON), what it needs beside.

The zoo's, a finished run's, or a folder of the same form.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeGuard

from dlexplain.errors import BadInput, SpecError, WeightsError
from dlexplain.execution import paths
from dlexplain.execution.spec import RunSpec
from dlexplain.integrity import is_file_name, read_shipped
from dlexplain.results.words import examples_of
from dlexplain.server_files import read_regular
from dlexplain.settings import local_path
from dlexplain.tasks.multi_task import accuracy_of

CHECKPOINT = ".ckpt"
DIGESTS = "sha256"
"""The key of a card under which SHA-256 stand by file name: of the weights, of each of `kept`."""
REINSTALL = "reinstall dlexplain"
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
    title    for people: its name, and where it comes from
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
        if paths.is_on_the_way(self.weights) or (
            not path.exists() and self.weights.suffix == CHECKPOINT
        ):
            # The run has not finished, or never will; and weights on the way have no score.
            path = paths.facts_in(self.folder)
        try:
            card = json.loads(read_regular(path))
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
    def kept(self) -> tuple[str, ...]:
        """Names of the files that it needs beside its weights; raises WeightsError."""
        names = self.card.get("files", [])
        if not isinstance(names, list) or not all(map(is_file_name, names)):
            raise WeightsError(
                f'the card of {self.owner} is damaged: "files" is {json.dumps(names)[:80]}; a list '
                "of names of files in its folder is accepted"
            )
        return tuple(names)

    @property
    def files(self) -> dict[str, str]:
        """What it needs beside its weights, by file name; raises WeightsError."""
        found = {}
        for name in self.kept:
            try:
                found[name] = self.read(name).decode("utf-8")
            except (OSError, ValueError) as error:
                raise WeightsError(f"{self.owner} lacks its {name}: {error}") from error
        return found

    def digest(self, name: str) -> str:
        """The SHA-256 that its card has of one of its files, or "": a run's card has none.

        Raises WeightsError of a zoo model whose card has none.
        """
        known = self.card.get(DIGESTS)
        digest = known.get(name) if isinstance(known, dict) else None
        if isinstance(digest, str) and digest:
            return digest
        if self.source == "zoo":
            raise WeightsError(f"the card of {self.owner} has no SHA-256 of {name}; {REINSTALL}")
        return ""

    def read(self, name: str) -> bytes:
        """One of its files, which is as the card's digest says where there is one.

        Raises WeightsError where it is not, OSError where a file without one cannot be read.
        """
        file, digest = self.folder / name, self.digest(name)
        if not digest:
            return read_regular(file)
        repair = REINSTALL if self.source == "zoo" else "copy the folder anew from where it is from"
        return read_shipped(file, digest, self.owner, repair)

    @property
    def metrics(self) -> dict[str, float]:
        """By split/name; raises WeightsError where one is no number."""
        metrics = self.card.get("metrics", {})
        if not isinstance(metrics, dict) or not all(map(is_number, metrics.values())):
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
            again = f"; {REINSTALL}" if self.source == "zoo" else ""
            return f"{self.owner} has no {self.weights.name}{again}"
        return self._undigested()

    def _undigested(self) -> str:
        """Why its files cannot be compared with its card, or ""."""
        try:
            for name in (self.weights.name, *self.kept):
                self.digest(name)
        except WeightsError as error:
            return str(error)
        return ""


def is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def sizes_of(facts: Any) -> Mapping[str, int]:
    """Examples by split, of the facts of a card, and by metric those of a head some of whose labels
    are missing; {} where they do not say."""
    sizes, labelled = (
        facts.get(key) if isinstance(facts, dict) else None for key in ("sizes", "labelled")
    )
    known = dict(sizes) if isinstance(sizes, dict) else {}
    for split, heads in labelled.items() if isinstance(labelled, dict) else ():
        for head, n in heads.items() if isinstance(heads, dict) else ():
            known[f"{split}/{accuracy_of(str(head))}"] = n
    return {str(key): n for key, n in known.items() if isinstance(n, int) and n >= 0}


def at_path(wanted: str) -> Trained | None:
    """The folder, weights file or checkpoint of this path; None where there is none."""
    try:
        path = local_path(wanted).absolute()
        if path.is_dir():
            return Trained(wanted, path.name, "path", path, paths.weights_in(path))
        if path.is_file():
            deep = path.suffix == CHECKPOINT or paths.is_on_the_way(path)
            folder = path.parents[1] if deep else path.parent
            return Trained(wanted, path.name, "path", folder, path)
    except (OSError, BadInput):
        pass
    return None
