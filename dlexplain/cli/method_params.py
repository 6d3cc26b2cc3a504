"""What --set gives a method, checked before it is handed on by name."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from dlexplain.params import Spec, Value, check_names


class Method(Protocol):
    """A method's name and its parameters."""

    @property
    def name(self) -> str: ...
    @property
    def params(self) -> Mapping[str, Spec]: ...


def check_params(given: Mapping[str, Value], method: str, methods: Iterable[Method]) -> None:
    """Raises ParamError for a name that is no parameter of the method.

    Functions that explain take parameters by name beside arguments of their own; a parameter
    called as one of those, such as `alone`, would be taken for it. An unknown method passes:
    whoever explains says so.
    """
    for known in methods:
        if known.name == method:
            check_names(given, known.params)
