"""Several ways and strengths of compressing one model, a run each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import dlexplain.compression  # noqa: F401, registers them
from dlexplain.compression.base import COMPRESSIONS, Compression
from dlexplain.errors import BadInput, SpecError
from dlexplain.execution.spec import RunSpec
from dlexplain.params import Value
from dlexplain.results import RunRecord
from dlexplain.services.compress.versions import strength_of
from dlexplain.services.training.catalogue import complete, with_data_path
from dlexplain.trained.catalogue import trained

MOST = 24
"""Runs of one sweep."""
TENTH = 0.1
"""Of the parent's learning rate: what trains on a trained network."""


@dataclass(frozen=True)
class Way:
    """One way at one strength. compression  of COMPRESSIONS;  params  of it"""

    compression: str
    params: Mapping[str, Value] = field(default_factory=dict)


def ways() -> Mapping[str, Compression]:
    """Ways of compressing, by name."""
    return COMPRESSIONS


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

    learning_rate  of the epochs, by default a tenth of the model's own training
    Raises SpecError that names all that is wrong, UnknownName or WeightsError.
    """
    from dlexplain.services.training.compressing import compression_spec  # torch

    if not 1 <= len(asked) <= MOST:
        raise BadInput(f"{len(asked)} ways are given; 1 to {MOST} are accepted")
    parent = trained(model)
    rate = learning_rate or TENTH * float(parent.spec.training.get("learning_rate", 1e-3))
    found, wrong = [], dict[str, None]()
    for way in asked:
        learns = COMPRESSIONS[way.compression].learns
        on = {"epochs": epochs, "learning_rate": rate} if learns and epochs else {}
        spec = compression_spec(parent, way.compression, way.params, on)
        values = [f"{value}" for value in way.params.values()]
        spec = replace(spec, name=" ".join([spec.name, *values[:1]]))
        try:
            spec = with_data_path(spec, data_path) if data_path else spec
            found.append(complete(spec))
        except SpecError as error:
            wrong |= dict.fromkeys(error.problems)
    if wrong:
        raise SpecError(list(wrong))
    return tuple(found)


def sweep(specs: Sequence[RunSpec]) -> tuple[RunRecord, ...]:
    """Queue them all; raises what `launch` does, of the first that cannot be."""
    from dlexplain.services.training.runs import launch

    return tuple(launch(spec) for spec in specs)
