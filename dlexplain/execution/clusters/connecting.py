"""To a Ray cluster, within seconds; and what is wrong, in a sentence.

As a program, python -m dlexplain.execution.clusters.connecting HOST:PORT prints what is there as
JSON: so a page or command can ask without taking Ray into its own process. A second argument is
how many seconds Ray has to answer.
"""

import importlib
import json
import logging
import os
import re
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dlexplain.errors import BadInput, DlexplainError, RunError
from dlexplain.execution.resources import NOT_INSTALLED, Params
from dlexplain.settings import cluster_address

REACH_SECONDS, CONNECT_SECONDS = 5.0, 30.0
"""How long the address, and then Ray there, may take to answer: Ray itself waits for minutes."""
GB = 10**9
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # Ray would report to its makers
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_gcs_server_request_timeout_seconds": "15",  # else 60 until it says that we are no node
}
_VERSIONS = re.compile(r"Ray: (\S+)\s+Python: (\S+)")


class ClusterError(RunError):
    """No cluster can be used as it was asked."""


@dataclass(frozen=True)
class Node:
    """A living node: what it has in all, memory in GB."""

    id: str
    host: str
    address: str
    cpus: float
    gpus: float
    memory_gb: float

    @property
    def name(self) -> str:
        return f"{self.host} ({self.address})"

    @property
    def told(self) -> str:
        return amounts(self.cpus, self.gpus, self.memory_gb)


def ray_module() -> Any:
    """Raises ClusterError where Ray is not installed."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise ClusterError(NOT_INSTALLED) from error


def read_address(address: str) -> tuple[str, int]:
    """Host and port; raises ClusterError."""
    try:
        return cluster_address(address)
    except BadInput as error:
        raise ClusterError(f"DLEXPLAIN_RAY: {error}") from error


def connect(
    address: str,
    runtime: Mapping[str, Any] | None = None,
    reach: float = REACH_SECONDS,
    seconds: float = CONNECT_SECONDS,
) -> Any:
    """Make this process a driver of the cluster; returns Ray.

    runtime  Ray's runtime environment of all that is started
    Raises ClusterError, within seconds, where there is no cluster or another version of Ray or
    Python.
    """
    host, port = read_address(address)
    ray = ray_module()
    try:
        socket.create_connection((host, port), reach).close()
    except OSError as error:
        why = "it does not answer" if isinstance(error, TimeoutError) else error.strerror or error
        raise ClusterError(f"no Ray cluster answers at {address}: {why}") from error
    logging.getLogger("ray").setLevel(logging.ERROR)  # it tells of signals and of itself
    failed: list[BaseException] = []

    def init() -> None:
        try:
            ray.init(
                address=address,
                runtime_env=dict(runtime or {}),
                log_to_driver=False,
                configure_logging=False,
            )
        except BaseException as error:  # it is told by whoever waits
            failed.append(error)

    thread = threading.Thread(target=init, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        told = f"what answers at {address} does not speak as a Ray cluster within {seconds:.0f} s"
        raise ClusterError(told)
    if failed:
        raise ClusterError(why_not(failed[0], address)) from failed[0]
    return ray


def why_not(error: BaseException, address: str) -> str:
    """Why there is no connection."""
    text = str(error).strip()
    found = _VERSIONS.findall(text)
    if len(found) >= 2:
        (ray, python), (our_ray, our_python) = found[:2]
        return (
            f"the cluster at {address} has Ray {ray} and Python {python}, and this machine Ray "
            f"{our_ray} and Python {our_python}; both must be the same, see requirements-ray.txt"
        )
    if isinstance(error, ConnectionError) and "connect to Ray cluster" in text:
        return f"what answers at {address} is no Ray cluster"
    first = text.splitlines()[0] if text else type(error).__name__
    if "No node info found" in text or "has an IP address of" in text:
        return (
            f"this machine is no node of the cluster at {address}; let it join, without processors "
            f"for others: ray start --address={address} --num-cpus=0"
        )
    return f"the cluster at {address} cannot be used: {first}"


def nodes(ray: Any) -> list[Node]:
    """Those that live."""
    return [
        Node(
            node["NodeID"],
            node["NodeManagerHostname"],
            node["NodeManagerAddress"],
            node["Resources"].get("CPU", 0.0),
            node["Resources"].get("GPU", 0.0),
            node["Resources"].get("memory", 0.0) / GB,
        )
        for node in ray.nodes()
        if node["Alive"]
    ]


def check_room(asked: Params, there: list[Node], address: str) -> None:
    """Raises ClusterError where the cluster could never take such a run."""
    cpus, gpus, memory = asked.of_node
    enough = [
        node
        for node in there
        if node.cpus >= cpus and node.gpus >= gpus and node.memory_gb >= memory
    ]
    if len(enough) >= asked.nodes:
        return
    if not there:
        raise ClusterError(f"the cluster at {address} has no node that lives")
    wanted = amounts(cpus, gpus, memory)
    if enough:
        raise ClusterError(
            f"{len(enough)} of the {len(there)} nodes of the cluster at {address} can give "
            f"{wanted}, and the run asks for {asked.nodes} nodes that can"
        )
    largest = max(there, key=lambda node: (node.gpus >= gpus, node.cpus, node.memory_gb))
    raise ClusterError(
        f"no node of the cluster at {address} has {wanted}; the largest of {len(there)}, "
        f"{largest.name}, has {largest.told}"
    )


def amounts(cpus: float, gpus: float, memory_gb: float = 0.0) -> str:
    """In words; what is 0 is left out, but for processors."""
    parts = [f"{cpus:g} processor{'' if cpus == 1 else 's'}"]
    parts += [f"{gpus:g} GPU{'' if gpus == 1 else 's'}"] if gpus else []
    parts += [f"{memory_gb:.3g} GB of memory"] if memory_gb else []
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def as_ours(error: Exception, errors: Any, node: str) -> Exception:
    """Ray's error as a sentence."""
    full = (errors.ObjectStoreFullError, getattr(errors, "OutOfDiskError", ()))
    if isinstance(error, full):
        return ClusterError(
            f"the object store of {node} is full, and Ray's disk for what does not fit too; free "
            "some, or start the node with more --object-store-memory"
        )
    if isinstance(error, errors.RuntimeEnvSetupError):
        return ClusterError(f"{node} of the cluster could not take our code: {_first(error)}")
    if isinstance(error, errors.RayTaskError):
        cause = getattr(error, "cause", None)
        return ClusterError(f"{node}: {cause if cause is not None else _first(error)}")
    return ClusterError(f"the cluster could not do what was asked: {_first(error)}")


def _first(error: Exception) -> str:
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__


def main(address: str, seconds: str = "30") -> None:
    """Print the nodes, or the problem, as a line of JSON; the status is 0 where there are nodes."""
    try:
        ray = connect(address, seconds=float(seconds))
        told: dict[str, Any] = {"nodes": [asdict(node) for node in nodes(ray)]}
    except DlexplainError as error:
        told = {"problem": str(error)}
    print(json.dumps(told), flush=True)
    os._exit(0 if "nodes" in told else 1)  # a thread that still waits for Ray would hold it


if __name__ == "__main__":
    main(*sys.argv[1:])
