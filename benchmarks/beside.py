"""Explaining beside a training: how much longer an explanation takes while a run trains here.

python benchmarks/beside.py [--json FILE] [--rounds N]

The run trains in a worker of its own, as from the page. Idle and training take turns: the worker
is suspended for one half of each round. Every explanation is of another class, so that none is
answered from memory.
"""

import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `make run` sets it
sys.path.insert(0, str(Path(__file__).parents[1]))

import psutil

import dlexplain as dx
from benchmarks.table import Row, arguments, at_most, median, report
from dlexplain.execution.executor import local_queue
from dlexplain.execution.queue import RunQueue
from dlexplain.execution.rows import RunRow
from dlexplain.execution.spec import RunSpec
from dlexplain.services.training.catalogue import complete

METHODS: dict[str, tuple[int, dict[str, float]]] = {
    "grad-cam": (4, {}),
    "integrated-gradients": (1, {"steps": 50, "tolerance": 0}),
}
"""How often each is asked in half a round, and with which parameters."""
BOUND, NEVER = 2.0, 4.0
TRAINED = RunSpec(
    task="classify-image", model="airbench", data="shapes", data_params={"count": 2600},
    model_params={"width": 32, "deep": 64},
    training={"epochs": 1000, "batch_size": 128, "optimiser": "sgd", "learning_rate": 0.1},
    device="cpu",
)  # fmt: skip
LIMIT = 180.0


class Explaining:
    """Explanations of chelsea, each of another class."""

    def __init__(self) -> None:
        self.model = dx.load("efficientnet-lite0")
        self.picture = dx.read_sample("chelsea")
        self.targets = count()
        self()  # loads, measures the chunk, warms

    def __call__(self) -> dict[str, list[float]]:
        """Seconds of each explanation, as one waits for it."""
        seconds = defaultdict(list)
        for method, (times, params) in METHODS.items():
            for _ in range(times):
                target, started = next(self.targets), time.perf_counter()
                dx.explain(self.model, self.picture, method, target=target, **params)
                seconds[method].append(time.perf_counter() - started)
        return seconds


class Training:
    """A run that trains in its worker and can be suspended."""

    def __init__(self, queue: RunQueue) -> None:
        self.executor = queue
        self.run = queue.submit(complete(TRAINED)).id
        self.worker: psutil.Process | None = None

    def start(self) -> None:
        """Return, suspended, after the first step."""
        self.worker = psutil.Process(self.until_step(1).pid)
        self.worker.suspend()

    def row(self) -> RunRow:
        """Raises RuntimeError where the run trains no more."""
        row = self.executor.states.get(self.run)
        if not row.active:
            raise RuntimeError(f"the run is {row.state}: {row.why}")
        return row

    def until_step(self, step: int) -> RunRow:
        stop = time.monotonic() + LIMIT
        while (row := self.row()).progress.get("step", 0) < step:
            if time.monotonic() > stop:
                raise RuntimeError(f"the run did not come to step {step} in {LIMIT:g} s")
            time.sleep(0.2)
        return row

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Inside it trains: it has taken a step before, and takes another one after."""
        before = self.row().progress["step"]
        self.worker.resume()
        try:
            began = self.until_step(before + 1).progress["step"]
            yield
            self.until_step(began + 1)
        finally:
            self.worker.suspend()

    def processor_seconds(self) -> float:
        used = self.worker.cpu_times()
        return float(used.user + used.system)

    def end(self) -> None:
        """Cancel the run, and wait until its worker has saved and gone."""
        if self.worker is not None and self.worker.is_running():
            self.worker.resume()
        if self.executor.states.get(self.run).active:
            self.executor.cancel(self.run)
        stop = time.monotonic() + LIMIT
        while self.executor.states.get(self.run).active and time.monotonic() < stop:
            time.sleep(0.2)
        if self.worker is not None:
            self.worker.wait(LIMIT)
        if (state := self.executor.states.get(self.run).state) != "cancelled":
            raise RuntimeError(f"the run was {state} before it was cancelled")


def main() -> int:
    args = arguments(__doc__)
    idle: dict[str, list[float]] = defaultdict(list)
    beside: dict[str, list[float]] = defaultdict(list)
    used = spent = 0.0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DLEXPLAIN_HOME"] = folder
        explaining = Explaining()
        training = Training(local_queue(Path(folder)))
        try:
            training.start()
            for _ in range(args.rounds):
                for method, seconds in explaining().items():
                    idle[method] += seconds
                with training.going_on():
                    started, before = time.perf_counter(), training.processor_seconds()
                    for method, seconds in explaining().items():
                        beside[method] += seconds
                    spent += time.perf_counter() - started
                    used += training.processor_seconds() - before
        finally:
            training.end()
    rows = []
    for method in METHODS:
        usual = median(idle[method])
        rows += [
            at_most(f"{method} beside a training", median(beside[method]), BOUND, usual),
            at_most(f"{method} beside a training, the slowest", max(beside[method]), NEVER, usual),
        ]
    rows.append(Row("Cores that the training had meanwhile", used / spent, "cores"))
    return report(rows, args.json)


if __name__ == "__main__":
    sys.exit(main())
