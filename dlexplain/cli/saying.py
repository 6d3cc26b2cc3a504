"""What commands print: control characters in a user's text must not steer the terminal."""

import io
import sys
from typing import TextIO

from dlexplain.results.words import made_visible


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
