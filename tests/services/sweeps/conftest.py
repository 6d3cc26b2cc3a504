"""A store that does not wait for the disk: what is tested is not what a power failure leaves."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine


def _at_once(connection: Any, record: Any) -> None:
    connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    event.listen(Engine, "connect", _at_once)
    yield
    event.remove(Engine, "connect", _at_once)
