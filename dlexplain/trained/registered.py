"""Models that come with their weights from a package, by their registered specs."""

from collections.abc import Collection, Iterable

import dlexplain.networks  # noqa: F401, registers them
from dlexplain.networks.base import MODELS, ModelSpec
from dlexplain.trained.entry import ModelEntry


class Registered:
    """A Source."""

    def entries(self, tasks: Collection[str]) -> Iterable[ModelEntry]:
        return [_entry(spec) for spec in MODELS.values() if spec.task in tasks]

    def find(self, name: str, tasks: Collection[str]) -> ModelEntry | None:
        found = MODELS.get(name)
        return _entry(found) if found and found.task in tasks else None


def _entry(spec: ModelSpec) -> ModelEntry:
    return ModelEntry(spec.name, spec.title, "registered", spec.task, data=spec.labels, origin=spec)
