"""A background process gives way to those that somebody waits for."""

import contextlib
import os
from pathlib import Path

AUTOGROUP = Path("/proc/self/autogroup")
"""On Linux each session may be a group of its own, and groups share the processor evenly, whatever
the niceness within: see sched(7). There a group has a niceness too."""


def lower_priority(niceness: int) -> None:
    """Lower this process's priority, and its session's where it leads one; 19 is the lowest."""
    if not hasattr(os, "nice"):
        return
    os.nice(niceness)
    if AUTOGROUP.exists() and os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):  # where it may not, it only gives way less
            AUTOGROUP.write_text(str(niceness))
