"""One node that trains a run, as this machine sees it: Ray's actor over a NodeRun."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dlexplain.execution.clusters.connecting import as_ours, nodes
from dlexplain.execution.clusters.node import NodeRun
from dlexplain.execution.resources import Params

LOOK_SECONDS = 1.0
SILENT_SECONDS = 60.0
"""A node that does not answer for so long is taken for lost."""
_log = logging.getLogger("dlexplain.worker")


class Lost(Exception):
    """The node, or Ray's process on it, is gone; the message names it."""


@contextmanager
def rooms(ray: Any, asked: Params) -> Iterator[list[dict[str, Any]]]:
    """Ray's options of an actor for each node of a run; several are on as many nodes, which Ray
    gives all at once or not at all."""
    cpus, gpus, memory_gb = asked.of_node
    memory = int(memory_gb * 1e9)
    room = {"num_cpus": cpus, "num_gpus": gpus, "memory": memory or None}
    room |= {"max_restarts": 0, "max_task_retries": 0}
    if asked.nodes == 1:
        yield [room]
        return
    from ray.util.placement_group import placement_group, remove_placement_group
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    bundle = {"CPU": cpus, "GPU": gpus, "memory": memory}
    bundle = {what: much for what, much in bundle.items() if much}
    group = placement_group([bundle] * asked.nodes, strategy="STRICT_SPREAD")
    try:
        yield [
            {**room, "scheduling_strategy": PlacementGroupSchedulingStrategy(group, place)}
            for place in range(asked.nodes)
        ]
    finally:
        remove_placement_group(group)


class Member:
    """A Place, see carrying; `arrived` is told where it is.

    first  the call that is answered when it is there
    """

    def __init__(self, ray: Any, room: Mapping[str, Any], row: Mapping[str, Any]) -> None:
        self.ray = ray
        self.name, self.address = "a node", ""
        self._node = ""
        self._actor = ray.remote(NodeRun).options(**room).remote(row)
        self.first = self._actor.where.remote()

    def arrived(self) -> None:
        """It has room; raises Lost."""
        where = self.ask("where")
        self._node = str(where["node"])
        found = [node for node in nodes(self.ray) if node.id == self._node]
        self.name = f"node {found[0].name if found else where['host']}"
        self.address = found[0].address if found else ""
        _log.info("trains on %s in %s", self.name, where["home"])

    def ask(self, what: str, *arguments: Any) -> Any:
        """Call a method of the NodeRun and return its answer; raises Lost."""
        errors = self.ray.exceptions
        until = time.monotonic() + SILENT_SECONDS
        answer = None
        while True:
            try:
                answer = answer or getattr(self._actor, what).remote(*arguments)
                return self.ray.get(answer, timeout=SILENT_SECONDS)
            except errors.ActorUnavailableError:  # such as a network that fails for a moment
                answer = None
                if time.monotonic() > until:
                    raise Lost(f"{self.name} of the cluster does not answer") from None
                time.sleep(LOOK_SECONDS)
            except errors.RayActorError as error:
                raise Lost(self._what_died()) from error
            except errors.GetTimeoutError:
                raise Lost(f"{self.name} of the cluster does not answer") from None
            except Exception as error:
                raise as_ours(error, errors, self.name) from error

    def has(self, path: str) -> bool:
        return bool(self.ask("has", path))

    def put(self, name: str, start: int, piece: bytes) -> str:
        return str(self.ask("put", name, start, piece))

    def read(self, name: str, start: int) -> bytes:
        return bytes(self.ask("read", name, start))

    def digest(self, name: str) -> str:
        return str(self.ask("digest", name))

    def leave(self) -> None:
        """Remove what is on the node, and free it."""
        if self._node:  # else it still waits for room
            try:
                self.ray.get(self._actor.clean.remote(), timeout=10)
            except Exception as error:  # a node that is gone; there is nothing to clean
                _log.debug("not cleaned: %s", error)
        self.ray.kill(self._actor)

    def _what_died(self) -> str:
        alive = any(node.id == self._node for node in nodes(self.ray))
        if alive:
            return f"the worker on {self.name} of the cluster died"
        return f"{self.name} of the cluster is gone"
