"""Checkpoints on disk, written whole or not at all, each with a digest: a full disk or a crash
leaves the ones before. No Lightning here: whoever loads a model reads them.
"""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from dlexplain.errors import CheckpointError, foreign
from dlexplain.execution.files import steps_in
from dlexplain.execution.paths import digest_file
from dlexplain.server_files import read_regular


def remove(checkpoint: Path) -> None:
    """With its digest; one that is not there is no error."""
    checkpoint.unlink(missing_ok=True)
    digest_file(checkpoint).unlink(missing_ok=True)


def read_checkpoint(path: Path, map_location: Any = "cpu") -> dict[str, Any]:
    """Raises CheckpointError, saying why, for one that is missing, damaged or not plain data."""
    try:
        content = read_regular(path)
        expected = read_regular(digest_file(path)).decode().strip()
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


def _check_weights(path: Path) -> None:
    """Raises CheckpointError where no training can go on from it."""
    checkpoint = read_checkpoint(path)
    with foreign(CheckpointError, lambda error: f"{path.name} cannot be read: {error}"):
        weights = checkpoint["state_dict"].values()
        bad = any(w.is_floating_point() and w.isnan().any() for w in weights)
    if bad:
        raise CheckpointError(f"{path.name} has weights that are no numbers")


def newest_good(folder: Path, report: Callable[[str], None]) -> Path | None:
    """The checkpoint of most steps that a run can go on from, or None where there is none at all.

    One that is damaged, or whose weights are not finite, is reported and passed. Raises
    CheckpointError where there are some and all are so.
    """
    files = sorted(folder.glob("*.ckpt"), key=steps_in, reverse=True)
    for older, file in enumerate(files, 1):
        try:
            _check_weights(file)
        except CheckpointError as error:
            then = "going back to the one before" if older < len(files) else "there is no other"
            report(f"{error}; {then}")
            continue
        return file
    if files:
        raise CheckpointError(
            f"none of the {len(files)} checkpoints in {folder} can be used; launch the run anew"
        )
    return None
