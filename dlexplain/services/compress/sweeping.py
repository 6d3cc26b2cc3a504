"""Several ways and strengths of compressing one model, a run each; no torch here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import dlexplain.compression  # noqa: F401, registers them
from dlexplain.compression.base import COMPRESSIONS
from dlexplain.errors import BadInput, SpecError
from dlexplain.execution.spec import RunSpec
from dlexplain.params import Value
from dlexplain.results import RunRecord
from dlexplain.services.compress.versions import strength_of
from dlexplain.services.training.compression_specs import completed_compression
from dlexplain.services.training.runs import launch

MOST = 24
"""Runs of one sweep."""


@dataclass(frozen=True)
class Way:
    """One way at one strength. compression  of COMPRESSIONS;  params  of it"""

    compression: str
    params: Mapping[str, Value] = field(default_factory=dict)


def learns(compression: str) -> bool:
    """Whether a network may be trained on with it."""
    return COMPRESSIONS[compression].learns


def read_ways(texts: Sequence[str]) -> tuple[Way, ...]:
    """Of texts such as "low-rank:0.9,0.7" and "half": each strength a way, without one the usual.

    Raises UnknownName, or BadInput for a strength of a way that has none.
    """
    found: list[Way] = []
    for text in texts:
        name, _, strengths = text.partition(":")
        way = COMPRESSIONS[name.strip()]
        values = [word.strip() for word in strengths.split(",") if word.strip()]
        key = strength_of(way.name)
        if values and not key:
            raise BadInput(f'"{text}" has a strength, but {way.name} has none to choose')
        found += [Way(way.name, {key: value}) for value in values] or [Way(way.name)]
    return tuple(found)


def sweep_specs(
    model: str,
    asked: Sequence[Way],
    epochs: int = 0,
    learning_rate: float | None = None,
    data_path: str = "",
) -> tuple[RunSpec, ...]:
    """The runs, completed and checked; those of ways after which nothing is learned have no epochs.

    learning_rate  of the epochs, by default that of the model's own training
    Raises SpecError that names all that is wrong, UnknownName or WeightsError.
    """
    if not 1 <= len(asked) <= MOST:
        raise BadInput(f"{len(asked)} ways are given; 1 to {MOST} are accepted")
    found, wrong = [], dict[str, None]()
    for way in asked:
        on = epochs if learns(way.compression) else 0
        told = [f"{key}={value}" for key, value in way.params.items()]
        told += [f"learning_rate={learning_rate}"] if on and learning_rate else []
        strength = way.params.get(strength_of(way.compression), "")
        name = f"{model.rstrip('/').rpartition('/')[2]}, {way.compression} {strength}".rstrip()
        try:
            found.append(completed_compression(model, way.compression, on, told, data_path, name))
        except SpecError as error:
            wrong |= dict.fromkeys(error.problems)
    if wrong:
        raise SpecError(list(wrong))
    return tuple(found)


def sweep(specs: Sequence[RunSpec]) -> tuple[RunRecord, ...]:
    """Queue them all; raises what `launch` does, of the first that cannot be."""
    return tuple(launch(spec) for spec in specs)
