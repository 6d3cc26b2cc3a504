"""The Ray cluster of the tests, see cluster_process, and curves of runs by their journals."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from filelock import FileLock

from dlexplain.execution.journal import latest_by_step, read
from dlexplain.execution.system import PREFIX
from tests.execution.small import Curves

ROOT = Path(__file__).parents[2]


@dataclass
class TestCluster:
    """One that runs: its head's HOST:PORT."""

    __test__ = False
    address: str
    process: subprocess.Popen[str]

    def add(self) -> None:
        """Start another node."""
        self._do("add")

    def remove(self, on: psutil.Process | None = None) -> None:
        """Kill the oldest node with all that runs on it; or that on which this process is."""
        if on is None:
            self._do("remove")
            return
        (raylet,) = [one.pid for one in on.parents() if one.name() == "raylet"]
        self._do(f"remove {raylet}")

    def workers(self, title: str) -> list[psutil.Process]:
        """Processes of its nodes that Ray calls so."""
        try:
            below = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        return [found for found in below if title in _title(found)]

    def _do(self, what: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        assert _line(self.process) == "done"


@contextmanager
def started() -> Iterator[TestCluster]:
    """In a short folder: names of Unix sockets end at 107 letters. Those of several processes that
    test start one after the other: at once, one was seen not to."""
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}
    environment |= {"OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0"}
    log = Path(tempfile.mkstemp(prefix="ray", suffix=".log")[1])
    starting = FileLock(Path(tempfile.gettempdir()) / "dlexplain-tests-ray.lock")
    with starting, log.open("w") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.execution.cluster_process", folder],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
        )
        address = _line(process)
    try:
        assert ":" in address, f"the cluster did not start: {log.read_text()[-2000:]}"
        yield TestCluster(address, process)
    finally:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        shutil.rmtree(folder, ignore_errors=True)
        log.unlink()


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has ended
        return ""


def _line(process: subprocess.Popen[str]) -> str:
    """The next that is ours: Ray prints too."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == "done" or line.strip().rpartition(":")[2].isdigit():
            return line.strip()
    return ""


def journal_curves(home: Path, run: str) -> Curves:
    """Every metric of a run, but for its machine's: key -> step -> value."""
    points = [point for point in read(home, run)[0] if not point.key.startswith(PREFIX)]
    return {
        key: {p.step: p.value for p in latest_by_step(q for q in points if q.key == key)}
        for key in sorted({point.key for point in points})
    }
