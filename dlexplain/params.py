"""Parameters declared once: the form on the page, the CLI's options and the validation follow.

    @dataclass(frozen=True)
    class Params:
        steps: int = number(50, "Steps", low=2, high=1000, help="Points on the path.")
        baseline: str = choice("black", "Baseline", ("black", "blur"), help="Where it starts.")

A field's metadata holds its `Spec`; `parse` builds the dataclass from text or typed values and
raises ParamError with the value and what is accepted.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from dlexplain.errors import BadInput, ParamError, known_names, nearest

Value = int | float | str | bool
P = TypeVar("P")

_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


@dataclass(frozen=True)
class Spec:
    """What one parameter accepts.

    kind     integer, real, choice, flag, or name (a text whose accepted values depend on the
             model, such as a layer), text (anything, such as a path)
    low, high, step   range of an integer or real, both ends included
    options  accepted values of a choice
    only     another parameter and those of its values with which this one is used; "" for always
    example  of a text, for an empty field
    """

    kind: Literal["integer", "real", "choice", "flag", "name", "text"]
    label: str
    help: str
    default: Value
    low: float = -math.inf
    high: float = math.inf
    step: float | None = None
    options: tuple[str, ...] = ()
    only: tuple[str, tuple[str, ...]] = ("", ())
    example: str = ""

    def used(self, values: Mapping[str, Value]) -> bool:
        """Whether it says anything beside these values of the others."""
        other, wanted = self.only
        return other not in values or str(values[other]) in wanted

    @property
    def accepts(self) -> str:
        """What is accepted, in words, for help texts and errors."""
        match self.kind:
            case "integer":
                return f"a whole number from {self.low:g} to {self.high:g}"
            case "real":
                return f"a number from {self.low:g} to {self.high:g}"
            case "choice":
                return "one of " + ", ".join(self.options)
            case "flag":
                return "true or false"
        return "a name" if self.kind == "name" else "text"


def number(
    default: float,
    label: str,
    *,
    low: float,
    high: float,
    help: str,
    step: float | None = None,
    only: tuple[str, tuple[str, ...]] = ("", ()),
) -> Any:
    """A whole number when `default` is an int, else a real one; `low` and `high` are accepted."""
    kind: Literal["integer", "real"] = "integer" if isinstance(default, int) else "real"
    return _declare(Spec(kind, label, help, default, low=low, high=high, step=step, only=only))


def choice(default: str, label: str, options: tuple[str, ...], *, help: str) -> Any:
    """One of a few fixed texts."""
    return _declare(Spec("choice", label, help, default, options=options))


def flag(default: bool, label: str, *, help: str) -> Any:
    """On or off."""
    return _declare(Spec("flag", label, help, default))


def name(default: str, label: str, *, help: str) -> Any:
    """A text whose accepted values only the model knows, such as the name of a layer."""
    return _declare(Spec("name", label, help, default))


def text(
    default: str,
    label: str,
    *,
    help: str,
    example: str = "",
    only: tuple[str, tuple[str, ...]] = ("", ()),
) -> Any:
    """Any text, such as a path or a list of names."""
    return _declare(Spec("text", label, help, default, example=example, only=only))


def _declare(spec: Spec) -> Any:
    return field(default=spec.default, metadata={"spec": spec})


def specs(params: type) -> dict[str, Spec]:
    """The parameters of a Params dataclass, in their order."""
    return {f.name: f.metadata["spec"] for f in dataclasses.fields(params)}


def parse(params: type[P], given: Mapping[str, Value]) -> P:
    """Build `params` from text or typed values; what is not given takes its default.

    Raises ParamError for an unknown key, a value of the wrong kind, or one out of range.
    """
    return params(**read_values(specs(params), given))


def read_values(known: Mapping[str, Spec], given: Mapping[str, Value]) -> dict[str, Value]:
    """Typed values of those that are given, from text or typed ones; raises ParamError."""
    check_names(given, known)
    return {key: _read(key, known[key], value) for key, value in given.items()}


def check_names(given: Iterable[str], known: Iterable[str]) -> None:
    """Raises ParamError, which says what is known, where a name is not among `known`."""
    known = list(known)
    for key in given:
        if key not in known:
            raise ParamError(f'unknown parameter "{key}"; {known_names(key, known)}')


def problems(params: type, given: Mapping[str, Value]) -> list[str]:
    """What `parse` would refuse, each in one sentence; empty where it would accept."""
    known = specs(params)
    found = []
    for key, value in given.items():
        try:
            parse(params, {key: value})
        except ParamError as error:
            found.append(str(error))
    return found if known or not given else [f"no parameters are known; given: {', '.join(given)}"]


def as_dict(params: object) -> dict[str, Value]:
    """The values of a Params instance, JSON-serialisable."""
    return dataclasses.asdict(params)  # type: ignore[call-overload, no-any-return]


def _read(key: str, spec: Spec, value: Value) -> Value:
    try:
        read = _convert(spec, value)
    except (ValueError, TypeError, OverflowError):
        raise ParamError(f'{key} is "{value}"; it takes {spec.accepts}') from None
    in_range = not isinstance(read, int | float) or spec.low <= read <= spec.high
    if not in_range:
        raise ParamError(f'{key} is "{value}"; it takes {spec.accepts}')
    if spec.kind == "choice" and read not in spec.options:
        raise ParamError(
            f'{key} is "{value}"; it takes {spec.accepts}{nearest(value, spec.options)}'
        )
    return read


def _convert(spec: Spec, value: Value) -> Value:
    match spec.kind:
        case "integer":
            if isinstance(value, bool) or (isinstance(value, float) and value != int(value)):
                raise ValueError(value)
            return int(value)
        case "real":
            if isinstance(value, bool):
                raise ValueError(value)
            return float(value)
        case "flag":
            word = str(value).lower()
            if word not in _TRUE + _FALSE:
                raise ValueError(value)
            return word in _TRUE
    return str(value)


def check_whole(what: str, value: object, low: int, high: int, why: str = "") -> None:
    """Raises BadInput where an argument is no whole number of low to high.

    why  the lower end is where it is, such as "the fewest with an interval"
    """
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        least = f"{low:,}, {why}," if why else f"{low:,}"
        raise BadInput(f"{what} is {value!r}; a whole number from {least} to {high:,} is accepted")


MOST_DIGITS = 18
"""Of a number that somebody writes; Python itself refuses to read more than 4,300."""


def from_digits(text: str) -> int:
    """The number of up to MOST_DIGITS decimal digits, such as a place that an address names; -1 for
    any other text."""
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else -1


def as_whole(value: Value) -> int:
    """A whole number as it is or as text; 0 for what is none, which is told elsewhere."""
    try:
        return int(value)
    except (ValueError, OverflowError):  # the latter of infinity
        return 0
