"""Compressed versions of a model among the finished runs, and what was done to them; no torch."""

from collections.abc import Mapping

import dlexplain.compression  # noqa: F401, registers them
from dlexplain.compression.base import COMPRESSIONS
from dlexplain.errors import UnknownName, WeightsError
from dlexplain.execution.spec import RunSpec
from dlexplain.params import Value, specs
from dlexplain.trained.catalogue import entries, trained
from dlexplain.trained.entry import ModelEntry
from dlexplain.trained.folder import Trained
from dlexplain.trained.runs import finished_runs

DEPTH = 8
"""Compressions of compressions that are followed."""


def versions_of(model: str) -> tuple[str, ...]:
    """Ids of finished runs that began with the model and made it smaller, or with one of these, the
    earliest first."""
    known, found = {model}, []
    for row in reversed(finished_runs()):
        if row.spec.compression and row.spec.parent in known:
            known.add(row.id)
            found.append(row.id)
    return tuple(found)


def alike(entry: ModelEntry) -> tuple[ModelEntry, ...]:
    """Other models of the same task and data, which may be measured beside it."""
    return tuple(
        e for e in entries(entry.task)
        if e.data == entry.data and e.name != entry.name and isinstance(e.origin, Trained)
    )  # fmt: skip


def how_told(model: Trained, original: str) -> str:
    """What was done to the original, the last last: "low-rank 0.9", "channels 0.5, int8-dynamic";
    of a model of its own "student of ..." or its title. Raises WeightsError."""
    steps: list[str] = []
    spec, name = model.spec, model.name
    for _ in range(DEPTH):
        if not spec.compression or name == original:
            break
        steps.insert(0, _step(spec))
        try:
            spec, name = trained(spec.parent).spec, spec.parent
        except (UnknownName, WeightsError):  # the parent was deleted
            break
    if steps:
        return ", ".join(steps)
    teacher = model.spec.task_params.get("teacher")
    return f"student of {teacher} ({model.name})" if teacher else model.title


def _step(spec: RunSpec) -> str:
    strength = strength_of(spec.compression)
    values = [f"{spec.compression_params[strength]:g}"] if _has(spec, strength) else []
    more = [f"{key} {value}" for key, value in _changed(spec).items() if key != strength]
    epochs = spec.training.get("epochs", 0)
    more += [f"{epochs} epoch{'s' * (epochs != 1)}"] if epochs else []
    return " ".join([spec.compression, *values, *(f"({', '.join(more)})" for _ in more[:1])])


def _has(spec: RunSpec, strength: str) -> bool:
    return isinstance(spec.compression_params.get(strength), int | float)


def _changed(spec: RunSpec) -> Mapping[str, Value]:
    """The parameters that are not the usual ones."""
    if spec.compression not in COMPRESSIONS:
        return dict(spec.compression_params)
    usual = {key: one.default for key, one in specs(COMPRESSIONS[spec.compression].Params).items()}
    return {k: v for k, v in spec.compression_params.items() if v != usual.get(k)}


def strength_of(compression: str) -> str:
    """The parameter that says how much a way compresses; "" without one."""
    return COMPRESSIONS[compression].strength if compression in COMPRESSIONS else ""
