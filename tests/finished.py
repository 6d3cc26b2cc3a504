"""Finished picture runs without the training: real files of small networks of random weights."""

import json
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

import dlexplain.networks  # noqa: F401, registers the architectures
from dlexplain.execution import paths
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import States
from dlexplain.networks.base import ARCHITECTURES, PictureShape
from dlexplain.params import parse
from dlexplain.settings import settings

MEAN, SCALE = 100.0, 50.0
Labels = tuple[str, ...]
ABC: Labels = ("apple", "bear", "cat", "dog", "egg", "fish")


def states() -> States:
    return States(paths.states_file(settings().home))


def network(
    architecture: str, channels: int, side: int, classes: int = 4, **params: Any
) -> nn.Module:
    """Random weights, unless it is pretrained, and batch norms that are not the identity."""
    torch.manual_seed(3)
    known = ARCHITECTURES[architecture]
    net = known.build(PictureShape(channels, side, classes), parse(known.Params, params))
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d) and not module.running_mean.any():
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.5, 2.0)
    return net.eval()


def finished_run(
    architecture: str = "cnn",
    channels: int = 1,
    side: int = 8,
    labels: Labels = ABC,
    data: str = "digits",
    accuracy: float = 0.75,
    samples: int = 6,
    **params: Any,
) -> str:
    """The id of a run that finished in the session's home folder, with its files."""
    params = params or {"width": 8, "blocks": 2, "dense": 16}
    spec = RunSpec(task="classify-image", model=architecture, data=data, model_params=params)
    run, home = states().add(spec).id, settings().home
    states().move(run, "running", "a test")
    states().attach(run)
    states().heartbeat(run, {"metrics": {"test/accuracy": accuracy}})
    states().move(run, "finished", "a test")
    paths.run_folder(home, run).mkdir(parents=True)
    net = network(architecture, channels, side, len(labels), **params)
    save_file(net.state_dict(), paths.weights_file(home, run))
    facts = {"channels": channels, "side": side, "classes": list(labels)}
    card = {"run": run, "spec": spec.to_dict(), "facts": {**facts, "mean": MEAN, "scale": SCALE}}
    paths.card_file(home, run).write_text(json.dumps(card))
    if samples:
        pixels = np.random.default_rng(5).integers(0, 256, (samples, side, side, channels))
        known = {"samples_labels": np.arange(samples) % len(labels)}
        np.savez(paths.results_file(home, run), samples_pixels=pixels.astype(np.uint8), **known)
    return run
