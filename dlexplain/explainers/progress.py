"""How far an explanation is, how long it may still take, and whether the user wants it stopped."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import Cancelled, ParamError


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One moment: evaluations done of planned, seconds so far, and a first coarse map if any.

    preview  (height, width) float32, or None
    first    evaluations and seconds at the first report, which also waited for imports and a turn
    """

    done: int
    planned: int
    seconds: float
    preview: NDArray[np.float32] | None = None
    first: tuple[int, float] = (0, 0.0)

    @property
    def fraction(self) -> float:
        return min(1.0, self.done / self.planned) if self.planned else 0.0

    @property
    def seconds_left(self) -> float | None:
        """None until something has been done to estimate from."""
        done, seconds = self.done - self.first[0], self.seconds - self.first[1]
        if done <= 0:
            return None
        return seconds / done * max(0, self.planned - self.done)


@dataclass
class Progress:
    """Counts evaluations (one picture through the model, with or without its gradient).

    report     is called with a Snapshot after each chunk
    cancelled  is asked between chunks; when it says yes, `advance` raises Cancelled
    """

    report: Callable[[Snapshot], None] = lambda snapshot: None
    cancelled: Callable[[], bool] = lambda: False
    done: int = 0
    planned: int = 0
    started: float = field(default_factory=time.perf_counter)
    _first: tuple[int, float] | None = None
    _budget: "_Budget | None" = None

    @contextmanager
    def at_most(self, evaluations: int, what: str) -> Iterator[None]:
        """Inside it no more are planned or done: else ParamError is raised, when it is known.

        evaluations  0 for as many as are wanted;  what  asks for them
        """
        if not evaluations or self._budget is not None:  # that of what asks for this counts
            yield
            return
        self._budget = _Budget(evaluations, what)
        try:
            yield
        finally:
            self._budget = None

    def plan(self, evaluations: int) -> None:
        """Announce evaluations to come; may be called again when more turn out to be needed."""
        self.planned += evaluations
        if self._budget is not None:
            self._budget.plan(evaluations)
        self.check()

    def advance(self, evaluations: int) -> None:
        """Count a finished chunk; raises Cancelled when the user asked to stop."""
        self.done += evaluations
        if self._budget is not None:
            self._budget.spend(evaluations)
        self.planned = max(self.planned, self.done)
        self._first = self._first or (self.done, self.seconds)
        self._tell()
        self.check()

    def check(self) -> None:
        """Raise Cancelled if the user asked to stop."""
        if self.cancelled():
            raise Cancelled("the explanation was cancelled")

    def preview(self, values: NDArray[np.float32]) -> None:
        """Show a first coarse map, (height, width)."""
        self._tell(values)

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.started

    def _tell(self, preview: NDArray[np.float32] | None = None) -> None:
        first = self._first or (0, 0.0)
        self.report(Snapshot(self.done, self.planned, self.seconds, preview, first))


@dataclass
class _Budget:
    """Evaluations that may be asked for, and that were planned and done."""

    most: int
    what: str
    planned: int = 0
    done: int = 0

    def plan(self, evaluations: int) -> None:
        self.planned += evaluations
        self._check(self.planned)

    def spend(self, evaluations: int) -> None:
        self.done += evaluations
        self._check(self.done)

    def _check(self, wanted: int) -> None:
        if wanted > self.most:
            raise ParamError(
                f"{self.what} would ask the model {wanted:,} times with these parameters; on this"
                f" server up to {self.most:,} times are accepted"
            )
