"""Lightning callbacks of a worker: what was seen, a loss that is no number, cancel, pictures."""

import io
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger
from PIL import Image

from dlexplain.execution.ending import Diverged, Stopped
from dlexplain.execution.files import write_whole
from dlexplain.execution.journal import Point
from dlexplain.execution.reporting import Reporter
from dlexplain.execution.saving import Latest, between_steps

_log = logging.getLogger("dlexplain.worker")
CHECK_LOSS_EVERY = 20
"""Steps between checks of the loss on a GPU, where each waits for the device."""


class Watch(Callback):
    """After each batch: count it, check the loss, tell the progress, obey the user."""

    def __init__(self, reporter: Reporter, latest: Latest, monitor: str, mode: str) -> None:
        self.reporter, self.latest = reporter, latest
        self.monitor, self.sign = monitor, 1 if mode == "max" else -1
        self._began: float | None = None
        self._first = 0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._began = None
        self.reporter.phase("training")
        self.reporter.ending.listen()  # Lightning has put its own in place
        self.reporter.ending.patient = True

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.reporter.ending.patient = False

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.reporter.phase("training")  # here nothing is lost: the epoch before is saved

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
        if self.reporter.gone:
            raise Stopped("gone", "the run was taken from this worker")
        asked = self.reporter.ending.asked
        if (asked or self.reporter.requested == "cancel") and between_steps(trainer, batch_idx):
            self.latest.save_within(trainer)
            saved = "" if self.latest.files.failed else f"; saved at step {trainer.global_step}"
            if asked:
                raise Stopped("interrupted", f"the worker was asked to end{saved}")
            raise Stopped("cancelled", f"cancelled by the user{saved}")

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if trainer.sanity_checking:
            return
        found = {key: float(value) for key, value in trainer.callback_metrics.items()}
        told = ", ".join(f"{key} {value:.4g}" for key, value in sorted(found.items()))
        _log.info("epoch %d of %s: %s", trainer.current_epoch + 1, trainer.max_epochs, told)
        if self.monitor not in found:
            return
        if self.reporter.row.family:  # whoever chooses among its runs decides by each epoch
            self.reporter.hurry()
        value, best = found[self.monitor], self.reporter.progress.get("best")
        better = best is None or self.sign * value > self.sign * best
        self.reporter.tell(
            {"monitor": self.monitor, "last": value, "best": value if better else best}
        )

    def on_save_checkpoint(
        self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        # Not the module's own, of which a worker may hold a part; averaging put the average first.
        state = checkpoint.get("current_model_state", checkpoint["state_dict"])
        if not all(torch.isfinite(state[name]).all() for name, _ in pl_module.named_parameters()):
            raise Diverged(
                "the weights are no numbers any more", trainer.global_step, self.latest.folder
            )

    def state_dict(self) -> dict[str, Any]:
        """Metrics that are not in a file yet, so that a crash after this checkpoint loses none."""
        return {"points": [astuple(point) for point in self.reporter.waiting()]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.reporter.recall(Point(*values) for values in state_dict["points"])

    def _check(self, outputs: Any, trainer: L.Trainer, batch_idx: int) -> None:
        loss = outputs["loss"] if isinstance(outputs, Mapping) else outputs
        if loss.device.type != "cpu" and batch_idx % CHECK_LOSS_EVERY:
            return
        if not torch.isfinite(loss).all():
            told = f"the loss became {float(loss)}"
            raise Diverged(told, trainer.global_step, self.latest.folder)

    def _tell(self, trainer: L.Trainer) -> None:
        step, total = trainer.global_step, int(trainer.estimated_stepping_batches)
        place = {"step": step, "steps": total}
        epochs = {"epoch": trainer.current_epoch + 1, "epochs": trainer.max_epochs}
        self.reporter.tell({**place, **epochs, **self._pace(step, total)})

    def _pace(self, step: int, total: int) -> dict[str, float]:
        """Optimiser steps a second, validation among them, and seconds left; {} where not known.

        The clock starts after the first step: that one also loads, compiles and allocates.
        """
        now = time.monotonic()
        if self._began is None:
            if step > 0:
                self._began, self._first = now, step
            return {}
        done, spent = step - self._first, now - self._began
        if done < 1 or spent <= 0:
            return {}
        return {"speed": done / spent, "left": spent / done * (total - step)}


class EpochPictures(Callback):
    """Keep the pictures that the task finds worth it, one file a kind and epoch."""

    def __init__(self, folder: Path, note: Callable[[str], None]) -> None:
        self.folder, self.note = folder, note

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if trainer.sanity_checking:
            return
        for kind, pixels in pl_module.pictures().items():  # type: ignore[operator]
            file = self.folder / kind / f"{trainer.current_epoch + 1:04d}.png"
            content = io.BytesIO()
            Image.fromarray(pixels).save(content, "PNG")
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                write_whole(file, content.getvalue())
            except OSError as error:
                self.note(f"an epoch's pictures could not be written ({error.strerror})")


class ReportingLogger(Logger):
    """Lightning's way to the Reporter."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__()
        self.reporter = reporter

    @property
    def name(self) -> str:
        return "dlexplain"

    @property
    def version(self) -> str:
        return self.reporter.row.id

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        self.reporter.add({k: v for k, v in metrics.items() if k != "epoch"}, step or 0)

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """The spec says them all and is recorded when the run begins."""
