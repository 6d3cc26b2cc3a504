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
        help="Processes of one machine that train together: each takes its share of every batch, "
        "and their gradients are averaged. The batch size stays that of all together.",
    )


@dataclass(frozen=True)
class Params(Here):
    """Of a run on a cluster. It waits until a node has so much that no other run has been given."""

    cpus: int = number(
        1,
        "Processors",
        low=1,
        high=1024,
        help="Of one node; torch computes with so many threads, those of all workers together.",
    )
    gpus: int = number(
        0,
        "GPUs",
        low=0,
        high=64,
        help="Of one node: 0 trains on the processor, else one for each worker.",
    )
    memory_gb: float = number(
        0.0,
        "Memory, GB",
        low=0.0,
        high=100_000.0,
        step=0.5,
        help="Only a node that has so much left is taken; 0 asks for none. Nothing limits a run "
        "to it.",
    )
    lost: str = choice(
        "interrupted",
        "When its node is lost",
        ("interrupted", "restart"),
        help="interrupted leaves it to you to resume the run; restart has it go on from the newest "
        "checkpoint on another node.",
    )
