"""Models by their registered specs: those that come with their weights from a package, and those
that `dx.show` offers in its own process."""

from collections.abc import Collection, Iterable

import dlexplain.networks  # noqa: F401, registers them
from dlexplain.networks.base import MODELS, ModelSpec
from dlexplain.trained.entry import ModelEntry

_offered: dict[str, ModelSpec] = {}


def offer(spec: ModelSpec) -> None:
    """List a model of this process, before the others; the last of a name stays."""
    _offered[spec.name] = spec


class Registered:
    """A Source."""

    def entries(self, tasks: Collection[str]) -> Iterable[ModelEntry]:
        return [_entry(s) for s in (*_offered.values(), *MODELS.values()) if s.task in tasks]

    def find(self, name: str, tasks: Collection[str]) -> ModelEntry | None:
        found = _offered.get(name) or MODELS.get(name)
        return _entry(found) if found and found.task in tasks else None


def _entry(spec: ModelSpec) -> ModelEntry:
    return ModelEntry(spec.name, spec.title, "registered", spec.task, data=spec.labels, origin=spec)
