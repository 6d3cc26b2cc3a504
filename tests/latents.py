"""Small models that make pictures, of random weights: loaded ones, and finished runs on disk."""

import json
from typing import Any

import numpy as np
from safetensors.torch import save_file

from dlexplain.data.base import Pictures
from dlexplain.execution import paths
from dlexplain.execution.spec import RunSpec
from dlexplain.results import EncodedPictures
from dlexplain.services.latent.models import LatentModel
from dlexplain.services.loading import load
from dlexplain.settings import settings
from tests.finished import MEAN, SCALE, network, states

TASKS = {"vae": "vae", "mlp-autoencoder": "autoencode", "conv-autoencoder": "autoencode",
         "dcgan": "gan"}  # fmt: skip
SIZES: dict[str, dict[str, Any]] = {
    "vae": {"latent": 3, "width": 4, "layers": "dense"},
    "mlp-autoencoder": {"latent": 3, "hidden": 16, "layers": 1},
    "conv-autoencoder": {"latent": 3, "width": 4},
    "dcgan": {"latent": 5, "generator_width": 4, "discriminator_width": 4, "conditional": True},
}
CLASSES = ("row", "column")
SIDE = 8


def finished(architecture: str, channels: int = 1, data: str = "digits", **params: Any) -> str:
    """The id of a run that finished in the session's home folder, with its files."""
    params = SIZES[architecture] | params
    task = TASKS[architecture]
    spec = RunSpec(task=task, model=architecture, data=data, model_params=params, name="tiny")
    run, home = states().add(spec).id, settings().home
    states().move(run, "running", "a test")
    states().attach(run)
    states().move(run, "finished", "a test")
    paths.run_folder(home, run).mkdir(parents=True)
    net = network(architecture, channels, SIDE, len(CLASSES), **params)
    save_file(net.state_dict(), paths.weights_file(home, run))
    facts = {"channels": channels, "side": SIDE, "classes": list(CLASSES), "mean": MEAN}
    card = {"run": run, "spec": spec.to_dict(), "facts": {**facts, "scale": SCALE}}
    paths.card_file(home, run).write_text(json.dumps(card))
    return run


def model(architecture: str, channels: int = 1, **params: Any) -> LatentModel:
    """It, loaded."""
    return load(LatentModel, finished(architecture, channels, **params))


def pictures(count: int, seed: int = 0, channels: int = 1) -> Pictures:
    """Noise in two classes, by turns."""
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (count, SIDE, SIDE, channels)).astype(np.uint8)
    return Pictures(pixels, np.arange(count, dtype=np.int64) % 2)


def encoded(codes: Any, tested: Any, labels: Any, **more: Any) -> EncodedPictures:
    """Of given codes (count, latent)."""
    codes = np.asarray(codes, np.float32)
    pixels = pictures(len(codes)).pixels
    given = {"kl": np.zeros(0, np.float32), "errors": np.zeros(len(codes), np.float32), **more}
    return EncodedPictures(
        "m", "d", CLASSES, pixels, np.asarray(labels), np.asarray(tested, bool), codes, **given
    )
