"""How far an explanation is, how long it may still take, and whether the user wants it stopped."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import Cancelled


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

    def plan(self, evaluations: int) -> None:
        """Announce evaluations to come; may be called again when more turn out to be needed."""
        self.planned += evaluations
        self.check()

    def advance(self, evaluations: int) -> None:
        """Count a finished chunk; raises Cancelled when the user asked to stop."""
        self.done += evaluations
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
