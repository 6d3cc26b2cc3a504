"""Homes with a store, and the probe model, for every test of runs."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from dlexplain.execution import database
from dlexplain.settings import settings
from tests.execution.clusters import TestCluster, started
from tests.execution.postgres import Cluster, server
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


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A real server, where PostgreSQL is installed."""
    with server() as made:
        yield made


@pytest.fixture
def in_postgres(
    postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A new database, which has the runs of the home folder tmp_path; its address."""
    monkeypatch.setenv("DLEXPLAIN_HOME", str(tmp_path))
    monkeypatch.setenv("DLEXPLAIN_STATE_URL", postgres.address())
    settings.cache_clear()
    yield settings().state_url
    database._server(settings().state_url, os.getpid()).dispose()
    monkeypatch.undo()
    settings.cache_clear()
