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
            part = write_part(target, content)
            try:
                # The digest first: a checkpoint without one would not be read.
                write_whole(digest_file(target), hashlib.sha256(content).hexdigest().encode())
                os.replace(part, target)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            self.failed = True
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
            remove(Path(path))


def remove(checkpoint: Path) -> None:
    """With its digest; one that is not there is no error."""
    checkpoint.unlink(missing_ok=True)
    digest_file(checkpoint).unlink(missing_ok=True)


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


def read_checkpoint(path: Path, map_location: Any = "cpu") -> dict[str, Any]:
    """Raises CheckpointError, saying why, for one that is missing, damaged or not plain data."""
    try:
        content = path.read_bytes()
        expected = digest_file(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "its digest is damaged"
        raise CheckpointError(f"{path.name} cannot be read ({why})") from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise CheckpointError(f"{path.name} is damaged: its digest differs")
    try:
        plain = io.BytesIO(content)
        checkpoint: dict[str, Any] = torch.load(plain, map_location, weights_only=True)
    except Exception as error:  # torch raises many kinds on damage
        raise CheckpointError(f"{path.name} cannot be read: {error}") from error
    return checkpoint


def newest_good(folder: Path, report: Callable[[str], None]) -> Path | None:
    """The checkpoint of most steps that a run can go on from, or None where there is none at all.

    One that is damaged, or whose weights are not finite, is reported and passed. Raises
    CheckpointError where there are some and all are so.
    """
    files = sorted(folder.glob("*.ckpt"), key=steps_in, reverse=True)
    for file in files:
        try:
            weights = read_checkpoint(file)["state_dict"].values()
            if any(w.is_floating_point() and w.isnan().any() for w in weights):
                raise CheckpointError(f"{file.name} has weights that are no numbers")
        except CheckpointError as error:
            report(f"{error}; going back to the one before")
            continue
        return file
    if files:
        raise CheckpointError(
            f"none of the {len(files)} checkpoints in {folder} can be used; launch the run anew"
        )
    return None


def steps_in(file: Path) -> tuple[int, float]:
    """Order of checkpoints: by the step in the name, such as latest-120.ckpt, then by age."""
    digits = file.stem.rpartition("-")[2]
    return int(digits) if digits.isdigit() else -1, file.stat().st_mtime
