"""What explaining has in common, whatever is explained: facts of methods, chunks, answers kept."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Generic, TypeVar

import dlexplain.explainers.inputs.generated
import dlexplain.explainers.inputs.picture
import dlexplain.explainers.inputs.series
import dlexplain.explainers.inputs.text
import dlexplain.explainers.methods  # noqa: F401, these register kinds of input and methods
from dlexplain.execution.paths import chunk_file
from dlexplain.explainers.base import NOTHING, Explainer, methods_for
from dlexplain.explainers.batching import BatchSizes
from dlexplain.explainers.one_pass import OnePass
from dlexplain.params import Spec, Value
from dlexplain.registry import Registry
from dlexplain.settings import settings

R = TypeVar("R")


@cache
def batch_sizes() -> BatchSizes:
    """The process's measured chunk sizes, kept in the home folder."""
    return BatchSizes(chunk_file(settings().home))


@dataclass(frozen=True)
class MethodInfo:
    """A method's facts, for pages and listings; `description` is its docstring.

    params    of one modality, with the defaults that are usual there
    one_pass  whether it explains many pictures in about the time that classifying them takes
    """

    name: str
    title: str
    family: str
    signed: bool
    complete: bool
    paper: str
    description: str
    params: dict[str, Spec]
    one_pass: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The form that `methods --json` prints."""
        specs = {
            key: {"kind": s.kind, "default": s.default, "accepts": s.accepts, "help": s.help}
            for key, s in self.params.items()
        }
        return {**vars(self), "params": specs}


def method_info(
    method: Explainer[Any], modality: str, defaults: Mapping[str, Value] = NOTHING
) -> MethodInfo:
    """Its facts; `defaults` of parameters stand for its own."""
    specs = method.specs(modality)
    return MethodInfo(
        name=method.name,
        title=method.title,
        family=method.family,
        signed=method.signed,
        complete=method.complete,
        paper=method.paper,
        description=method.description(),
        params={k: replace(s, default=defaults.get(k, s.default)) for k, s in specs.items()},
        one_pass=isinstance(method, OnePass),
    )


def by_name(infos: Iterable[MethodInfo]) -> Registry[MethodInfo]:
    """The same, to be found by their names."""
    known: Registry[MethodInfo] = Registry("method")
    for info in infos:
        known.add(info.name, info)
    return known


def infos_for(
    modality: str,
    model: Any = None,
    defaults: Callable[[Explainer[Any]], Mapping[str, Value]] = lambda method: NOTHING,
) -> tuple[MethodInfo, ...]:
    """Of every method for the modality, or of those that are compatible with what they check."""
    known = methods_for(modality).values()
    fitting = (m for m in known if model is None or m.is_compatible(model))
    return tuple(method_info(method, modality, defaults(method)) for method in fitting)


class ResultCache(Generic[R]):
    """The results used last; shared by all sessions of the process.

    most  of them, where they are large; the settings' by default
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._entries: OrderedDict[str, R] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> R | None:
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def put(self, key: str, found: R) -> None:
        with self._lock:
            self._entries[key] = found
            while len(self._entries) > (self._most or settings().cache_entries):
                self._entries.popitem(last=False)
