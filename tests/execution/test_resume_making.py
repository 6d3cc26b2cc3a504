"""Runs of the tasks that make pictures, stopped in mid-epoch or after one, and resumed."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from dlexplain.execution.checkpoints import read_checkpoint
from dlexplain.execution.paths import checkpoint_folder
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import RunRow
from dlexplain.networks.base import ARCHITECTURES
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.inline import inline_queue
from tests.execution.small import Homes, assert_same, curves

STEPS_AN_EPOCH = 5
"""Of the digits: 1,293 or so in batches of 256."""
PARTS = {"conv-autoencoder": "encoder", "vae": "encoder", "dcgan": "generator"}
"""What runs once a training step."""


def spec(task: str, model: str, training: dict[str, Any], **more: Any) -> RunSpec:
    plain = {"epochs": 3, "batch_size": 256, "precision": "float32", "learning_rate": 2e-3}
    return RunSpec(
        task=task, model=model, data="digits", training={**plain, **training}, device="cpu", **more
    )


SPECS = {
    "autoencode": spec(
        "autoencode", "conv-autoencoder", {}, model_params={"width": 4}, task_params={"noise": 0.2}
    ),
    "vae": spec("vae", "vae", {"averaging": 0.9, "keep_best": False}, model_params={"width": 4}),
    "gan": spec(
        "gan", "dcgan", {"averaging": 0.9, "keep_best": False, "optimiser": "adam", "clip": 1.0},
        model_params={"generator_width": 4, "discriminator_width": 4, "latent": 8,
                      "conditional": True},
        task_params={"samples": 100, "shift": 1},
    ),
    "gan, plateau": spec(
        "gan", "dcgan", {"schedule": "plateau"},
        model_params={"generator_width": 4, "discriminator_width": 4, "latent": 8},
        task_params={"samples": 100},
    ),
}  # fmt: skip


@contextmanager
def ended_at(model: str, step: int) -> Iterator[None]:
    """The worker is asked to end while the network that is trained takes this step.

    Copies, which are measured or averaged, do not count.
    """
    architecture = ARCHITECTURES[model]

    def build(shape: Any, params: Any) -> nn.Module:
        network = architecture.build(shape, params)
        part, count = getattr(network, PARTS[model]), 0

        def hook(module: nn.Module, inputs: Any) -> None:
            nonlocal count
            count += module is part and module.training
            if count == step and module is part and module.training:
                os.kill(os.getpid(), signal.SIGTERM)

        part.register_forward_pre_hook(hook)
        return network

    del ARCHITECTURES._entries[model]
    ARCHITECTURES.add(model, replace(architecture, module=build))
    try:
        yield
    finally:
        del ARCHITECTURES._entries[model]
        ARCHITECTURES.add(model, architecture)


@pytest.fixture(scope="module")
def home(new_home: Homes) -> Path:
    return new_home()


@pytest.fixture(scope="module")
def whole(home: Path) -> Callable[[str], RunRow]:
    """A run that was not stopped."""
    known: dict[str, RunRow] = {}

    def run(name: str) -> RunRow:
        if name not in known:
            known[name] = inline_queue(home).submit(complete(SPECS[name]))
            assert known[name].state == "finished", known[name].why
        return known[name]

    return run


@pytest.mark.parametrize(
    ("name", "step"),
    [("autoencode", 7), ("vae", 7), ("gan", 7), ("gan, plateau", 2 * STEPS_AN_EPOCH)],
)
def test_stopped_and_resumed(
    name: str, step: int, home: Path, whole: Callable[[str], RunRow]
) -> None:
    expected = curves(home, whole(name))
    assert list(expected["train/loss"]) == list(range(3 * STEPS_AN_EPOCH))
    with ended_at(SPECS[name].model, step):
        row = inline_queue(home).submit(complete(SPECS[name]))
    assert row.state == "interrupted"
    kept = read_checkpoint(checkpoint_folder(home, row.id) / f"latest-{step}.ckpt")
    assert kept["global_step"] == step
    row = inline_queue(home).resume(row.id)
    assert row.state == "finished", row.why
    assert_same(curves(home, row), expected)
