"""Files that are there whole or not at all."""

import os
from pathlib import Path


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
