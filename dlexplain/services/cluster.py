"""Whether the cluster of the settings can be reached, and what it has; without Ray in here."""

import json
import subprocess
import sys
from dataclasses import dataclass

from dlexplain.execution.clusters.connecting import Node, amounts
from dlexplain.settings import settings

ASK_SECONDS = 60.0
"""The asking process ends by itself long before, unless its imports take so long."""


@dataclass(frozen=True)
class ClusterFacts:
    """What is at an address: its nodes, or in one sentence why there are none."""

    address: str
    nodes: tuple[Node, ...] = ()
    problem: str = ""

    @property
    def told(self) -> str:
        """In a few words."""
        if self.problem:
            return self.problem
        many = "1 node" if len(self.nodes) == 1 else f"{len(self.nodes)} nodes"
        cpus, gpus = (sum(getattr(n, key) for n in self.nodes) for key in ("cpus", "gpus"))
        return f"{self.address}, {many} with {amounts(cpus, gpus)} in all"

    def rows(self) -> list[dict[str, object]]:
        """A row a node, for a table."""
        return [
            {
                "Node": node.name,
                "Processors": node.cpus,
                "GPUs": node.gpus,
                "Memory, GB": round(node.memory_gb, 1),
            }
            for node in self.nodes
        ]


def ask_cluster() -> ClusterFacts:
    """Ask it, in a process of its own, which takes some seconds."""
    address = settings().ray
    words = [sys.executable, "-m", "dlexplain.execution.clusters.connecting", address]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=ASK_SECONDS)
        told = json.loads(done.stdout.strip().splitlines()[-1])
    except (subprocess.TimeoutExpired, ValueError, IndexError):
        told = {"problem": f"the cluster at {address} could not be asked"}
    nodes = tuple(Node(**node) for node in told.get("nodes", ()))
    return ClusterFacts(address, nodes, str(told.get("problem", "")))
