"""What a run asks of the machine that trains it: workers, and of a cluster's node more; no Ray
here."""

from dataclasses import dataclass

from dlexplain.execution.spec import RunSpec
from dlexplain.params import as_whole, choice, number

RAY = "ray"
"""The device of such a run."""
NO_ADDRESS = (
    "no cluster is known; set DLEXPLAIN_RAY to its HOST:PORT, or give it on Train > Launch of a "
    "dashboard of your own"
)
NOT_INSTALLED = (
    "Ray is not installed here, so that no cluster can be asked; "
    "pip install -r requirements-ray.txt"
)


def workers_of(spec: RunSpec) -> int:
    """How many processes train the run together."""
    return as_whole(spec.resources.get("workers", 1))


def sharding_of(spec: RunSpec) -> str:
    """What each of them keeps of the network: all ("none"), or its part ("full")."""
    return str(spec.resources.get("sharding", "none"))


def nodes_of(spec: RunSpec) -> int:
    """On how many nodes of a cluster they are."""
    return as_whole(spec.resources.get("nodes", 1))


@dataclass(frozen=True)
class Seat:
    """Which worker of how many this one is, the first by default, and alone. Each node has as many
    as every other, and the first has the first ones."""

    rank: int = 0
    count: int = 1
    nodes: int = 1

    @property
    def of_node(self) -> int:
        """Workers of one node."""
        return self.count // self.nodes

    @property
    def node(self) -> int:
        return self.rank // self.of_node

    @property
    def local(self) -> int:
        """Which of its node this one is."""
        return self.rank % self.of_node


ALONE = Seat()


def here(device: str) -> str:
    """Where what a run of this device does is tried on this machine."""
    return "auto" if device == RAY else device


def taken(device: str, workers: int) -> list[str]:
    """The devices of so many workers, of which this is the first's: a GPU each, from it on; on a
    processor they share it."""
    kind, mark, first = device.partition(":")
    if kind != "cuda" or not mark:
        return [device]
    return [f"cuda:{place}" for place in range(int(first), int(first) + workers)]


@dataclass(frozen=True)
class Here:
    """Of one run on this machine."""

    workers: int = number(
        1,
        "Workers",
        low=1,
        high=64,
        help="Processes that train together: each takes its share of every batch, "
        "and their gradients are averaged. The batch size stays that of all together.",
    )
    sharding: str = choice(
        "none",
        "Sharding",
        ("none", "full"),
        help="full: each worker keeps only its part of the weights, of their gradients and of the "
        "optimiser's state, and borrows the rest layer by layer while it computes (FSDP, Zhao et "
        "al. 2023, https://arxiv.org/abs/2304.11277). For language models that are large, and two "
        "workers or more, which then send each other half as much again in a step.",
    )


@dataclass(frozen=True)
class Params(Here):
    """Of a run on a cluster. It waits until its nodes have so much that no other run was given."""

    nodes: int = number(
        1,
        "Nodes",
        low=1,
        high=64,
        help="Nodes of the cluster over which the workers are spread evenly. More than one is for "
        "a training that one node is too small or too slow for: gradients then cross the network "
        "in every step.",
    )
    cpus: int = number(
        1,
        "Processors",
        low=1,
        high=1024,
        help="Of all nodes together, spread evenly; torch computes with so many threads, those of "
        "all workers together.",
    )
    gpus: int = number(
        0,
        "GPUs",
        low=0,
        high=64,
        help="Of all nodes together: 0 trains on the processor, else one for each worker.",
    )
    memory_gb: float = number(
        0.0,
        "Memory, GB",
        low=0.0,
        high=100_000.0,
        step=0.5,
        help="Of each node: only one that has so much left is taken; 0 asks for none. Nothing "
        "limits a run to it.",
    )
    lost: str = choice(
        "interrupted",
        "When a node is lost",
        ("interrupted", "restart"),
        help="interrupted leaves it to you to resume the run; restart has it go on from the newest "
        "checkpoint, on another node in its place.",
    )

    @property
    def of_node(self) -> tuple[int, int, float]:
        """Processors, GPUs and GB of memory that each node gives."""
        return self.cpus // self.nodes, self.gpus // self.nodes, self.memory_gb
