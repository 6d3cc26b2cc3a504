"""Runs that several workers train together: which can, and how they differ from one worker's."""

from collections.abc import Sequence
from typing import Any

from dlexplain.execution.environment import cores
from dlexplain.execution.resources import RAY, nodes_of, sharding_of, workers_of
from dlexplain.execution.spec import RunSpec
from dlexplain.params import as_whole
from dlexplain.tasks.base import TASKS
from dlexplain.tasks.private import is_private

LEAST = 2
"""Examples that a worker needs in a step: a batch norm has no variance of one."""


def problems_of_workers(spec: RunSpec) -> list[str]:
    """Why several workers cannot train a completed run, a sentence each."""
    workers, batch_size = workers_of(spec), as_whole(spec.training["batch_size"])
    gpus = as_whole(spec.resources.get("gpus", 0))
    spread = _problems_of_nodes(spec, workers) if spec.device == RAY else []
    unequal = f'resources: gpus is "{gpus}", but workers is {workers}; it takes 0 or one for each'
    spread += _problems_of_sharding(spec, workers)
    if workers <= 1:
        return [unequal, *spread] if gpus > 1 else spread
    told = f"resources: workers is {workers}, but"
    wrong = [f"{told} {why}; it takes 1" for why in _by_itself(spec)]
    most = batch_size // LEAST
    if workers > most:
        few = f"batches of {batch_size} give each fewer than {LEAST} examples"
        wrong.append(f"{told} {few}; at most {most} are accepted")
    if spec.device == RAY:
        cpus = as_whole(spec.resources["cpus"])
        wrong += [unequal] if gpus not in (0, workers) else []
        if not gpus and workers > cpus:
            wrong.append(f"{told} cpus is {cpus}; at least one for each worker is accepted")
    return wrong + spread


def _problems_of_nodes(spec: RunSpec, workers: int) -> list[str]:
    """Why the workers cannot be spread over the nodes."""
    nodes, cpus = nodes_of(spec), as_whole(spec.resources["cpus"])
    told = f"resources: nodes is {nodes}, but"
    if nodes > workers:
        most = "1 is" if workers == 1 else f"{workers} are"
        return [f"{told} workers is {workers}, one for each node at least; at most {most} accepted"]
    uneven = {"workers": workers, "cpus": cpus}
    return [
        f"{told} {what} is {count}, which is not spread evenly; it takes a multiple of {nodes}"
        for what, count in uneven.items()
        if count % nodes
    ]


def _problems_of_sharding(spec: RunSpec, workers: int) -> list[str]:
    """Why the network cannot be held in shards."""
    if sharding_of(spec) == "none":
        return []
    told = 'resources: sharding is "full", but'
    if workers <= 1:
        return [f"{told} workers is {workers}; at least 2 are accepted"]
    if spec.task in TASKS and not TASKS[spec.task].sharded:
        names = ", ".join(name for name, task in TASKS.items() if task.sharded)
        return [f'{told} the task is "{spec.task}"; it is for {names}']
    found = []
    if float(spec.training.get("averaging", 0)):
        found.append("averaging keeps a second network; it takes averaging=0")
    if spec.training.get("precision") == "fp16":
        found.append("precision is fp16, which each worker scales; it takes float32, bf16 or auto")
    if spec.task_params.get("teacher"):
        found.append("a teacher would be whole on each worker; it takes none")
    return [f"{told} {why}" for why in found]


def _by_itself(spec: RunSpec) -> list[str]:
    """What of a run steps or changes its network by itself, which the others would not know of."""
    found = []
    if spec.task in TASKS and TASKS[spec.task].manual:
        found.append(f"the task {spec.task} steps its networks by turns, on one worker")
    if is_private(spec.training):
        found.append("a private training counts the noise of one worker")
    if spec.compression:
        found.append(f'the compression "{spec.compression}" changes the network of one worker')
    if spec.task_params.get("weighting") == "gradnorm":
        found.append("GradNorm moves its weights by the gradients of one worker")
    return found


def problem_of_machine(spec: RunSpec, devices: Sequence[str]) -> str:
    """Why this machine, which has such devices, has not enough for a run's workers, or ""."""
    workers = workers_of(spec)
    if workers <= 1 or spec.device == RAY:
        return ""
    if spec.device == "mps" or (spec.device == "auto" and "mps" in devices):
        return f"resources: workers is {workers}, but on mps it takes 1; device=cpu takes more"
    _, _, first = spec.device.partition(":")
    cards = [name for name in devices if name.startswith("cuda")]
    gpus = 0 if spec.device == "cpu" else len(cards)
    there = gpus - int(first or 0) if gpus else cores()
    if workers <= there:
        return ""
    what = "GPU" if gpus else "processor"
    have = f"is 1 {what}" if there == 1 else f"are {there} {what}s"
    return f"resources: workers is {workers}, but there {have} here; at most {there} accepted"


def parallel_notes(module: Any, loader: Any, workers: int, device: Any) -> tuple[str, ...]:
    """How the curve of several workers differs from that of one, a sentence each.

    Raises RunError where the data give a worker too few examples.
    """
    from torch import nn

    from dlexplain.errors import RunError

    rows = smallest_batch(loader)
    if rows // workers < LEAST:
        raise RunError(
            f"the smallest batch of these data has {rows} examples, fewer than {LEAST} for each of "
            f"{workers} workers; at most {max(1, rows // LEAST)} are accepted"
        )
    found = []
    still = {id(one) for one in module.still}
    norms = [
        one
        for one in module.network.modules()
        if isinstance(one, nn.modules.batchnorm._BatchNorm) and id(one) not in still
    ]
    if norms and device.type != "cuda":
        found.append(
            f"{workers} workers train together: each one's batch norms see its own share of a "
            "batch only, so the curve is close to that of one worker, not the same"
        )
    if any(isinstance(one, nn.modules.dropout._DropoutNd) and one.p for one in module.modules()):
        found.append(
            f"{workers} workers train together: each draws its own dropout, so the curve is that "
            "of one worker with another draw"
        )
    return tuple(found)


def smallest_batch(loader: Any) -> int:
    """Examples in the smallest batch of an epoch."""
    streams = getattr(loader, "streams", None)
    if streams is not None:
        return int(len(streams) % loader.batch_size or min(len(streams), loader.batch_size))
    rest = loader.used - (len(loader) - 1) * loader.batch_size
    return int(min(loader.batch_size, rest))
