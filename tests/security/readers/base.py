"""What is fuzzed: a reader, the inputs that it gets, and what it may raise."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from dlexplain.errors import DlexplainError
from dlexplain.registry import Registry
from tests.security.guards import MEGABYTES


@dataclass(frozen=True)
class Reader:
    """Something that takes what comes from outside.

    inputs  small valid ones, changed
    read    takes one, and a new folder to lay it in
    share   of the usual number of inputs, smaller for what takes long
    raises  what its docstring says that it may raise
    megabytes  that it may take, where that is more than usual
    """

    inputs: st.SearchStrategy[Any]
    read: Callable[[Any, Path], object]
    share: float = 1.0
    raises: tuple[type[Exception], ...] = (DlexplainError,)
    megabytes: int = MEGABYTES


Made = Callable[[Path], Reader]
READERS: Registry[Made] = Registry("reader")
"""By name; each is made when it is asked for, with a folder for what it needs beside its inputs."""


def reader(name: str) -> Callable[[Made], Made]:
    def add(made: Made) -> Made:
        READERS.add(name, made)
        return made

    return add


def laid(folder: Path, name: str, content: bytes) -> Path:
    """The content as a file of that name."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file
