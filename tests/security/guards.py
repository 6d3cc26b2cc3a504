"""What a reader may not do, watched while it reads: write elsewhere, start a process, open a
socket, unpickle, take long or much memory.

Audit hooks (PEP 578) see every such call of Python's, whatever made it; they stay for the life of
the process, so there is one, which counts only inside `watched`.
"""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECONDS = 5.0
"""Of processor time that one file may take, on a slow machine."""
MEGABYTES = 500
"""That one file may take beyond what was taken before it."""
DECODER = "dlexplain.data.decoding_apart"
"""The one process that reading a picture may start."""
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate",
    "os.chmod", "os.chown", "os.utime", "shutil.rmtree", "shutil.move", "shutil.copyfile",
    "shutil.unpack_archive", "tempfile.mkstemp", "tempfile.mkdtemp",
}  # fmt: skip
"""Events of what changes a path: their first argument, or the second of _PAIRS."""
_PAIRS = {"os.rename", "os.link", "os.symlink", "shutil.move", "shutil.copyfile"}
_STARTS = {
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "pty.spawn",
}
_NETWORK = (
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "socket.sendto",
    "urllib.Request",
)


@dataclass
class Watch:
    """may_write  folders below which files may be written;  found  what else was done"""

    may_write: Sequence[Path]
    found: list[str] = field(default_factory=list)


_watching: list[Watch] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    watch = _watching[-1]
    if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        path, mode, flags = arguments
        writes = any(c in mode for c in "wax+") if mode else bool(flags & _WRITES)
        if writes:
            _check_path(watch, path, "wrote")
    elif event in _CHANGES:
        of = 1 if event in _PAIRS else 0
        _check_path(watch, _whole(arguments[of], arguments[-1]), event)
    elif event == "subprocess.Popen":
        if DECODER not in [str(one) for one in arguments[1]]:
            watch.found.append(f"started {arguments[1]}")
    elif event in _STARTS or event.startswith(_NETWORK) or event == "pickle.find_class":
        watch.found.append(f"{event} {str(arguments)[:100]}")


sys.addaudithook(_hook)


def _whole(path: Any, folder: Any) -> Any:
    """A path that may be relative to an open folder, as shutil.rmtree's are."""
    if isinstance(folder, int) and folder >= 0 and not os.path.isabs(os.fsdecode(path)):
        return os.path.join(os.readlink(f"/proc/self/fd/{folder}"), os.fsdecode(path))
    return path


def _check_path(watch: Watch, path: Any, what: str) -> None:
    if isinstance(path, int) or path is None:
        return
    found = Path(os.path.realpath(os.fsdecode(path)))
    if found == Path(os.devnull) or "__pycache__" in found.parts:  # what Python itself compiled
        return
    if not any(found.is_relative_to(one) for one in watch.may_write):
        watch.found.append(f"{what} {found}")


@contextmanager
def watched(may_write: Sequence[Path], megabytes: int = MEGABYTES) -> Iterator[None]:
    """Fails, naming what was done, where the block does more than to read."""
    watch = Watch([Path(os.path.realpath(one)) for one in may_write])
    before = _new_peak()
    started = time.process_time()
    _watching.append(watch)
    try:
        yield
    finally:
        _watching.pop()
        spent, taken = time.process_time() - started, _peak() - before
    assert not watch.found, f"reading {watch.found[0]}"
    assert spent < SECONDS, f"reading took {spent:.1f} s of the processor"
    assert taken < megabytes, f"reading took {taken:.0f} MB"


def _status(key: str) -> float:
    """Of this process, in MB; 0 where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(key)), 0.0)


def _new_peak() -> float:
    """Forget the highest memory so far; returns what is taken now, MB."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:  # no Linux, or not allowed: only time and writing are watched then
        return float("inf")
    return _status("VmRSS:")


def _peak() -> float:
    return _status("VmHWM:")


def snapshot(root: Path) -> dict[str, tuple[int, int]]:
    """Every file below a folder with its size and time of change, but for caches."""
    found = {}
    for folder, names, files in os.walk(root):
        names[:] = [n for n in names if not n.startswith(".") and n not in ("__pycache__", "build")]
        for name in files:
            about = os.lstat(os.path.join(folder, name))
            found[os.path.join(folder, name)] = (about.st_size, about.st_mtime_ns)
    return found
