"""What every test of a page does."""

import threading
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _no_job_is_left() -> Iterator[None]:
    yield
    for thread in threading.enumerate():
        if thread.name == "explanations":
            thread.join(60)
