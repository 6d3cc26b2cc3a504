"""A few steps, measured: how fast a training would be, in which precision, and whether it fits."""

import copy
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from dlexplain.errors import RunError
from dlexplain.results.words import slower_note

WARM_STEPS, TIMED_STEPS = 1, 4
CLEARLY_FASTER = 1.25
"""bf16 is taken by itself where it is faster by this factor."""
SMALLEST_BATCH = 2
PRECISIONS = {"float32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
"""Our words -> Lightning's."""
BatchOf = Callable[[int], Mapping[str, Any]]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Measured:
    """What a few steps showed.

    seconds     of one step of `batch` examples, the fastest, by precision: those that auto chose
                from, or the one asked for, with float32 beside it where that fits into memory
    precision   the one to take
    batch       examples that fit into memory at once
    memory      bytes that the device had allocated at most; 0 on a CPU
    """

    seconds: Mapping[str, float]
    precision: str
    batch: int
    memory: int

    @property
    def note(self) -> str:
        """That the precision to take is slower than float32, where it was asked for and is."""
        taken = self.seconds[self.precision]
        return slower_note(self.precision, taken / self.seconds.get("float32", taken))


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
    batch_of: BatchOf,
    batch_size: int,
    precision: str,
    device: torch.device,
    clock: Clock = time.perf_counter,
) -> Measured:
    """Take a few steps on a copy of the task's module, whose loss(batch)[0] is minimised.

    batch_of  makes a batch of so many examples on the device
    clock     seconds, as they go by
    A batch that does not fit is halved until it does; raises RunError when not even two fit, and
    where the precision asked for cannot be computed here.
    """
    if device.type == "cpu" and precision == "fp16":  # Lightning would take bf16 without a word
        raise RunError("fp16 is for a GPU; on a CPU auto, float32 and bf16 are accepted")
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    size, batch, seconds = _halve_until_it_fits(
        module, batch_of, batch_size, precision, device, clock
    )
    memory = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0
    if precision != "auto":
        # After the memory is read and the batch found: float32, which needs more, decides neither.
        seconds = _beside_float32(seconds, module, batch, device, clock)
        return Measured(seconds, precision, size, memory)
    faster = [kind for kind in seconds if seconds["float32"] / seconds[kind] >= CLEARLY_FASTER]
    return Measured(seconds, faster[0] if faster else "float32", size, memory)


def _halve_until_it_fits(
    module: nn.Module,
    batch_of: BatchOf,
    size: int,
    precision: str,
    device: torch.device,
    clock: Clock,
) -> tuple[int, Mapping[str, Any], dict[str, float]]:
    """Examples that fit in each of the candidates, a batch of them, and a step's seconds."""
    kinds = candidates(precision, device)
    while True:
        batch = batch_of(size)
        try:
            return size, batch, _time(module, batch, kinds, device, clock)
        except (RuntimeError, MemoryError) as error:
            if is_out_of_memory(error):
                size //= 2
                del batch
                _forget(device)
                if size < SMALLEST_BATCH:
                    raise RunError(
                        f"not even {SMALLEST_BATCH} examples fit into memory on {device}; "
                        "take a smaller model"
                    ) from error
            elif kinds == ("float32",) or not _computes(module, batch, device):
                raise
            elif precision == "auto":
                kinds = ("float32",)
            else:
                raise RunError(
                    f"this machine cannot compute the training in {precision}; the precisions "
                    "auto and float32 are accepted"
                ) from error


def _computes(module: nn.Module, batch: Mapping[str, Any], device: torch.device) -> bool:
    """Whether float32 can compute what a low precision could not: the fault was the precision's.

    Such as oneDNN's, which has no LSTM in bf16 for AVX2.
    """
    try:
        _step(module, batch, "float32", device)()
    except (RuntimeError, MemoryError):
        return False
    return True


def _beside_float32(
    seconds: dict[str, float],
    module: nn.Module,
    batch: Mapping[str, Any],
    device: torch.device,
    clock: Clock,
) -> dict[str, float]:
    """With the seconds of float32 too, where they are not known and its steps fit into memory."""
    if "float32" in seconds:
        return seconds
    gpus = [device] if device.type == "cuda" else []
    try:
        with torch.random.fork_rng(gpus):  # the training draws as if this had not been
            return seconds | _time(module, batch, ("float32",), device, clock)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        _forget(device)
        return seconds


def _forget(device: torch.device) -> None:
    """Give back what a step that did not fit had taken."""
    if device.type == "cuda":
        torch.cuda.empty_cache()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the machine said that memory is used up, on a GPU or for the processor."""
    text = str(error).lower()
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(
        words in text for words in ("not enough memory", "can't allocate memory", "out of memory")
    )


def _time(
    module: nn.Module,
    batch: Mapping[str, Any],
    precisions: tuple[str, ...],
    device: torch.device,
    clock: Clock,
) -> dict[str, float]:
    """Seconds of the fastest step by precision; in turn, since a machine is not equally busy."""
    steps = {precision: _step(module, batch, precision, device) for precision in precisions}
    taken: dict[str, list[float]] = {precision: [] for precision in precisions}
    for turn in range(WARM_STEPS + TIMED_STEPS):
        for precision, step in steps.items():
            start = clock()
            step()
            if turn >= WARM_STEPS:
                taken[precision].append(clock() - start)
    return {precision: min(seconds) for precision, seconds in taken.items()}


def _step(
    module: nn.Module, batch: Mapping[str, Any], precision: str, device: torch.device
) -> Callable[[], None]:
    """One optimiser step, to be called again and again, on a copy of the module."""
    copied = copy.deepcopy(module).to(device).train()
    optimiser = torch.optim.SGD([p for p in copied.parameters() if p.requires_grad], lr=1e-6)
    if hasattr(copied, "wrapped"):  # a private training's optimiser takes longer, and more memory
        optimiser = copied.wrapped(optimiser)  # type: ignore[operator]

    def step() -> None:
        with autocast(precision, device):
            value: Tensor = copied.loss(batch)[0]  # type: ignore[operator]
        optimiser.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return step
