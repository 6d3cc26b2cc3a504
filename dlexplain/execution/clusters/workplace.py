"""A worker on a node of a cluster that does one task after the other, with what it has loaded."""

import importlib
import socket
from collections.abc import Callable, Mapping
from typing import Any


class Workplace:
    """Ray makes an actor of it."""

    def __init__(self) -> None:
        self._work: Callable[[Any], bytes] | None = None

    def begin(self, maker: str, asked: Mapping[str, Any]) -> str:
        """Make the work, such as load a model; returns this machine's name.

        maker  MODULE:FUNCTION that makes it of what is asked
        """
        module, _, name = maker.partition(":")
        self._work = getattr(importlib.import_module(module), name)(**asked)
        return socket.gethostname()

    def do(self, task: Any) -> bytes:
        assert self._work is not None
        return self._work(task)
