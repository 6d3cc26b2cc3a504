"""One generic registry: a name, a thing, and an error that lists what is known."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from dlexplain.errors import UnknownName, known_names

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Names in the order in which they were added; `kind` is the noun of its error messages."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}

    def add(self, name: str, entry: T) -> T:
        """Register `entry`; a name can be taken once."""
        if name in self._entries:
            raise ValueError(f'{self.kind} "{name}" is registered already')
        self._entries[name] = entry
        return entry

    def __getitem__(self, name: str) -> T:
        try:
            return self._entries[name]
        except KeyError:
            known = known_names(str(name), sorted(self._entries))
            raise UnknownName(f'unknown {self.kind} "{name}"; {known}') from None

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def imported(where: str | Callable[..., Any]) -> Callable[..., Any]:
    """What "package.module:name" names, imported now; what is no text is given back.

    A spec that names its module in this way can be listed without importing it.
    """
    if not isinstance(where, str):
        return where
    module, _, name = where.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found
