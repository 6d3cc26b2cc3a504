"""Small data and modules for the tasks that make pictures."""

from typing import Any

import numpy as np
import torch

from dlexplain.data.base import Augmentation, PictureData, Pictures
from dlexplain.data.modules.pictures import PictureModule
from dlexplain.networks.base import ARCHITECTURES
from dlexplain.params import parse
from dlexplain.tasks.base import TASKS, Training
from dlexplain.tasks.modules.base import TaskModule, task_module

SIDE = 8


def bars(count: int, seed: int, channels: int = 1) -> Pictures:
    """Class 0: a bright row, class 1: a bright column, somewhere, on a dim ground."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % 2
    pixels = generator.integers(0, 60, (count, SIDE, SIDE, channels)).astype(np.uint8)
    for picture, label, place in zip(
        pixels, labels, generator.integers(0, SIDE, count), strict=True
    ):
        (picture if label == 0 else picture.transpose(1, 0, 2))[place] = 220
    return Pictures(pixels, labels)


def data_module(train: int = 64, batch_size: int = 16, channels: int = 1) -> PictureModule:
    pictures = PictureData(
        bars(train, 0, channels), bars(32, 1, channels), bars(48, 2, channels),
        ("row", "column"), "d",
    )  # fmt: skip
    return PictureModule(pictures, Augmentation(), batch_size, seed=1, epochs=1)


def make(
    task: str,
    model: str,
    data: PictureModule,
    model_params: dict[str, Any],
    task_params: dict[str, Any] | None = None,
    **training: Any,
) -> TaskModule:
    """The task's module over a network that is built alike each time."""
    torch.manual_seed(0)
    spec, architecture = TASKS[task], ARCHITECTURES[model]
    params = parse(spec.Params, task_params or {})
    shape = spec.shape(data.facts, params)
    network = architecture.build(shape, parse(architecture.Params, model_params))
    return task_module(spec, network, data.facts, params, parse(Training, training), 1000)


def overfit(module: TaskModule, batch: dict[str, Any], steps: int, rate: float) -> list[float]:
    """Losses of Adam on one batch."""
    optimiser = torch.optim.Adam(module.network.parameters(), rate)
    losses = []
    for _ in range(steps):
        loss = module.loss(batch)[0]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return losses


def first_batch(data: PictureModule) -> dict[str, Any]:
    return data.on_after_batch_transfer(next(iter(data.train_dataloader())), 0)
