"""Small trainings inside a job: shadow models, and those of the figure of accuracy against epsilon.

They are trained as a run is, from the same spec by the same parts, but keep the last epoch, average
no weights, and are written nowhere.
"""

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from dlexplain.data.base import LoadedData
from dlexplain.execution.spec import RunSpec
from dlexplain.services.training.worker import Built, assembled
from dlexplain.tasks.modules.base import optimiser_and_schedule

HOOKED = "Full backward hook is firing when gradients are computed"
"""Of opacus's hook on the first layer, which is meant."""
AT_ONCE = 500
"""Records of which the logits are asked for at once."""


def alone(spec: RunSpec) -> RunSpec:
    """The spec of a training that learns from no other model's answers, and has no validation; from
    all examples of the data that it is given."""
    training = dict(spec.training)
    if training.get("schedule") == "plateau":
        training["schedule"] = "constant"
    training |= {
        "averaging": 0.0, "patience": 0, "precision": "float32", "examples_per_class": 0,
    }  # fmt: skip
    task = {key: value for key, value in spec.task_params.items() if key != "teacher"}
    varied = {k: v for k, v in spec.augmentation.items() if not k.startswith("generated")}
    return replace(spec, task_params=task, training=training, augmentation=varied)


def fit(spec: RunSpec, data: LoadedData, epoch_done: Callable[[], None]) -> Built:
    """Train from the beginning to the last epoch, in the calling thread, on the CPU.

    epoch_done  is called after each epoch; what it raises ends the training
    """
    built = assembled(alone(spec), data, torch.device("cpu"))
    module, how = built.module, built.training
    optimiser, schedule = optimiser_and_schedule(
        module.network,
        how,
        module.steps,
        wrapped=module.wrapped,
        layer_decay=module.layer_decay,
    )
    module.train()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", HOOKED)
            _learn(built, optimiser, schedule, epoch_done)
    finally:
        if module.private is not None:
            module.private.release()
    module.eval()
    return built


def _learn(
    built: Built, optimiser: torch.optim.Optimizer, schedule: Any, epoch_done: Callable[[], None]
) -> None:
    loader = built.data.loader
    for _ in range(built.training.epochs):
        for cut in loader:
            _step(built, built.data.on_after_batch_transfer(cut, 0), optimiser)
            if schedule is not None:
                schedule.step()
            loader.seen += 1
        epoch_done()


def _step(built: Built, batch: Any, optimiser: torch.optim.Optimizer) -> None:
    module = built.module
    torch.default_generator.manual_seed(batch["seed"])
    if module.private is not None:
        module.private.begin(batch["seed"])
    loss, _ = module.loss(batch)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    if built.training.clip:
        nn.utils.clip_grad_norm_(module.network.parameters(), built.training.clip)
    optimiser.step()


def logits_of(built: Built, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(records, side, side, channels) uint8 -> (records, classes)"""
    found = []
    with torch.inference_mode():
        for start in range(0, len(pixels), AT_ONCE):
            some = torch.from_numpy(pixels[start : start + AT_ONCE]).permute(0, 3, 1, 2).float()
            found.append(built.module(built.data.normalise(some)).double())
    return torch.cat(found).numpy()
