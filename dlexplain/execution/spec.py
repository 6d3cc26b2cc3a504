"""What a run is told: one frozen, JSON-serialisable record that says everything.

    RunSpec(task="classify-image", model="cnn", data="digits", training={"epochs": 5})

The groups hold plain values; which are accepted is declared by the task, model and data set that
are named, and checked by services.training.catalogue.complete, which also fills in every default.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from dlexplain.errors import SpecError, known_names
from dlexplain.params import Value

GROUPS = (
    "task_params",
    "model_params",
    "data_params",
    "training",
    "augmentation",
    "shortcut",
    "transfer",
    "compression_params",
    "resources",
)
"""The fields that hold parameters."""
TOPS = ("task", "model", "data", "parent", "compression", "seed", "device")
"""Those with one value that is computed with."""
MAX_SEED = 2**31 - 1


@dataclass(frozen=True)
class RunSpec:
    """One training, said completely: the same spec gives the same curve on the CPU.

    task, model, data   registered names
    shortcut            what is planted in the training part (data.shortcuts.Shortcut), {} nothing
    training            optimiser, schedule, epochs, batch size, precision (tasks.base.Training)
    parent              the trained model whose weights it begins with, or the folder or hub name of
                        the user's own backbone; "" for fresh ones
    transfer            which of the parent's weights learn, and how fast, {} all alike
    compression         how the parent is made smaller, a registered name, or "" for not at all
    device              auto, cpu, cuda or cuda:N; ray is the cluster of the settings
    resources           what a run on a cluster asks of a node (execution.resources), else {}
    name                a title for people; not part of what is computed
    """

    task: str
    model: str
    data: str
    task_params: Mapping[str, Value] = field(default_factory=dict)
    model_params: Mapping[str, Value] = field(default_factory=dict)
    data_params: Mapping[str, Value] = field(default_factory=dict)
    training: Mapping[str, Value] = field(default_factory=dict)
    augmentation: Mapping[str, Value] = field(default_factory=dict)
    shortcut: Mapping[str, Value] = field(default_factory=dict)
    parent: str = ""
    transfer: Mapping[str, Value] = field(default_factory=dict)
    compression: str = ""
    compression_params: Mapping[str, Value] = field(default_factory=dict)
    seed: int = 0
    device: str = "auto"
    name: str = ""
    resources: Mapping[str, Value] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "RunSpec":
        """Raises SpecError that names every unknown, missing or misshapen field."""
        if not isinstance(given, Mapping):
            raise SpecError([f"the spec is a JSON {type(given).__name__}; an object is accepted"])
        known = {f.name: f for f in fields(cls)}
        wrong = [f'unknown field "{k}"; {known_names(k, known)}' for k in given if k not in known]
        wrong += [
            f'{key} is "{given.get(key)}"; it takes a registered name'
            for key in ("task", "model", "data")
            if not isinstance(given.get(key), str)
        ]
        wrong += [
            f'{key} is "{given[key]}"; it takes an object of parameters'
            for key in GROUPS
            if not isinstance(given.get(key, {}), Mapping)
        ]
        wrong += [
            f'{group}.{key} is "{value}"; it takes a number, a text, or true or false'
            for group in GROUPS
            if isinstance(given.get(group), Mapping)
            for key, value in given[group].items()
            if not isinstance(value, Value)
        ]
        seed = given.get("seed", 0)
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
            wrong.append(f'seed is "{seed}"; it takes a whole number from 0 to {MAX_SEED}')
        wrong += [
            f'{key} is "{given[key]}"; it takes a text'
            for key in ("parent", "compression", "device", "name")
            if not isinstance(given.get(key, ""), str)
        ]
        if wrong:
            raise SpecError(wrong)
        return cls(**given)

    @classmethod
    def from_json(cls, text: str) -> "RunSpec":
        """Raises SpecError for text that is no JSON object, or as from_dict."""
        try:
            given = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SpecError([f"the spec is no JSON: {error}"]) from error
        return cls.from_dict(given)

    def to_dict(self) -> dict[str, Any]:
        # Not asdict, which copies value by value: lists of thousands of runs ask at each look.
        told = {
            f.name: dict(getattr(self, f.name)) if f.name in GROUPS else getattr(self, f.name)
            for f in fields(self)
        }
        if not self.resources:  # so that a run of this machine is told as it always was
            del told["resources"]
        return told

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), sort_keys=True)

    def flat(self) -> dict[str, Value]:
        """Every value under one name, such as "training.epochs": for tables and MLflow."""
        found: dict[str, Value] = {
            "task": self.task,
            "model": self.model,
            "data": self.data,
            "seed": self.seed,
            "device": self.device,
        }
        found |= {
            key: getattr(self, key) for key in ("parent", "compression") if getattr(self, key)
        }
        for group in GROUPS:
            short = group.removesuffix("_params")
            found |= {f"{short}.{key}": value for key, value in getattr(self, group).items()}
        return found

    def with_flat(self, values: Mapping[str, Value]) -> "RunSpec":
        """The spec with values under the names that `flat` gives them.

        Another model or data set takes none of the parameters of the one before. Raises SpecError
        for a name that no spec has.
        """
        groups: dict[str, Any] = {key: dict(getattr(self, key)) for key in GROUPS}
        short = {group.removesuffix("_params"): group for group in GROUPS}
        tops: dict[str, Any] = {}
        for key, value in values.items():
            group, dot, name = key.partition(".")
            if not dot and key in TOPS:
                tops[key] = value
            elif not (dot and group in short):
                raise SpecError([f'unknown field "{key}"; {known_names(key, (*TOPS, *short))}'])
        for key in ("model", "data"):
            if tops.get(key, getattr(self, key)) != getattr(self, key):
                groups[short[key]] = {}
        for key, value in values.items():
            group, dot, name = key.partition(".")
            if dot:
                groups[short[group]][name] = value
        return replace(self, **groups, **tops)

    @property
    def title(self) -> str:
        return self.name or f"{self.model} on {self.data}"
