"""What jobs over very many pictures have left, and a pool that is no cluster."""

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from dlexplain.execution.clusters.workplace import Workplace
from dlexplain.results.many import ManyPictures
from dlexplain.settings import settings
from tests.execution.clusters import ROOT


def rows(found: Path) -> list[dict[str, object]]:
    files = sorted(found.glob("shards/*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def shards(found: ManyPictures) -> dict[str, bytes]:
    return {f.name: f.read_bytes() for f in sorted(found.folder.glob("shards/*"))}


def killed_after_a_shard(words: list[str], out: Path) -> None:
    """Begin a command, and kill it as soon as a shard is done."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "dlexplain", *words, "--out", str(out)],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    lines = out / "answers.jsonl"
    stop = time.monotonic() + 120
    while not (lines.exists() and lines.read_text().endswith("\n")):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < stop
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert not (out / "manifest.json").exists()


class InProcess:
    """Stands for the pool: the same worker in here, and what goes to it goes as bytes."""

    count = 1

    def __init__(
        self, ray: None, address: str, maker: str, asked: dict[str, Any], most: int, cpus: int
    ) -> None:
        self.place = Workplace()
        self.place.begin(maker, pickle.loads(pickle.dumps(asked)))

    def results(self, tasks: Iterator[tuple[int, Any]], *told: object) -> Iterator[Any]:
        for number, content in tasks:
            yield number, self.place.do(pickle.loads(pickle.dumps(content)))


@contextmanager
def in_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cluster is known, and its pool is InProcess."""
    monkeypatch.setenv("DLEXPLAIN_RAY", "stands:1")
    monkeypatch.setattr("dlexplain.services.many.job.Pool", InProcess)
    monkeypatch.setattr("dlexplain.services.many.job.joined", lambda *told: nullcontext())
    settings.cache_clear()
    try:
        yield
    finally:
        monkeypatch.undo()
        settings.cache_clear()
