"""Lightning callbacks of a worker: what was seen, a loss that is no number, cancel, pictures."""

import signal
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from PIL import Image

from dlexplain.errors import RunError
from dlexplain.runs.reporting import Reporter

SAVE_EVERY = timedelta(seconds=60)
LATEST = "latest-{step}"
KEPT = 2
"""Latest checkpoints kept, so that there is one to go back to."""
CHECK_LOSS_EVERY = 20
"""Steps between checks of the loss on a GPU, where each waits for the device."""


class Stopped(Exception):
    """The run is to end now, in this state; its checkpoint is saved."""

    def __init__(self, state: str, why: str) -> None:
        super().__init__(why)
        self.state, self.why = state, why


class Diverged(RunError):
    """The loss is no finite number any more."""


class Watch(Callback):
    """After each batch: count it, check the loss, tell the progress, obey the user."""

    def __init__(self, reporter: Reporter, folder: Path, monitor: str, mode: str) -> None:
        self.reporter, self.folder = reporter, folder
        self.monitor, self.sign = monitor, 1 if mode == "max" else -1
        self.terminated = False
        self._began, self._first = 0.0, 0
        signal.signal(signal.SIGTERM, self._terminate)

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._began, self._first = time.monotonic(), trainer.global_step
        self.reporter.phase("training")

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        trainer.datamodule.loader.seen += 1  # type: ignore[attr-defined]
        self._check(outputs, trainer, batch_idx)
        self._tell(trainer)
        if self.reporter.wish == "cancel":
            self._save_and_stop(trainer, "cancelled", "cancelled by the user; saved at this step")
        if self.terminated:
            self._save_and_stop(trainer, "interrupted", "the worker was asked to end; saved")
        if self.reporter.gone:
            raise Stopped("gone", "the run was taken from this worker")

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        found = trainer.callback_metrics.get(self.monitor)
        if found is None or trainer.sanity_checking:
            return
        value, progress = float(found), self.reporter.progress
        best = progress.get("best")
        progress |= {"monitor": self.monitor, "last": value}
        if best is None or self.sign * value > self.sign * best:
            progress["best"] = value

    def _check(self, outputs: Any, trainer: L.Trainer, batch_idx: int) -> None:
        loss = outputs["loss"] if isinstance(outputs, Mapping) else outputs
        if loss.device.type != "cpu" and batch_idx % CHECK_LOSS_EVERY:
            return
        if not torch.isfinite(loss).all():
            step = trainer.global_step
            raise Diverged(
                f"the loss became {float(loss)} at step {step}; the last good checkpoint is kept. "
                "Lower the learning rate, clip the gradient, or use float32"
            )

    def _tell(self, trainer: L.Trainer) -> None:
        step, total = trainer.global_step, int(trainer.estimated_stepping_batches)
        spent = time.monotonic() - self._began
        done = max(1, step - self._first)
        self.reporter.progress |= {
            "step": step,
            "steps": total,
            "epoch": trainer.current_epoch + 1,
            "epochs": trainer.max_epochs,
            "speed": done / spent if spent > 0 else 0.0,
            "left": spent / done * (total - step),
        }

    def _save_and_stop(self, trainer: L.Trainer, state: str, why: str) -> None:
        trainer.save_checkpoint(self.folder / f"latest-{trainer.global_step}.ckpt")
        raise Stopped(state, why)

    def _terminate(self, number: int, frame: object) -> None:
        self.terminated = True


class EpochPictures(Callback):
    """Keep the pictures that the task finds worth it, one file a kind and epoch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if trainer.sanity_checking:
            return
        for kind, pixels in pl_module.pictures().items():  # type: ignore[operator]
            file = self.folder / kind / f"{trainer.current_epoch + 1:04d}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(file)


def checkpoint_callbacks(folder: Path, monitor: str, mode: str) -> list[Callback]:
    """The best epoch; the latest epochs; and the latest minutes, so that a crash costs no more."""
    latest = {
        "monitor": "step",
        "mode": "max",
        "save_top_k": KEPT,
        "auto_insert_metric_name": False,
    }
    return [
        ModelCheckpoint(folder, "best-{step}", monitor=monitor, mode=mode,
                        auto_insert_metric_name=False, enable_version_counter=False),
        ModelCheckpoint(folder, LATEST, save_on_train_epoch_end=True,
                        enable_version_counter=False, **latest),  # type: ignore[arg-type]
        ModelCheckpoint(folder, LATEST, train_time_interval=SAVE_EVERY,
                        enable_version_counter=False, **latest),  # type: ignore[arg-type]
    ]  # fmt: skip


def early_stopping(monitor: str, mode: str, patience: int) -> list[Callback]:
    return [EarlyStopping(monitor, patience=patience, mode=mode)] if patience else []
