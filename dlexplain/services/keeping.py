"""What a long job finds is written and told as it comes, so that stopping it loses nothing."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

KEEP_SECONDS, TELL_SECONDS = 1.0, 10.0
"""What is done is kept, and told, when so much time has passed."""
A = TypeVar("A")


@dataclass(eq=False)
class Keeping(Generic[A]):
    """Answers on their way to the disk.

    write  puts answers on the disk;  tell  shows the result so far
    fresh  those that are not written yet
    """

    write: Callable[[Sequence[A]], None]
    tell: Callable[[], None]
    fresh: list[A] = field(default_factory=list)
    written: float = field(default_factory=time.monotonic)
    told: float = field(default_factory=time.monotonic)

    def add(self, answer: A) -> None:
        """One more; written and told where the last time is long ago."""
        self.fresh.append(answer)
        if time.monotonic() - self.written >= KEEP_SECONDS:
            self.flush()
        if time.monotonic() - self.told >= TELL_SECONDS:
            self.show()

    @contextmanager
    def to_the_end(self) -> Iterator[None]:
        """Around the work: what was done is told before it; what is done is kept and told after it,
        also where it is cancelled."""
        self.show()
        try:
            yield
        finally:
            self.flush()
            self.show()

    def flush(self) -> None:
        """Write what is not written yet."""
        if self.fresh:
            self.write(self.fresh)
        self.fresh, self.written = [], time.monotonic()

    def show(self) -> None:
        """Tell the result so far."""
        self.tell()
        self.told = time.monotonic()
