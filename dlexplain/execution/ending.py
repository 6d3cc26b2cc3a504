"""How a run ends before its time: it is cancelled, the process is told to end, the loss breaks."""

import signal
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dlexplain.errors import RunError
from dlexplain.execution.files import kept_told

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopped(BaseException):
    """The run is to end now, in this state; what is to be kept of it is saved.

    Not an Exception, as KeyboardInterrupt is none: nothing on the way up may take it for an error.
    """

    def __init__(self, state: str, why: str) -> None:
        super().__init__(why)
        self.state, self.why = state, why


class Diverged(RunError):
    """The loss is no finite number any more; `folder` is where the run's checkpoints are."""

    def __init__(self, what: str, step: int, folder: Path) -> None:
        super().__init__(
            f"{what} at step {step}; {kept_told(folder)}. "
            "Lower the learning rate, clip the gradient, or use float32"
        )


class Ending:
    """While inside, SIGTERM and SIGINT raise Stopped; or set `asked`, where the run is `patient`.

    patient  whether somebody looks at `asked` soon, and saves first; a second signal does not wait
    closed   whether the run has ended anyhow, so that a signal changes nothing
    """

    def __init__(self) -> None:
        self.asked = self.patient = self.closed = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # no other may set signals
            self._before = {number: signal.getsignal(number) for number in SIGNALS}
        self.listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def listen(self) -> None:
        """Take the signals, again where a library has taken them meanwhile."""
        for number in self._before:
            signal.signal(number, self._hear)

    def _hear(self, number: int, frame: object) -> None:
        again, self.asked = self.asked, True
        if not self.closed and (again or not self.patient):
            raise Stopped("interrupted", "the worker was asked to end")
