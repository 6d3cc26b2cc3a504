"""Whether a dataclass that was made of somebody's JSON holds what its annotations say."""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

LARGEST = 2**63
"""Integers from here on are no number of a database, nor of an array."""


def check_types(made: Any) -> None:
    """Raises TypeError or ValueError, which name the first field that does not fit.

    Numbers may be whole where fractions are asked for, and lists stand for tuples in JSON only
    where they were read as tuples. Texts have to be such as can be written.
    """
    hints = _hints(made.__class__)
    for field in fields(made):
        value = getattr(made, field.name)
        if not _fits(value, hints[field.name]):
            raise TypeError(f"{field.name} is {value!r:.80}")


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _fits(value: Any, hint: Any) -> bool:
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind in (Union, UnionType):
        return any(_fits(value, one) for one in inner)
    if kind is Literal:
        return isinstance(value, str) and value in inner
    if hint is None or hint is type(None):
        return value is None
    if kind is float:
        return isinstance(value, float) or _fits(value, int)
    if kind is int:
        return isinstance(value, int) and -LARGEST <= value < LARGEST
    if kind is str:
        return isinstance(value, str) and bool(value.encode() or True)  # raises of half a letter
    if kind is tuple and inner[1:] == (...,):
        return isinstance(value, tuple) and all(_fits(one, inner[0]) for one in value)
    if kind is Mapping and inner:
        of_key, of_value = inner
        return isinstance(value, Mapping) and all(
            _fits(key, of_key) and _fits(one, of_value) for key, one in value.items()
        )
    return hint is Any or isinstance(value, kind)
