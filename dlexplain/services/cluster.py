"""The cluster of the settings: its address, whether it can be reached, what it has; without Ray in
here."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from dlexplain.errors import BadInput
from dlexplain.execution.clusters.connecting import Node, amounts
from dlexplain.execution.files import write_whole
from dlexplain.rights import check
from dlexplain.services.auditing import note_audit
from dlexplain.settings import chosen_file, cluster_address, read_chosen, settings

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


def is_fixed() -> bool:
    """Whether the environment says the address, so that nothing else counts."""
    return bool(os.environ.get("DLEXPLAIN_RAY"))


def choice_problem() -> str:
    """Why the address that was chosen cannot be read, a sentence, or ""; "" where it does not
    count."""
    return "" if is_fixed() else read_chosen(settings().home)[1]


def choose_cluster(address: str) -> None:
    """Keep an address in the home folder, for all processes of it from now on; "" forgets it.

    Raises BadInput for what is none, or where the environment says another, and OSError.
    """
    check("settings")
    address = address.strip()
    if is_fixed():
        raise BadInput(f"the address is {settings().ray} by DLEXPLAIN_RAY, which comes first")
    if address:
        cluster_address(address)
    file = chosen_file(settings().home)
    if not address:
        file.unlink(missing_ok=True)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps({"ray": address}).encode())
    note_audit("settings", "cluster", address)


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
