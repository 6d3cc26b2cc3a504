"""What every test of a page does."""

from collections.abc import Iterator

import pytest

from dlexplain.services import jobs


@pytest.fixture(autouse=True)
def _no_job_is_left() -> Iterator[None]:
    """Pages measure on after what a test looks at; that is cancelled, as when a visitor leaves."""
    yield
    jobs.end_all()
