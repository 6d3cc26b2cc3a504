"""Every test run has a home folder of its own, and computes on the CPU unless told otherwise."""

import functools
import os
import tempfile
from collections.abc import Iterator

# Before anything reads the settings; the system clears its temporary folders.
os.environ["DLEXPLAIN_HOME"] = tempfile.mkdtemp(prefix="dlexplain-tests-")
os.environ.setdefault("DLEXPLAIN_DEVICE", "cpu")
# Pages may read what tests write, wherever that is; tests/security says what they may not.
os.environ["DLEXPLAIN_DATA"] = os.sep

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import local_script_runner

import dlexplain.ui.start
from dlexplain.explainers import batching
from dlexplain.server_files import serve_no_pages

# The dashboard looks after the queue for as long as its process lives. In tests that process is
# this one, and it would start the runs that a test has just queued for itself.
dlexplain.ui.start.STORE_AFTER_SECONDS = 1e6

# Every AppTest reads the metadata of all installed packages, a third of a second each time.
manifest_scanner.scan_component_manifests = functools.cache(
    manifest_scanner.scan_component_manifests
)

PAGE_SECONDS = 240
"""Which a page may take at least, whatever limit its test gives: that says what is usual, and a
machine with slower processors, or one beside other work, is none that fails."""
_wait_for_script = local_script_runner.require_widgets_deltas
local_script_runner.require_widgets_deltas = lambda runner, timeout=0: _wait_for_script(
    runner, max(timeout, PAGE_SECONDS)
)


@pytest.fixture(autouse=True)
def _paths_are_of_this_process() -> Iterator[None]:
    """The dashboard says that its process' paths are those of visitors; a test's may be too."""
    yield
    serve_no_pages()


@pytest.fixture(autouse=True)
def _chunks_are_not_measured(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to three seconds a model, once for each home folder, and tests have hundreds of them; what
    is measured, and that values do not depend on it, is for test_batching."""
    if "test_batching" not in request.node.nodeid:
        usual = batching.USUAL_CPU_CHUNK
        monkeypatch.setattr(batching, "measure_chunk", lambda *_: usual)


WAITING = (
    "/browser/", "test_clusters", "test_executor", "test_delivery", "test_many.py", "test_parallel",
    "test_estimating", "test_sweeping", "test_cli_trust", "test_cli_training", "test_pruned_runs",
)  # fmt: skip
"""Parts of the names of files that wait for browsers, servers and trainings more than they
compute."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread files that wait between those that compute, so that the processes that run tests keep
    the processors busy to the end; in pytest-xdist's own order, by number of tests, the files that
    wait come last and beside each other."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    waiting = [name for name in files if any(word in f"/{name}" for word in WAITING)]
    computing = [name for name in files if name not in waiting]
    every = max(1, len(computing) // (len(waiting) + 1))
    order = []
    for place, name in enumerate(computing):
        if waiting and place % every == 0:
            order.append(waiting.pop(0))
        order.append(name)
    items[:] = [item for name in [*order, *waiting] for item in files[name]]
