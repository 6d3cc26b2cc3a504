"""Homes with a store, and the probe model, for every test of runs."""

from collections.abc import Iterator

import pytest

from tests.execution.small import Homes, probed


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    return Homes(tmp_path_factory)


@pytest.fixture(scope="module")
def probe() -> Iterator[None]:
    with probed():
        yield
