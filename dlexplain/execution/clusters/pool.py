"""Many tasks on a cluster: workers that each load once what they need, and are replaced when lost.

A task's result is bytes that come back to whoever asks, who alone keeps them: so a task that a lost
worker may have done is done by another one, and counts once.
"""

import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlexplain.execution.clusters.code import stage_code, zoo_models
from dlexplain.execution.clusters.connecting import (
    ClusterError,
    as_ours,
    check_room,
    connect,
    nodes,
)
from dlexplain.execution.clusters.workplace import Workplace
from dlexplain.execution.resources import Params

LOOK_SECONDS = 0.5
FETCH_SECONDS = 60.0
"""A result that is there, but does not come for so long, is taken for lost."""
MOST_LOST = 3
"""Workers that one task, or the start, may cost."""


@contextmanager
def joined(address: str, texts: Sequence[str]) -> Iterator[Any]:
    """Ray, connected, with our code; texts  may name zoo models, which go along.

    Raises ClusterError where there is no cluster.
    """
    with tempfile.TemporaryDirectory(prefix="dlexplain-code-") as folder:
        staged = stage_code(Path(folder), zoo_models(texts))
        # Workers do not share a GPU: it is none of what they ask for.
        runtime = {"py_modules": [str(staged)], "env_vars": {"DLEXPLAIN_DEVICE": "cpu"}}
        ray = connect(address, runtime)
    try:
        yield ray
    finally:
        ray.shutdown()


@dataclass(eq=False)
class _Task:
    number: int
    content: Any
    lost: int = 0


@dataclass(eq=False)
class _Worker:
    actor: Any
    host: str = ""
    task: _Task | None = None


class Pool:
    """Workers on the cluster; count  how many, as its processors allow and at most `most`.

    maker, asked  see Workplace;  cpus  of each worker
    Raises ClusterError where no node has room for one.
    """

    def __init__(
        self, ray: Any, address: str, maker: str, asked: Mapping[str, Any], most: int, cpus: int
    ) -> None:
        there = nodes(ray)
        check_room(Params(cpus=cpus), there, address)
        self.ray, self.maker, self.asked, self.cpus = ray, maker, dict(asked), cpus
        self.count = min(most, sum(int(node.cpus // cpus) for node in there))
        self._calls: dict[Any, _Worker] = {}
        self._idle: list[_Worker] = []
        self._again: deque[_Task] = deque()
        self._failed_starts = 0

    def results(
        self,
        tasks: Iterable[tuple[int, Any]],
        check: Callable[[], None],
        note: Callable[[str], None],
    ) -> Iterator[tuple[int, bytes]]:
        """The number of each task and what it gives, as they come.

        tasks  number and content; the next is taken when a worker is free
        check  is called all the time, and ends it by raising;  note  is told of lost workers
        Raises RunError where a task fails, or has cost MOST_LOST workers.
        """
        fresh = iter(tasks)
        try:
            for _ in range(self.count):
                self._hire()
            while True:
                self._give(fresh)
                if not any(worker.task for worker in self._calls.values()) and self._over(fresh):
                    return
                done, _ = self.ray.wait(list(self._calls), timeout=LOOK_SECONDS)
                check()
                for call in done:
                    yield from self._take(call, note)
        finally:
            for worker in [*self._calls.values(), *self._idle]:
                self.ray.kill(worker.actor)
            self._calls, self._idle = {}, []

    def _over(self, fresh: Iterator[tuple[int, Any]]) -> bool:
        """Whether no task is left; one that is taken to see it is given next."""
        if not self._again:
            following = next(fresh, None)
            if following is not None:
                self._again.append(_Task(*following))
        return not self._again

    def _hire(self) -> None:
        options = {"num_cpus": self.cpus, "num_gpus": 0, "max_restarts": 0, "max_task_retries": 0}
        actor = self.ray.remote(Workplace).options(**options).remote()
        self._calls[actor.begin.remote(self.maker, self.asked)] = _Worker(actor)

    def _give(self, fresh: Iterator[tuple[int, Any]]) -> None:
        while self._idle and not self._over(fresh):
            worker, task = self._idle.pop(), self._again.popleft()
            worker.task = task
            try:
                self._calls[worker.actor.do.remote(task.content)] = worker
            except Exception as error:
                raise as_ours(error, self.ray.exceptions, "this machine") from error

    def _take(self, call: Any, note: Callable[[str], None]) -> Iterator[tuple[int, bytes]]:
        worker, errors = self._calls.pop(call), self.ray.exceptions
        try:
            answer = self.ray.get(call, timeout=FETCH_SECONDS)
        except (errors.RayActorError, errors.ObjectLostError, errors.GetTimeoutError) as error:
            self._lost(worker, note, error)
            return
        except Exception as error:
            self.ray.kill(worker.actor)
            raise as_ours(error, errors, f"node {worker.host}".strip()) from error
        self._idle.append(worker)
        task, worker.task = worker.task, None
        if task is None:
            worker.host, self._failed_starts = str(answer), 0
        else:
            yield task.number, bytes(answer)

    def _lost(self, worker: _Worker, note: Callable[[str], None], error: Exception) -> None:
        """Hire another; what the worker had to do is done first."""
        self.ray.kill(worker.actor)
        if worker.task is None:
            self._failed_starts += 1
            if self._failed_starts >= MOST_LOST * self.count:
                lines = str(error).strip().splitlines() or [type(error).__name__]
                raise ClusterError(f"workers die while they start: {lines[0]}") from error
            note("a worker died while it started; another one was started")
        else:
            number = worker.task.number
            worker.task.lost += 1
            if worker.task.lost >= MOST_LOST:
                raise ClusterError(
                    f"shard {number} has cost {MOST_LOST} workers, the last one on node "
                    f"{worker.host}; perhaps one of its pictures needs more memory than they have"
                ) from error
            note(f"a worker on node {worker.host} died; shard {number} was given to another")
            self._again.appendleft(worker.task)
        self._hire()
