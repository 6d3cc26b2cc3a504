"""When checkpoints are written, and what else goes on where a run stopped."""

import hashlib
import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import torch
from lightning.pytorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    EMAWeightAveraging,
    ModelCheckpoint,
)
from lightning.pytorch.plugins.io import CheckpointIO
from safetensors.torch import save
from torch import Tensor, nn

from dlexplain.execution.checkpoints import read_checkpoint, remove
from dlexplain.execution.files import saved_step, write_part, write_whole
from dlexplain.execution.paths import digest_file, weights_after
from dlexplain.execution.reporting import Reporter
from dlexplain.execution.sharded import whole_network

SAVE_SECONDS = 60.0
"""A crash in the middle of a long epoch costs no more."""
KEPT = 2
"""Latest checkpoints kept, so that there is one to go back to."""


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
            none = saved_step(target.parent) is None
            left = "there is none before it" if none else "the ones before it are kept"
            self.report(f"checkpoint {target.name} could not be written ({error.strerror}); {left}")
        else:
            self.failed = False

    def load_checkpoint(
        self, path: Any, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        return read_checkpoint(Path(path), map_location)

    def remove_checkpoint(self, path: Any) -> None:
        if not self.failed:
            remove(Path(path))


class Latest(Checkpoint):
    """Writes latest-STEP.ckpt after every epoch, every `seconds`, and when asked to.

    In an epoch it is written between two optimiser steps, gradients added up, and never after the
    last batch: Lightning would take the epoch for done, without its validation.
    """

    def __init__(
        self, folder: Path, files: SafeCheckpoints, reporter: Reporter, seconds: float
    ) -> None:
        self.folder, self.files, self.reporter, self.seconds = folder, files, reporter, seconds
        self._saved = 0.0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._saved = time.monotonic()

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        if time.monotonic() - self._saved >= self.seconds and between_steps(trainer, batch_idx):
            self.save_within(trainer)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._save(trainer)

    def save_within(self, trainer: L.Trainer) -> None:
        """Save in an epoch, where Lightning has not logged the step yet and a resume would not."""
        if trainer.global_step % trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            found = trainer.callback_metrics.items()
            step = {key: float(value) for key, value in found if key.startswith("train/")}
            self.reporter.add(step, trainer.global_step - 1)
        self._save(trainer)

    def _save(self, trainer: L.Trainer) -> None:
        trainer.save_checkpoint(self.folder / f"latest-{trainer.global_step}.ckpt")
        self._saved = time.monotonic()
        if not self.files.failed:
            written = sorted(self.folder.glob("latest-*.ckpt"), key=lambda f: f.stat().st_mtime)
            for file in written[:-KEPT]:
                remove(file)


class OnTheWay(Callback):
    """Keeps the network's weights alone before the first step and after every `every` epochs.

    As they are then, without averaging. A file that cannot be written is told of once and missing.

    folder  of the run;  state  what of a network is kept, by name
    """

    def __init__(
        self,
        folder: Path,
        every: int,
        state: Callable[[nn.Module], dict[str, Tensor]],
        note: Callable[[str], None],
    ) -> None:
        self.folder, self.every, self.state, self.note = folder, every, state, note

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if trainer.global_step == 0:
            self._keep(trainer, pl_module, 0)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if (trainer.current_epoch + 1) % self.every == 0:
            self._keep(trainer, pl_module, trainer.current_epoch + 1)

    def _keep(self, trainer: L.Trainer, module: L.LightningModule, epoch: int) -> None:
        file = weights_after(self.folder, epoch)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with whole_network(trainer):
                state = self.state(module.network)  # type: ignore[arg-type]
            write_whole(file, save(state))
        except OSError as error:
            self.note(f"weights on the way could not be kept ({error.strerror}); some are missing")


def between_steps(trainer: L.Trainer, batch_idx: int) -> bool:
    """Whether a checkpoint after this batch can be taken up without loss."""
    stepped = (batch_idx + 1) % trainer.accumulate_grad_batches == 0
    return bool(stepped and not trainer.is_last_batch)


class Patience(EarlyStopping):
    """Early stopping that stays stopped when a run goes on whose patience was spent."""

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        trainer.should_stop |= self.wait_count >= self.patience


class Averaging(EMAWeightAveraging):
    """The average is in the network after the training, also of one that had no epoch left."""

    def on_fit_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.on_train_end(trainer, pl_module)


class Best(ModelCheckpoint):
    """Keeps best-STEP.ckpt, the epoch that was best in validation."""

    def __init__(self, folder: Path, monitor: str, mode: str) -> None:
        super().__init__(
            folder,
            "best-{step}",
            monitor=monitor,
            mode=mode,
            auto_insert_metric_name=False,
            enable_version_counter=False,
        )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Also where the home folder has been moved since."""
        folder = Path(str(self.dirpath))

        def here(file: str) -> str:
            return str(folder / Path(file).name) if file else ""

        moved = {key: here(state_dict[key]) for key in ("best_model_path", "kth_best_model_path")}
        known = {here(file): value for file, value in state_dict["best_k_models"].items()}
        super().load_state_dict(
            {**state_dict, **moved, "best_k_models": known, "dirpath": self.dirpath}
        )


def patience(monitor: str, mode: str, epochs: int) -> list[Callback]:
    """Early stopping after so many epochs without improvement; 0 never stops."""
    if not epochs:
        return []
    return [Patience(monitor, patience=epochs, mode=mode, check_finite=False)]
