"""Processes of our own that outlive whoever started them."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

WATCH_SECONDS = 0.5
_children: list[subprocess.Popen[bytes]] = []
"""Kept until they end, as the system asks of a parent; whoever starts them may end before."""


def start(home: Path, module: str, *arguments: str, log: Path) -> int:
    """Run a module of dlexplain in a session of its own, its output added to `log`; returns its id.

    Raises OSError.
    """
    return begin(home, module, *arguments, log=log).pid


def begin(home: Path, module: str, *arguments: str, log: Path) -> subprocess.Popen[bytes]:
    """The same; returns the process."""
    _children[:] = [child for child in _children if child.poll() is None]
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "OMP_WAIT_POLICY": "PASSIVE",
        "DLEXPLAIN_HOME": str(home),
        "PYTHONUNBUFFERED": "1",
        "TORCH_CPP_LOG_LEVEL": "ERROR",  # DDP warns of what is meant
    }
    package = Path(__file__).parents[2]
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(package), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    with log.open("ab") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    _children.append(child)
    return child


def end_with(parent: int, last: Callable[[], object] = lambda: None) -> None:
    """Watch the parent of this process from now on; when it is gone, do what is last and end."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_SECONDS)
        last()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


AUTOGROUP = Path("/proc/self/autogroup")
"""On Linux each session may be a group of its own, and groups share the processor evenly, whatever
the niceness within: see sched(7). There a group has a niceness too."""


def lower_priority(niceness: int) -> None:
    """Lower this process's priority, and its session's where it leads one; 19 is the lowest."""
    if not hasattr(os, "nice"):
        return
    os.nice(niceness)
    _lower_session(niceness)


def keep_priority() -> None:
    """Have this process's session, where it leads one, the priority that it was started with."""
    if hasattr(os, "getpriority"):
        _lower_session(max(0, os.getpriority(os.PRIO_PROCESS, 0)))


def _lower_session(niceness: int) -> None:
    if AUTOGROUP.exists() and os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):  # where it may not, it only gives way less
            AUTOGROUP.write_text(str(niceness))
