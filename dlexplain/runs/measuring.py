"""A few steps, measured: how fast a training would be, in which precision, and whether it fits."""

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from dlexplain.errors import RunError

WARM_STEPS, TIMED_STEPS = 1, 4
CLEARLY_FASTER = 1.25
"""bf16 is taken by itself where it is faster by this factor."""
SMALLEST_BATCH = 2
PRECISIONS = {"float32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
"""Our words -> Lightning's."""


@dataclass(frozen=True)
class Measured:
    """What a few steps showed.

    seconds     of one step of `batch` examples, the fastest, by precision
    precision   the one to take
    batch       examples that fit into memory at once
    memory      bytes that the device had allocated at most; 0 on a CPU
    """

    seconds: Mapping[str, float]
    precision: str
    batch: int
    memory: int


def autocast(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    """The context in which a forward pass runs in this precision."""
    kinds = {"bf16": torch.bfloat16, "fp16": torch.float16}
    if precision not in kinds:
        return nullcontext()
    return torch.autocast(device.type, kinds[precision])


def candidates(precision: str, device: torch.device) -> tuple[str, ...]:
    """Precisions to try: the one asked for; for auto, those that the device is made for."""
    if precision != "auto":
        return (precision,)
    if device.type == "cuda":
        return ("float32", "bf16" if torch.cuda.is_bf16_supported() else "fp16")
    return ("float32", "bf16") if device.type == "cpu" and _has_bf16() else ("float32",)


def _has_bf16() -> bool:
    try:
        with open("/proc/cpuinfo") as file:
            return "bf16" in file.read()  # avx512_bf16, amx_bf16, and ARM's
    except OSError:
        return False


def measure(
    module: nn.Module,
    batch_of: Callable[[int], Mapping[str, Any]],
    batch_size: int,
    precision: str,
    device: torch.device,
) -> Measured:
    """Take a few steps on a copy of the task's module, whose loss(batch)[0] is minimised.

    batch_of  makes a batch of so many examples on the device
    A batch that does not fit is halved until it does; raises RunError when not even two fit.
    """
    size = batch_size
    while True:
        try:
            seconds = _time(module, batch_of(size), candidates(precision, device), device)
            break
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            size //= 2
            if device.type == "cuda":
                torch.cuda.empty_cache()
            if size < SMALLEST_BATCH:
                raise RunError(
                    f"not even {SMALLEST_BATCH} examples fit into memory on {device}; "
                    "take a smaller model"
                ) from error
    plain, *rest = seconds
    faster = [kind for kind in rest if seconds[plain] / seconds[kind] >= CLEARLY_FASTER]
    memory = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0
    return Measured(seconds, faster[0] if faster else plain, size, memory)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the machine said that memory is used up, on a GPU or for the processor."""
    text = str(error).lower()
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(
        words in text for words in ("not enough memory", "can't allocate memory", "out of memory")
    )


def _time(
    module: nn.Module, batch: Mapping[str, Any], precisions: Sequence[str], device: torch.device
) -> dict[str, float]:
    """Seconds of the fastest step by precision; in turn, since a machine is not equally busy."""
    steps = {precision: _step(module, batch, precision, device) for precision in precisions}
    taken: dict[str, list[float]] = {precision: [] for precision in precisions}
    for turn in range(WARM_STEPS + TIMED_STEPS):
        for precision, step in steps.items():
            start = time.perf_counter()
            step()
            if turn >= WARM_STEPS:
                taken[precision].append(time.perf_counter() - start)
    return {precision: min(seconds) for precision, seconds in taken.items()}


def _step(
    module: nn.Module, batch: Mapping[str, Any], precision: str, device: torch.device
) -> Callable[[], None]:
    """One optimiser step, to be called again and again, on a copy of the module."""
    copied = copy.deepcopy(module).to(device).train()
    optimiser = torch.optim.SGD([p for p in copied.parameters() if p.requires_grad], lr=1e-6)

    def step() -> None:
        with autocast(precision, device):
            value: Tensor = copied.loss(batch)[0]  # type: ignore[operator]
        optimiser.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return step
