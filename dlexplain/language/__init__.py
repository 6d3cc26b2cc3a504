"""What is shown, in the reader's language.

All is written in English, where it is said, and translated where it is shown: `tr` of a sentence
gives it in the language of whoever looks. So results, errors and notes stay English sentences that
can be kept, cached and sent between processes and people, and a sentence is one f-string, not a
template with its values apart. A sentence with values is known again by the template that its
f-string is; see `messages`, which finds them in the source, and decision 0043.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, overload

from dlexplain.language.catalogue import SOURCE, WIDE, catalogue

__all__ = [
    "LANGUAGES",
    "SOURCE",
    "Later",
    "ask_language",
    "in_words",
    "joined",
    "language",
    "only",
    "sentences",
    "shown_by",
    "speaking",
    "tr",
]

LANGUAGES = {"en": "English", "zh": "中文"}
"""By the code that the address takes."""
_asked: ContextVar[str] = ContextVar("language", default=SOURCE)
_only: ContextVar[str] = ContextVar("only", default="")
_where: list[Callable[[], str | None]] = []
"""What knows the reader: the dashboard's session, where there is one."""


def language() -> str:
    """Of whoever looks at what is made now."""
    if one := _only.get():
        return one
    for ask in _where:
        if (found := ask()) in LANGUAGES:
            return str(found)
    return _asked.get()


def ask_language(ask: Callable[[], str | None]) -> None:
    """Let this say whose language it is; it gives None where nobody looks."""
    _where[:] = [ask]


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """In this language, where no session says another."""
    token = _asked.set(name)
    try:
        yield
    finally:
        _asked.reset(token)


@contextmanager
def only(name: str) -> Iterator[None]:
    """In this language, whoever looks: for pictures whose font has no other letters; a decorator
    too."""
    token = _only.set(name)
    try:
        yield
    finally:
        _only.reset(token)


@overload
def tr(text: None) -> None: ...
@overload
def tr(text: object) -> str: ...
def tr(text: object) -> str | None:
    """A sentence of ours in the reader's language; in English where it has no translation.

    Never of what comes from outside: that is shown as it is. None stays None, as controls take it.
    """
    if text is None:
        return None
    said, spoken = str(text), language()
    return said if spoken == SOURCE else catalogue(spoken).translated(said)


def joined(parts: Iterable[object]) -> str:
    """Facts on one line, each translated by itself, so that no sentence swallows its neighbours."""
    return (", " if language() == SOURCE else "，").join(tr(part) for part in parts)


def sentences(parts: Iterable[object]) -> str:
    """Sentences one after another, each translated by itself; what is empty is left out."""
    told = ""
    for one in filter(None, map(tr, parts)):
        told += one if not told or told.endswith(tuple(WIDE.values())) else f" {one}"
    return told


def shown_by(name: Callable[[Any], object]) -> Callable[[Any], str]:
    """For what names options: the same names in the reader's language."""
    return lambda option: tr(name(option))


def in_words(table: Any) -> Any:
    """A table whose columns are named in the reader's language: rows, one dictionary each, or one
    of columns, or what is said of columns; others are left as they are."""
    if isinstance(table, Mapping):
        return {tr(name) if isinstance(name, str) else name: of for name, of in table.items()}
    if isinstance(table, list):
        return [in_words(row) if isinstance(row, Mapping) else row for row in table]
    return table


class Later(str):
    """A text that is there before anybody looks, such as a decorator's: translated as it is shown,
    which Streamlit does with its `str`."""

    def __str__(self) -> str:
        return tr(str.__str__(self))
