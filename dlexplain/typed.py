"""Whether a dataclass that was made of somebody's JSON holds what its annotations say."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

LARGEST = 2**63
"""Integers from here on are no number of a database, nor of an array."""
Fits = Callable[[Any], bool]


def check_types(made: Any) -> None:
    """Raises TypeError or ValueError, which name the first field that does not fit.

    Numbers may be whole where fractions are asked for. Texts have to be such as can be written.
    """
    for name, fits in _checks(made.__class__):
        value = getattr(made, name)
        if not fits(value):
            raise TypeError(f"{name} is {value!r:.80}")


@cache
def _checks(kind: Any) -> tuple[tuple[str, Fits], ...]:
    """Of each field; made once, since a list of runs asks thousands of times."""
    hints = get_type_hints(kind)
    return tuple((field.name, _check(hints[field.name])) for field in fields(kind))


def _check(hint: Any) -> Fits:
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if hint is Any:
        return lambda value: True
    if kind in (Union, UnionType):
        any_of = tuple(map(_check, inner))
        return lambda value: any(fits(value) for fits in any_of)
    if kind is Literal:
        return lambda value: isinstance(value, str) and value in inner
    if kind is tuple and inner[1:] == (...,):
        each = _check(inner[0])
        return lambda value: isinstance(value, tuple) and all(map(each, value))
    if kind is Mapping and inner:
        key, of_key = map(_check, inner)
        return lambda value: (
            isinstance(value, Mapping) and all(map(key, value)) and all(map(of_key, value.values()))
        )
    return PLAIN.get(kind) or (lambda value: isinstance(value, kind))


def _whole(value: Any) -> bool:
    return isinstance(value, int) and -LARGEST <= value < LARGEST


def _text(value: Any) -> bool:
    """Raises ValueError of half a letter."""
    return isinstance(value, str) and value.encode() is not None


PLAIN: Mapping[Any, Fits] = {
    NoneType: lambda value: value is None,
    float: lambda value: isinstance(value, float) or _whole(value),
    int: _whole,
    str: _text,
}
