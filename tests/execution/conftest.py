"""Homes with a store, and the probe model, for every test of runs."""

from collections.abc import Iterator

import pytest

from tests.execution.clusters import TestCluster, started
from tests.execution.small import Homes, probed


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    return Homes(tmp_path_factory)


@pytest.fixture(scope="module")
def probe() -> Iterator[None]:
    with probed():
        yield


@pytest.fixture(scope="session")
def cluster() -> Iterator[TestCluster]:
    """A Ray cluster of a head without processors and a node with two."""
    pytest.importorskip("ray", reason="pip install -r requirements-ray.txt")
    with started() as found:
        yield found
