"""Checkpoints that survive a full disk and a crash: written whole or not at all, with a digest."""

import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import CheckpointIO

from dlexplain.errors import CheckpointError
from dlexplain.runs.paths import digest_file


class SafeCheckpoints(CheckpointIO):
    """How Lightning writes and reads checkpoints here.

    A checkpoint is written beside its place, flushed to the disk, and moved there; its SHA-256
    stands beside it. When the disk is full nothing is moved, `report` is told, and older
    checkpoints are kept until a write succeeds. Nothing but tensors and plain values is read.
    """

    def __init__(self, report: Callable[[str], None]) -> None:
        self.report = report
        self.failed = False

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None
    ) -> None:
        target = Path(path)
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        content = buffer.getvalue()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, content)
            write_whole(digest_file(target), hashlib.sha256(content).hexdigest().encode())
        except OSError as error:
            self.failed = True
            digest_file(target).unlink(missing_ok=True)
            self.report(
                f"checkpoint {target.name} could not be written ({error.strerror}); "
                "the ones before it are kept"
            )
        else:
            self.failed = False

    def load_checkpoint(
        self, path: Any, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        return read_checkpoint(Path(path), map_location)

    def remove_checkpoint(self, path: Any) -> None:
        if not self.failed:
            Path(path).unlink(missing_ok=True)
            digest_file(Path(path)).unlink(missing_ok=True)


def write_whole(target: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all; raises OSError."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def read_checkpoint(path: Path, map_location: Any = "cpu") -> dict[str, Any]:
    """Raises CheckpointError, saying why, for one that is missing, damaged or not plain data."""
    try:
        content = path.read_bytes()
        expected = digest_file(path).read_text().strip()
    except OSError as error:
        raise CheckpointError(f"{path.name} cannot be read ({error.strerror})") from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise CheckpointError(f"{path.name} is damaged: its digest differs")
    try:
        checkpoint: dict[str, Any] = torch.load(
            io.BytesIO(content), map_location=map_location, weights_only=True
        )
    except Exception as error:  # torch raises many kinds on damage
        raise CheckpointError(f"{path.name} cannot be read: {error}") from error
    return checkpoint


def newest_good(folder: Path, report: Callable[[str], None]) -> Path | None:
    """The checkpoint of most steps that can be read; each that cannot is reported and passed."""
    files = sorted(folder.glob("*.ckpt"), key=steps_in, reverse=True)
    for file in files:
        try:
            read_checkpoint(file)
        except CheckpointError as error:
            report(f"{error}; going back to the one before")
            continue
        return file
    return None


def steps_in(file: Path) -> tuple[int, float]:
    """Order of checkpoints: by the step in the name, such as latest-120.ckpt, then by age."""
    digits = file.stem.rpartition("-")[2]
    return int(digits) if digits.isdigit() else -1, file.stat().st_mtime
