"""Files that are there whole or not at all, and files to which whole lines are added."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from dlexplain.execution.paths import digest_file


def write_part(target: Path, content: bytes) -> Path:
    """Write to the disk beside the target, under another name; raises OSError, leaving nothing."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return part


def remove_parts(folder: Path) -> None:
    """What a process that was killed in the midst of `write_part` has left there; to be called by
    the only one that writes into the folder."""
    for part in folder.glob(".*.part"):
        with contextlib.suppress(OSError):
            part.unlink()


def write_whole(target: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all; raises OSError."""
    os.replace(write_part(target, content), target)


def append_lines(file: Path, lines: Sequence[str]) -> None:
    """Add lines and flush them to the disk; raises OSError, adding none, where they do not fit."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab", buffering=0) as opened:
        size = os.fstat(opened.fileno()).st_size
        try:
            _write(opened, _end_of_line(file, size) + "".join(f"{line}\n" for line in lines))
            os.fsync(opened.fileno())
        except OSError:
            with contextlib.suppress(OSError):  # a line without its end is passed when read
                os.ftruncate(opened.fileno(), size)
            raise


def _write(opened: IO[bytes], text: str) -> None:
    """The whole text: on a disk that gets full, a part is written without an error."""
    left = memoryview(text.encode())
    while left:
        left = left[opened.write(left) :]


def _end_of_line(file: Path, size: int) -> str:
    """A line end, where a crash has left the last line without one."""
    if not size:
        return ""
    with file.open("rb") as opened:
        opened.seek(-1, os.SEEK_END)
        return "" if opened.read(1) == b"\n" else "\n"


def whole_lines(file: Path, start: int = 0) -> tuple[list[bytes], int]:
    """The lines that have their end, from a place in the file on, and the place behind them."""
    try:
        with file.open("rb") as opened:
            opened.seek(start)
            content = opened.read()
    except FileNotFoundError:
        return [], start
    whole = content[: content.rfind(b"\n") + 1]
    return whole.splitlines(), start + len(whole)


def steps_in(file: Path, stat: os.stat_result | None = None) -> tuple[int, float]:
    """Order of checkpoints: by the step in the name, such as latest-120.ckpt, then by age.

    stat  the file's, where it is known
    """
    digits = file.stem.rpartition("-")[2]
    changed = (stat or file.stat()).st_mtime
    return int(digits) if digits.isdigit() else -1, changed


def saved_step(folder: Path) -> int | None:
    """Optimiser steps of the newest checkpoint in the folder, None where there is none.

    One without its digest is none; whether its bytes are whole is seen when it is read.
    """
    files = [file for file in folder.glob("*.ckpt") if digest_file(file).exists()]
    steps = [steps_in(file)[0] for file in files]
    return max((step for step in steps if step >= 0), default=None)


def kept_told(folder: Path) -> str:
    """What a run that ends now leaves to go on from, as a part of a sentence."""
    step = saved_step(folder)
    if step is None:
        return "no checkpoint had been written yet"
    return f"the last good checkpoint, of step {step:,}, is kept"
