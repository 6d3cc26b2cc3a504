"""Files that are there whole or not at all."""

import os
from pathlib import Path

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


def write_whole(target: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all; raises OSError."""
    os.replace(write_part(target, content), target)


def steps_in(file: Path) -> tuple[int, float]:
    """Order of checkpoints: by the step in the name, such as latest-120.ckpt, then by age."""
    digits = file.stem.rpartition("-")[2]
    return int(digits) if digits.isdigit() else -1, file.stat().st_mtime


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
