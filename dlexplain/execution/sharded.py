"""Fully sharded data parallelism: each worker keeps its part of the network, not a copy of it.

Rajbhandari et al., "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models", 2020,
https://arxiv.org/abs/1910.02054; Zhao et al., "PyTorch FSDP: Experiences on Scaling Fully Sharded
Data Parallel", 2023, https://arxiv.org/abs/2304.11277. Each tensor of weights is cut along its
first dimension, one part a worker, and so are its gradient and the optimiser's state. A block's
weights are gathered before it computes, forwards and backwards, and its gradients are averaged as
they are cut (torch.distributed.fsdp.fully_shard).

As with SharedGradients the first worker alone validates, saves and decides, on an ordinary copy of
the network that is filled for that and emptied again. To fill it takes all workers, so before what
they do together the first says what that is, and the others do as it says until the next step.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from copy import deepcopy
from dataclasses import replace
from typing import Any

import lightning.pytorch as L
import torch
from lightning.pytorch.trainer.states import TrainerStatus
from torch import Tensor, distributed, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.optim import Optimizer

from dlexplain.execution.parallel import SharedGradients
from dlexplain.execution.resources import Seat

GO_ON, WEIGHTS, OPTIMISER, OVER = range(4)
"""What the first worker says: that all go on, or that a state is gathered, or that it is over."""


class Over(Exception):
    """The first worker trains no longer."""


class SharedWeights(SharedGradients):
    """FSDP over all workers."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.first = seat.rank == 0
        self._parts: nn.Module | None = None
        self._whole: nn.Module | None = None  # of the first worker; empty while nobody holds it
        self._holders = 0

    def configure_ddp(self) -> None:
        """Cut the network up; in DDPStrategy it is wrapped here."""
        module: Any = self.lightning_module
        network = module.network
        for tensor in (*network.parameters(), *network.buffers()):
            distributed.broadcast(tensor.data, src=0)
        self._whole = hollow(network) if self.first else None
        self._parts = cut(network, self.root_device.type)
        module.together = replace(module.together, meet=self.meet)

    def meet(self) -> None:
        """Before what all workers do; until then the others help the first with what it asks for.

        Raises Over where the first has ended.
        """
        if self.first:
            self._say(GO_ON)
            return
        while (said := self._heard()) != GO_ON:
            if said == OVER:
                raise Over
            if said == WEIGHTS:
                self._gather()
            else:
                gathered(self.optimizers[0], keep=False)

    def training_step(self, *args: Any, **kwargs: Any) -> Any:
        self.meet()
        return super().training_step(*args, **kwargs)

    def on_validation_start(self) -> None:
        self._hold()

    def on_validation_end(self) -> None:
        self._let_go()

    def lightning_module_state_dict(self) -> dict[str, Any]:
        with self.whole():
            return super().lightning_module_state_dict()

    def optimizer_state(self, optimizer: Optimizer) -> dict[str, Any]:
        self._say(OPTIMISER)
        return gathered(optimizer)

    def load_optimizer_state_dict(self, checkpoint: Mapping[str, Any]) -> None:
        for optimizer, state in zip(self.optimizers, checkpoint["optimizer_states"], strict=True):
            optimizer.load_state_dict(cut_state(optimizer, state))

    def teardown(self) -> None:
        """After a training that went well the first worker's network is whole; the parts go."""
        if self._parts is not None:
            module: Any = self.lightning_module
            well = module.trainer.state.status == TrainerStatus.RUNNING
            if well and self.first:
                self._hold()
                self._say(OVER)
            else:
                if well:
                    with suppress(Over):
                        self.meet()
                module.network = nn.Identity()  # parts of a step that failed cannot be moved
            self._parts, self.optimizers = None, []
        super().teardown()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """On the first worker, with an ordinary network of all weights in the module."""
        self._hold()
        try:
            yield
        finally:
            self._let_go()

    def _hold(self) -> None:
        self._holders += 1
        if self._holders > 1 or self._parts is None:
            return
        assert self._whole is not None
        self._say(WEIGHTS)
        self._gather()
        for part, module in zip(self._parts.modules(), self._whole.modules(), strict=True):
            module.training = part.training
        self.lightning_module.network = self._whole  # type: ignore[union-attr]

    def _let_go(self) -> None:
        self._holders -= 1
        if self._holders or self._parts is None:
            return
        assert self._whole is not None
        self.lightning_module.network = self._parts  # type: ignore[union-attr]
        for weight in self._whole.parameters():
            weight.data = weight.new_empty(0)

    def _gather(self) -> None:
        """Tensor by tensor, all workers at once; the first keeps them."""
        assert self._parts is not None
        with torch.inference_mode(False), torch.no_grad():
            wholes = None if self._whole is None else iter(self._whole.parameters())
            for part in self._parts.parameters():
                found = full(part)
                if wholes is not None:
                    next(wholes).data = found
            if self._whole is not None:
                for own, buffer in zip(self._whole.buffers(), self._parts.buffers(), strict=True):
                    own.copy_(buffer)

    def _say(self, what: int) -> None:
        distributed.broadcast(torch.tensor([what]), src=0)

    def _heard(self) -> int:
        said = torch.zeros(1, dtype=torch.int64)
        distributed.broadcast(said, src=0)
        return int(said)


def whole_network(trainer: L.Trainer) -> AbstractContextManager[None]:
    """With all weights in the module, whatever its strategy; of the first worker."""
    strategy = trainer.strategy
    return strategy.whole() if isinstance(strategy, SharedWeights) else nullcontext()


def cut(network: nn.Module, device: str) -> nn.Module:
    """Cut up in place, for all workers; a block is what stands in a ModuleList and has weights."""
    mesh = DeviceMesh.from_group(distributed.group.WORLD, device)  # type: ignore[arg-type]
    lists = (m for m in reversed(list(network.modules())) if isinstance(m, nn.ModuleList))
    for block in (block for blocks in lists for block in blocks):
        if any(True for _ in block.parameters()):
            fully_shard(block, mesh=mesh)
    fully_shard(network, mesh=mesh)
    return network


def hollow(network: nn.Module) -> nn.Module:
    """A copy with empty weights, to be filled."""
    empty = {
        id(p): nn.Parameter(p.new_empty(0), requires_grad=p.requires_grad)
        for p in network.parameters()
    }
    return deepcopy(network, memo=empty)


def full(tensor: Tensor) -> Tensor:
    """All of a tensor of which each worker has a part; every worker asks for it."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def gathered(optimizer: Optimizer, keep: bool = True) -> dict[str, Any]:
    """An optimiser's state, on the processor, as one worker has it; every worker asks for it.

    keep  whether this one wants it
    """
    state = optimizer.state_dict()
    found: dict[int, dict[str, Any]] = {}
    for place, known in state["state"].items():
        whole = {key: full(v).cpu() if isinstance(v, Tensor) else v for key, v in known.items()}
        if keep:
            found[place] = whole
    return {**state, "state": found}


def cut_state(optimizer: Optimizer, state: Mapping[str, Any]) -> dict[str, Any]:
    """The other way: this worker's part of it."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    found = {
        place: {key: _part(value, weights[place]) for key, value in known.items()}
        for place, known in state["state"].items()
    }
    return {**state, "state": found}


def _part(value: Any, weight: Tensor) -> Any:
    if not isinstance(weight, DTensor) or getattr(value, "shape", None) != weight.shape:
        return value  # such as the count of steps
    there = value.to(weight.device)
    part = distribute_tensor(there, weight.device_mesh, weight.placements, src_data_rank=None)
    return part.clone()  # or the whole would be kept in memory, of which it is a view
