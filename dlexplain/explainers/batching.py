"""The one layer through which every method reaches the model.

It cuts work into chunks of the size that was measured to be the fastest, takes turns with other
jobs between chunks, halves the chunk when memory runs out, counts evaluations and can be
cancelled.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

import torch
from torch import Tensor, nn

from dlexplain.errors import BAD_JSON
from dlexplain.explainers.prepare import PART, Prepared
from dlexplain.explainers.progress import Progress

R = TypeVar("R")
Kind = Literal["forward", "gradient"]
Batches = Callable[[int, int], Tensor]
"""make(start, stop) -> inputs (stop - start, ...)"""
Score = Callable[[Tensor], Tensor]
"""Logits (batch, classes) -> (batch,) what is explained of each row."""

CPU_CHUNKS = (1, 2, 4, 8, 16, 32, 64)
GPU_CHUNKS = (1, 4, 16, 32, 64, 128, 256)
USUAL_CPU_CHUNK, USUAL_GPU_CHUNK = 8, 32
ROUNDS = 7
SPENT, AT_LEAST = 3.0, 2
"""Seconds after which no further round is begun, since somebody waits; rounds there are anyhow."""
LONGEST = 0.5
"""Seconds that a chunk may take before larger ones are not tried: for so long nobody can cancel,
see progress or take a turn."""
HOPELESS, ABOUT = 1.25, 1.02
"""Ratios to the fastest: slower sizes are not tried again, about equal ones are as good."""


@dataclass(frozen=True)
class Target:
    """The score that is explained: a class's logit, less a second class's where one is given."""

    index: int
    contrast: int | None = None

    def score(self, logits: Tensor) -> Tensor:
        """(batch, classes) -> (batch,)"""
        chosen = logits[:, self.index]
        return chosen if self.contrast is None else chosen - logits[:, self.contrast]

    def margin(self, logits: Tensor) -> Tensor:
        """(batch, classes) -> (batch,): the score less that of the class to beat.

        That is the contrast, or the best of all others where there is none; 0 is undecided. A
        single logit is its own margin.
        """
        if self.contrast is not None or logits.shape[1] == 1:
            return self.score(logits)
        others = logits.clone()
        others[:, self.index] = float("-inf")
        return logits[:, self.index] - others.amax(1)


@dataclass(frozen=True)
class MeanTarget(Target):
    """The mean of several outputs. rest  those beside the first"""

    rest: tuple[int, ...] = ()

    def score(self, logits: Tensor) -> Tensor:
        return logits[:, [self.index, *self.rest]].mean(1)


@dataclass
class BatchSizes:
    """The fastest chunk of each model, device and kind of work, measured once and remembered.

    path  a JSON file that outlives the process, or None to remember in memory only
    """

    path: Path | None = None
    _known: dict[str, int] = field(default_factory=dict)
    _measuring: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, model: Prepared, kind: Kind) -> int:
        """The chunk to use, measuring it at the first call.

        Who asks while another thread is measuring gets a usual size rather than wait.
        """
        key = self._key(model, kind)
        with self._lock:
            if not self._known and self.path is not None and self.path.exists():
                self._known = _read_chunks(self.path)
            if key in self._known:
                return self._known[key]
            if key in self._measuring:
                return USUAL_GPU_CHUNK if model.device.type == "cuda" else USUAL_CPU_CHUNK
            self._measuring.add(key)
        try:
            chunk = measure_chunk(model, kind)
            with self._lock:
                # Another thread may have learned meanwhile that memory allows less.
                self._known[key] = min(chunk, self._known.get(key, chunk))
                self._save()
                return self._known[key]
        finally:
            with self._lock:
                self._measuring.discard(key)

    def lower(self, model: Prepared, kind: Kind, chunk: int) -> None:
        """Remember that memory allowed no more than `chunk`."""
        with self._lock:
            self._known[self._key(model, kind)] = chunk
            self._save()

    @staticmethod
    def _key(model: Prepared, kind: Kind) -> str:
        # Another part of one network's output costs no other time.
        network = model.fingerprint.partition(PART)[0]
        machine = f"torch {torch.__version__}/{model.device}/{torch.get_num_threads()} threads"
        return f"{network}/{machine}/{kind}"

    def _save(self) -> None:
        if self.path is None:
            return
        fresh = self.path.with_suffix(f".{threading.get_ident()}.new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(self._known, indent=1))
            fresh.replace(self.path)
        except OSError:  # a full or read-only disk costs one more measurement, as a damaged file
            with suppress(OSError):
                fresh.unlink(missing_ok=True)


def _read_chunks(path: Path) -> dict[str, int]:
    try:
        known = json.loads(path.read_text())
        return {str(key): max(1, int(chunk)) for key, chunk in known.items()}
    except (OSError, *BAD_JSON):
        return {}  # a damaged file costs one more measurement, nothing else


def measure_chunk(model: Prepared, kind: Kind) -> int:
    """Time chunks of each size in turn and return the smallest that is about the fastest.

    In turn, because a machine is not equally busy all the time; the least time of at most
    ROUNDS counts.
    Sizes above one that takes longer than LONGEST are left out.
    """
    sizes = list(GPU_CHUNKS if model.device.type == "cuda" else CPU_CHUNKS)
    times: dict[int, float] = {}
    began = time.perf_counter()
    for done in range(ROUNDS):
        if done >= AT_LEAST and time.perf_counter() - began > SPENT:
            break
        for chunk in list(sizes):
            try:
                seconds = time_chunk(model, kind, chunk) / chunk
                if seconds * chunk > LONGEST and not done:  # perhaps other work's, for a moment
                    seconds = min(seconds, time_chunk(model, kind, chunk) / chunk)
            except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
                if not out_of_memory(error):
                    raise
                sizes = [size for size in sizes if size < chunk]
                break
            times[chunk] = min(seconds, times.get(chunk, float("inf")))
            if seconds * chunk > LONGEST:
                sizes = [size for size in sizes if size <= chunk]
                break
        best = min(times.values(), default=float("inf"))
        if done + 1 < AT_LEAST:  # what was slow once may have been disturbed
            continue
        sizes = [size for size in sizes if size in times and times[size] < HOPELESS * best]
    return next((c for c in sorted(times) if times[c] <= ABOUT * min(times.values())), 1)


def time_chunk(model: Prepared, kind: Kind, chunk: int) -> float:
    """Seconds that one chunk of trial inputs takes."""
    inputs = model.trial(chunk)
    with model.lock.turn():
        started = time.perf_counter()
        if kind == "forward":
            with torch.inference_mode():
                model.module(inputs)
        else:
            gradient_of(model.module, inputs, Target(0).score)
        if model.device.type == "cuda":
            torch.cuda.synchronize(model.device)
        return time.perf_counter() - started


def out_of_memory(error: BaseException) -> bool:
    """Whether torch, on a GPU or on the CPU, or Python ran out of memory."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and (
        "can't allocate memory" in text or "out of memory" in text
    )


def gradient_of(module: nn.Module, inputs: Tensor, score: Score) -> tuple[Tensor, Tensor]:
    """Each row's gradient of its score, of the inputs' shape, and the scores, (count,)."""
    leaf = inputs.detach().requires_grad_()
    with torch.enable_grad():
        scores = score(module(leaf))
        (gradients,) = torch.autograd.grad(scores.sum(), leaf)
    return gradients, scores.detach()


@dataclass
class Evaluator:
    """Evaluates one model for one target on behalf of one explanation.

    Evaluations are counted into `progress`; methods announce theirs with `progress.plan`.
    """

    model: Prepared
    target: Target
    progress: Progress
    chunks: BatchSizes

    def scores(
        self,
        make: Batches,
        count: int,
        score: Callable[[Tensor], Tensor] | None = None,
        module: nn.Module | None = None,
    ) -> Iterator[tuple[slice, Tensor]]:
        """Yield (positions, scores) chunk by chunk for `count` inputs that `make` produces.

        score maps logits (batch, classes) to what is wanted; by default the target's score.
        module stands for the model where a method changes what it computes.
        """
        chosen, used = score or self.target.score, module or self.model.module

        def work(start: int, stop: int) -> Tensor:
            with torch.inference_mode():
                return chosen(used(self.model.to_device(make(start, stop))))

        for span, found in self.chunked("forward", count, work):
            yield span, found.clone()  # an ordinary tensor again, which callers may change

    def all_scores(self, inputs: Tensor) -> Tensor:
        """(count, ...) -> (count,)"""
        parts = [part for _, part in self.scores(lambda a, b: inputs[a:b], inputs.shape[0])]
        return torch.cat(parts)

    def gradients(
        self, make: Batches, count: int, module: nn.Module | None = None
    ) -> Iterator[tuple[slice, tuple[Tensor, Tensor]]]:
        """Yield (positions, (gradients, scores)) chunk by chunk; gradients as the inputs' shape.

        module stands for the model where a method changes its rules.
        """
        used = module or self.model.module

        def work(start: int, stop: int) -> tuple[Tensor, Tensor]:
            return gradient_of(used, self.model.to_device(make(start, stop)), self.target.score)

        yield from self.chunked("gradient", count, work)

    def all_gradients(
        self, inputs: Tensor, module: nn.Module | None = None
    ) -> tuple[Tensor, Tensor]:
        """(count, ...) -> gradients of the inputs' shape, scores (count,)"""
        parts = [
            part for _, part in self.gradients(lambda a, b: inputs[a:b], inputs.shape[0], module)
        ]
        return torch.cat([g for g, _ in parts]), torch.cat([s for _, s in parts])

    def forward_function(self) -> Callable[..., Tensor]:
        """For vendors' perturbation loops: inputs (count, ...) -> scores (count,), in chunks."""
        return lambda inputs, *_: self.all_scores(inputs)

    def differentiable(self) -> nn.Module:
        """For vendors' gradient loops: (count, ...) -> scores (count, 1) whose gradient is taken
        chunk by chunk in the forward pass, so that the vendor's own batch size is of no matter."""
        return _ChunkedScores(self)

    def chunked(
        self, kind: Kind, count: int, work: Callable[[int, int], R]
    ) -> Iterator[tuple[slice, R]]:
        """Yield (positions, work(start, stop)) chunk by chunk, each in the model's turn.

        Of a chunk that memory does not allow the work is asked again for half of it.
        """
        alone = count == 1 or self.model.coupled
        chunk = 1 if alone else _even(count, self.chunks.get(self.model, kind))
        start = 0
        while start < count:
            stop = min(start + chunk, count)
            self.progress.check()
            try:
                with self.model.lock.turn():
                    result = work(start, stop)
            except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
                if chunk == 1 or not out_of_memory(error):
                    raise
                chunk //= 2
                self.chunks.lower(self.model, kind, chunk)
                continue
            yield slice(start, stop), result
            self.progress.advance(stop - start)
            start = stop


def _even(count: int, chunk: int) -> int:
    """The chunk that shares `count` out evenly, at most an eighth over the measured one."""
    parts = -(-count // (chunk + chunk // 8))
    return -(-count // parts)


class _ChunkedScores(nn.Module):
    def __init__(self, evaluator: Evaluator) -> None:
        super().__init__()
        self.evaluator = evaluator

    def forward(self, inputs: Tensor) -> Tensor:
        if not (torch.is_grad_enabled() and inputs.requires_grad):
            return self.evaluator.all_scores(inputs)[:, None]
        scores: Tensor = _ScoreWithGradient.apply(inputs, self.evaluator)  # type: ignore[no-untyped-call]
        return scores


class _ScoreWithGradient(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx, x: Tensor, evaluator: Evaluator
    ) -> Tensor:
        gradients, scores = evaluator.all_gradients(x.detach())
        ctx.save_for_backward(gradients)
        return scores[:, None]

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *grads: Tensor) -> tuple[Tensor, None]:
        (gradients,) = ctx.saved_tensors  # type: ignore[attr-defined]
        upstream = grads[0].reshape(-1, *[1] * (gradients.dim() - 1))
        return upstream * gradients, None
