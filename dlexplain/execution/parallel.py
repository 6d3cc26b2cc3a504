"""Lightning's DDP as runs use it: workers share the gradients of a training step, nothing else.

The first worker alone validates, saves, tells and decides, as one that trains by itself does; the
others only compute their share of each step, and end with the first.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import psutil
import torch
from lightning.fabric.plugins import ClusterEnvironment
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.strategies import DDPStrategy
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor, distributed
from torch.distributed import FileStore, PrefixStore, TCPStore  # type: ignore[attr-defined]
from torchmetrics import Metric

from dlexplain.execution.resources import Seat

PATIENCE = timedelta(days=7)
"""How long a worker waits for the others, such as while the first validates. Who dies is found by
looking at processes, see execution.crew."""


class Started(ClusterEnvironment):
    """Workers that are started by us."""

    def __init__(self, seat: Seat) -> None:
        super().__init__()
        self.seat = seat

    @property
    def creates_processes_externally(self) -> bool:
        return True

    @property
    def main_address(self) -> str:
        return "127.0.0.1"

    @property
    def main_port(self) -> int:
        raise RuntimeError("the workers meet by a store")

    @staticmethod
    def detect() -> bool:
        return False

    def world_size(self) -> int:
        return self.seat.count

    def set_world_size(self, size: int) -> None:
        """It is known."""

    def global_rank(self) -> int:
        return self.seat.rank

    def set_global_rank(self, rank: int) -> None:
        """It is known."""

    def local_rank(self) -> int:
        return self.seat.local

    def node_rank(self) -> int:
        return self.seat.node


class SharedGradients(DDPStrategy):
    """DDP whose workers meet in training steps only; the process group is there already."""

    def __init__(self, seat: Seat) -> None:
        # The first worker's batch norms go into the model, so that nothing is to be told of them;
        # what a task leaves out of a step's loss has no gradient.
        super().__init__(
            cluster_environment=Started(seat),
            find_unused_parameters=True,
            forward_sync_buffers=False,
        )

    def _configure_launcher(self) -> None:
        """We start them."""

    @property
    def world_size(self) -> int:
        """As Lightning's loop is to see it: it would tell of signals in every step else."""
        return 1

    def setup_distributed(self) -> None:
        self.set_world_ranks()

    def setup(self, trainer: L.Trainer) -> None:
        assert self.model is not None
        if trainer.state.fn == TrainerFn.FITTING:
            for module in self.model.modules():
                if isinstance(module, Metric):  # the first worker's are of everything
                    module.distributed_available_fn = _alone
            super().setup(trainer)
            return
        assert self.accelerator is not None
        self.accelerator.setup(trainer)
        self.model_to_device()
        self.setup_precision_plugin()

    def validation_step(self, *args: Any, **kwargs: Any) -> Any:
        with self.precision_plugin.val_step_context():
            return self.lightning_module.validation_step(*args, **kwargs)  # type: ignore[union-attr]

    def barrier(self, *args: Any, **kwargs: Any) -> None:
        """Nobody waits."""

    def broadcast(self, obj: Any, src: int = 0) -> Any:
        return obj

    def reduce(self, tensor: Any, group: Any = None, reduce_op: Any = "mean") -> Any:
        return tensor

    def reduce_boolean_decision(self, decision: bool, all: bool = True) -> bool:
        return decision

    def all_gather(self, tensor: Tensor, group: Any = None, sync_grads: bool = False) -> Tensor:
        return tensor


def _alone() -> bool:
    return False


class Counting(Callback):
    """Of a worker other than the first: count the batches, as Watch does."""

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, at: int
    ) -> None:
        trainer.datamodule.loader.seen += 1  # type: ignore[attr-defined]


def placed(device: torch.device, seat: Seat, strategy: SharedGradients) -> Mapping[str, Any]:
    """The Trainer's arguments for one of several workers; the first of a node has this device, and
    GPUs are taken in their order from it on."""
    cuda = device.type == "cuda"
    first, here = device.index or 0, seat.of_node
    return {
        "accelerator": "gpu" if cuda else "cpu",
        "devices": list(range(first, first + here)) if cuda else here,
        "strategy": strategy,
        "sync_batchnorm": cuda,
    }


@contextmanager
def joined(meets: str, seat: Seat, device: torch.device, address: str = "") -> Iterator[None]:
    """In a process group of all workers.

    meets    see `meeting`;  address  of this node, where the workers are on several
    """
    if seat.nodes == 1:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo0" if sys.platform == "darwin" else "lo")
    elif interface := interface_of(address):  # of several, the one by which Ray's nodes speak
        for library in ("GLOO", "NCCL"):
            os.environ.setdefault(f"{library}_SOCKET_IFNAME", interface)
    store = PrefixStore("group", meeting(meets, seat.count))
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    distributed.init_process_group(
        backend, store=store, rank=seat.rank, world_size=seat.count, timeout=PATIENCE
    )
    try:
        with own_threads(seat.of_node):
            yield
    finally:
        distributed.destroy_process_group()


@contextmanager
def own_threads(workers: int) -> Iterator[None]:
    """With this worker's part of the processors."""
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads // workers))
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def meeting(meets: str, count: int) -> Any:
    """Where workers say that they are ready, and what went wrong.

    meets  a folder of this machine, or HOST:PORT of a store that `opened` gave
    """
    if Path(meets).is_absolute():
        return FileStore(str(Path(meets) / "workers"), count)
    host, _, port = meets.rpartition(":")
    return TCPStore(host, int(port), is_master=False, wait_for_workers=False)


def opened(address: str) -> tuple[str, Any]:
    """A store of this process, at an address by which other nodes reach this one; HOST:PORT and it.

    It is there as long as it is referred to.
    """
    store = TCPStore(address, 0, is_master=True, wait_for_workers=False)
    return f"{address}:{store.port}", store


def interface_of(address: str) -> str:
    """The network interface of this machine that has the address; "" where none has, as behind a
    translation of addresses."""
    for name, entries in psutil.net_if_addrs().items():
        if any(entry.address == address for entry in entries):
            return str(name)
    return ""
