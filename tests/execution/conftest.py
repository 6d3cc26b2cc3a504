"""Homes with a store, and the probe model, for every test of runs."""

from collections.abc import Iterator

import pytest
import torch

from dlexplain.settings import settings
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


@pytest.fixture
def on_ray(cluster: TestCluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Its address, which is in the settings."""
    monkeypatch.setenv("DLEXPLAIN_RAY", cluster.address)
    settings.cache_clear()
    yield cluster.address
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As workers on the cluster have."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
