"""The Lightning Trainer of a run: its callbacks, precision and device; and what it may not say."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import torch
from lightning.pytorch.callbacks import Callback

from dlexplain.execution import paths
from dlexplain.execution.callbacks import EpochPictures, ReportingLogger, Watch
from dlexplain.execution.measuring import PRECISIONS
from dlexplain.execution.norms import GradientNorms, Norms
from dlexplain.execution.parallel import Counting, SharedGradients, placed
from dlexplain.execution.reporting import Reporter
from dlexplain.execution.resources import ALONE, Seat
from dlexplain.execution.saving import (
    SAVE_SECONDS,
    Averaging,
    Best,
    Latest,
    SafeCheckpoints,
    patience,
)
from dlexplain.execution.sharded import SharedWeights

POINTS = 250
"""Points a curve of training steps has, about."""
TIPS = ("lightning.pytorch", "lightning.fabric")
"""Loggers that tell of products and devices."""
EXPECTED = (
    "The '(train|val|test)_dataloader' does not have many workers",  # batches lie in memory
    "The number of training batches",  # fewer than the logging interval, which is meant
    "Checkpoint directory .* exists and is not empty",  # a resumed run's
    r"`isinstance\(treespec, LeafSpec\)` is deprecated",  # Lightning's own, with torch 2.13
    "Found .* module\\(s\\) in eval mode at the start of training",  # frozen parts are
    "It is recommended to use `self.log",  # with sync_dist: the first of several has everything
    "find_unused_parameters=True was specified in DDP constructor",  # some tasks have some
    "FSDP2-wrapped module .* returned a view tensor",  # which nothing changes in place
    "RNN module weights are not part of single contiguous chunk",  # those gathered of parts
    "Full backward hook is firing when gradients are computed",  # opacus's, on the first layer
)
"""Warnings of Lightning that a run is not wrong to cause."""


@dataclass(frozen=True)
class Fitting:
    """How to train: epochs, steps in all, batches a step, precision in our word, and the rest.

    device  that of the first of the workers;  seat  which of them this process is
    sharding  what each keeps of the network, see resources.Here
    """

    epochs: int
    steps: int
    accumulate: int
    precision: str
    device: torch.device
    clip: float
    patience: int
    averaging: float
    keep_best: bool
    monitor: str
    mode: str
    save_seconds: float = SAVE_SECONDS
    seat: Seat = ALONE
    sharding: str = "none"


def make_trainer(
    how: Fitting, home: Path, reporter: Reporter, first: Sequence[Callback] = ()
) -> tuple[L.Trainer, Best | None]:
    """The trainer, and the callback that knows the best epoch, where that is wanted.

    first  what else is to be told, before all others
    """
    run = reporter.row.id
    folder = paths.checkpoint_folder(home, run)
    files = SafeCheckpoints(reporter.note)
    latest = Latest(folder, files, reporter, how.save_seconds)
    keeper = Best(folder, how.monitor, how.mode) if how.keep_best else None
    callbacks: list[Callback] = [
        *first,
        *([Averaging(decay=how.averaging)] if how.averaging else []),
        Watch(reporter, latest, how.monitor, how.mode),
        EpochPictures(paths.pictures_folder(home, run), reporter.note),
        Norms(paths.norms_file(home, run), reporter.note),
        *patience(how.monitor, how.mode, how.patience),
        *([keeper] if keeper else []),
        latest,  # the last, so that it holds what the others know of the epoch
    ]
    trainer = L.Trainer(
        **_told(how),
        callbacks=callbacks,
        logger=ReportingLogger(reporter),
        plugins=[files],
        default_root_dir=paths.run_folder(home, run),
    )
    return trainer, keeper


def follower(how: Fitting) -> L.Trainer:
    """The trainer of another worker than the first, which only computes its share of each step."""
    return L.Trainer(
        **_told(how),
        callbacks=[Counting(), GradientNorms()] if how.sharding == "full" else [Counting()],
        logger=False,
        plugins=[SafeCheckpoints(lambda text: None)],
        enable_checkpointing=False,
        limit_val_batches=0,
    )


def _told(how: Fitting) -> dict[str, Any]:
    """What every worker's trainer is told."""
    cuda = how.device.type == "cuda"
    alone = {
        "accelerator": "gpu" if cuda else how.device.type,
        "devices": [how.device.index or 0] if cuda else 1,
    }
    strategy = SharedWeights if how.sharding == "full" else SharedGradients
    return {
        **(alone if how.seat.count == 1 else placed(how.device, how.seat, strategy(how.seat))),
        "precision": PRECISIONS[how.precision],
        "max_epochs": how.epochs,
        "accumulate_grad_batches": how.accumulate,
        "gradient_clip_val": how.clip or None,
        "log_every_n_steps": max(1, how.steps // POINTS),
        "num_sanity_val_steps": 0,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "deterministic": not cuda,
        "benchmark": cuda,
    }


@contextmanager
def quiet() -> Iterator[None]:
    """Without Lightning's tips, expected warnings, and traces in torch's settings."""
    deterministic = torch.are_deterministic_algorithms_enabled()
    deterministic_mode: Any = torch.utils.deterministic  # a module with a property
    filled = deterministic_mode.fill_uninitialized_memory
    # Filling every new tensor finds reads of unset memory; it took a twelfth of each step.
    deterministic_mode.fill_uninitialized_memory = False
    levels = {name: logging.getLogger(name).level for name in TIPS}
    for name in TIPS:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            for text in EXPECTED:
                warnings.filterwarnings("ignore", text)
            yield
    finally:
        torch.use_deterministic_algorithms(deterministic)
        deterministic_mode.fill_uninitialized_memory = filled
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
