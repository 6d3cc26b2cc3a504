"""What commands print: control characters in a user's text must not steer the terminal."""

import io
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TextIO, TypeVar

from dlexplain.errors import Cancelled
from dlexplain.params import Spec, Value, check_names
from dlexplain.results.words import duration, made_visible

if TYPE_CHECKING:
    from dlexplain.services.jobs import Snapshot

TELL_SECONDS = 5.0


class GoesOn(Protocol):
    """A run or a sweep."""

    @property
    def active(self) -> bool: ...


T = TypeVar("T", bound=GoesOn)


class Visible(io.TextIOBase):
    """Passes on to `out` what is written, with control characters as visible signs."""

    def __init__(self, out: TextIO) -> None:
        self.out = out

    def write(self, text: str) -> int:
        self.out.write(made_visible(text))
        return len(text)

    def flush(self) -> None:
        self.out.flush()


def complain(what: object) -> None:
    """One line on stderr about what went wrong, which may quote the user."""
    print(f"dlexplain: {made_visible(str(what))}", file=sys.stderr)


class Told:
    """How far a job is, on stderr, every few seconds; what  it counts"""

    def __init__(self, what: str) -> None:
        self.what, self.last = what, time.monotonic()

    def __call__(self, now: "Snapshot") -> None:
        if time.monotonic() - self.last < TELL_SECONDS:
            return
        self.last = time.monotonic()
        left = now.seconds_left
        about = "" if left is None else f", about {duration(max(1, left))} left"
        print(f"{now.done:,} of {now.planned:,} {self.what}{about}", file=sys.stderr, flush=True)


FOLLOW_SECONDS = 1.0


class ToldAsItChanges(Generic[T]):
    """What is known of something that goes on, on stderr: a line where it is another one, every few
    seconds at most, and at the end. line  of it"""

    def __init__(self, line: Callable[[T], str]) -> None:
        self.line, self.said, self.last = line, "", 0.0

    def __call__(self, now: T) -> None:
        line = self.line(now)
        soon = time.monotonic() - self.last < FOLLOW_SECONDS and now.active
        if line != self.said and not soon:
            print(line, file=sys.stderr, flush=True)
            self.said, self.last = line, time.monotonic()


class Method(Protocol):
    """A method's name and its parameters."""

    @property
    def name(self) -> str: ...
    @property
    def params(self) -> Mapping[str, Spec]: ...


def check_params(given: Mapping[str, Value], method: str, methods: Iterable[Method]) -> None:
    """Raises ParamError for a name that is no parameter of the method.

    Functions that explain take parameters by name beside arguments of their own; a parameter
    called as one of those, such as `alone`, would be taken for it. An unknown method passes:
    whoever explains says so.
    """
    for known in methods:
        if known.name == method:
            check_names(given, known.params)


@contextmanager
def kept_when_stopped(out: str | None) -> Iterator[None]:
    """Around a job whose answers are kept as they come: stopped, it is said how it goes on.

    out  the folder that was asked for, or None: one of the home folder, found by the question
    """
    try:
        yield
    except (KeyboardInterrupt, Cancelled):
        where = f" in {out}; --resume" if out else "; the same call"
        complain(f"what is done is kept{where} goes on with it")
        raise


def print_table(rows: Sequence[Mapping[str, str]]) -> None:
    """Rows with the same keys under those as heads, each column as wide as what it holds."""
    widths = {key: max(len(key), *(len(row[key]) for row in rows)) for key in rows[0]}
    for cells in ({key: key for key in widths}, *rows):
        print("  ".join(f"{cells[key]:{width}}" for key, width in widths.items()).rstrip())


def tell_shipped(file: Path | str, as_json: bool) -> None:
    """Where what comes along was put; JSON is left as it is."""
    if not as_json:
        print(f"shipped: {file}")
