"""Quantus on the pictures of benchmarks/quality.py, in a process of its own."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peer import Cases

METHOD = "InputXGradient"
"""What Quantus is told to explain with, where it asks for explanations."""


@dataclass(frozen=True)
class Asked:
    """What both sides are asked of one model.

    model    of the zoo;  inputs  (pictures, channels, height, width);  targets  (pictures,)
    maps     (pictures, 1 + random maps, height, width), each picture's own first
    values   (pictures, channels, height, width) the own maps before channels are summed
    value_range  of black and white
    points   steps of deletion, each of as many values
    shares   that ROAD takes away
    few      pictures of which what takes long is asked: ROAD and parameter randomisation
    changes  of infidelity;  near  points of max-sensitivity;  radius  in units of the input
    batch    None as Quantus comes, or its batch size
    """

    model: str
    inputs: NDArray[np.float32]
    targets: NDArray[np.int64]
    maps: NDArray[np.float32]
    values: NDArray[np.float32]
    value_range: tuple[float, float]
    points: int
    shares: tuple[float, ...]
    few: int
    changes: int
    near: int
    radius: float
    batch: int | None = None


def network(name: str) -> Any:
    """The zoo's model with its weights as they are read."""
    import dlexplain.networks  # noqa: F401, registers the architectures
    from dlexplain.networks.base import MODELS
    from dlexplain.trained.catalogue import trained
    from dlexplain.trained.networks import load_network

    found = MODELS[name].network() if name in MODELS else load_network(trained(name))
    return found.eval()


def layers_of(name: str) -> int:
    """How many layers' weights Quantus makes random, one after the other."""
    from tests.quantus_metrics import quantus

    wrapped = quantus.helpers.model.pytorch_model.PyTorchModel(network(name), channel_first=True)
    return int(wrapped.random_layer_generator_length)


def evaluations(asked: Asked) -> dict[str, int]:
    """How many Quantus makes, by the names of our metrics."""
    pictures, maps = asked.maps.shape[:2]
    return {
        "deletion": pictures * maps * asked.points,
        "road-most": asked.few * maps * len(asked.shares),
        "infidelity": pictures * (1 + asked.changes),
        "max-sensitivity": pictures * asked.near,
        "parameter-randomisation": asked.few * (1 + layers_of(asked.model)),
    }


def quantus_on_pictures(asked: Asked) -> Cases:
    """By the names of our metrics. What each returns is as ours gives it, where both are sure."""
    from tests.quantus_metrics import quantus

    warnings.filterwarnings("ignore")
    model = network(asked.model)
    count, maps = asked.maps.shape[:2]
    size = {} if asked.batch is None else {"batch_size": asked.batch}
    usual: dict[str, Any] = {"disable_warnings": True}
    explaining = {
        "explain_func": quantus.explain,
        "explain_func_kwargs": {"method": METHOD, "reduce_axes": (1,)},
    }

    def ask(metric: Any, inputs: Any, targets: Any, values: Any, **more: Any) -> Any:
        return metric(
            model=model, x_batch=inputs, y_batch=targets, a_batch=values, device="cpu",
            channel_first=True, **size, **more,
        )  # fmt: skip

    def each(pictures: int) -> tuple[Any, Any, Any]:
        """Each of the pictures once with each of its maps."""
        inputs = np.repeat(asked.inputs[:pictures], maps, 0)
        targets = np.repeat(asked.targets[:pictures], maps)
        return inputs, targets, asked.maps[:pictures].reshape(-1, 1, *asked.maps.shape[2:])

    def deletion() -> NDArray[np.float32]:
        """(pictures * maps, points). Quantus takes away values rather than pixels, so that at each
        step one pixel has lost some of its channels only."""
        metric = quantus.PixelFlipping(
            features_in_step=asked.inputs[0].size // asked.points,
            perturb_baseline=asked.value_range[0],
            normalise=False,
            **usual,
        )
        return np.asarray(ask(metric, *each(count)), np.float32)

    def road() -> NDArray[np.float32]:
        """Of more channels than one Quantus takes places beyond those that it can impute; here the
        first channel has the map, the others come after it, and shares are of all channels."""
        channels = asked.inputs.shape[1]
        inputs, targets, values = each(asked.few)
        last = np.full_like(values, values.min() - 1).repeat(channels - 1, 1)
        percentages = [100 * share / channels for share in asked.shares]
        metric = quantus.ROAD(percentages=percentages, noise=0.0, normalise=False, **usual)
        found = ask(metric, inputs, targets, np.concatenate([values, last], 1))
        return np.asarray(list(found.values()), np.float32)

    def infidelity() -> NDArray[np.float32]:
        """Sixteen squares, one after the other, so often that the evaluations are as many."""
        metric = quantus.Infidelity(
            perturb_patch_sizes=[asked.inputs.shape[-1] // 4],
            n_perturb_samples=asked.changes // 16,
            perturb_baseline=asked.value_range[0],
            **usual,
        )
        own = asked.maps[:, :1]
        return np.asarray(ask(metric, asked.inputs, asked.targets, own), np.float32)

    def sensitivity() -> NDArray[np.float32]:
        metric = quantus.MaxSensitivity(nr_samples=asked.near, lower_bound=asked.radius, **usual)
        kept = {"method": METHOD, "reduce_axes": ()}
        more = {**explaining, "explain_func_kwargs": kept}
        return np.asarray(
            ask(metric, asked.inputs, asked.targets, asked.values, **more), np.float32
        )

    def randomisation() -> NDArray[np.float32]:
        """(layers, pictures)"""
        metric, few = quantus.MPRT(**usual), slice(asked.few)
        own = asked.maps[few, :1]
        found = ask(metric, asked.inputs[few], asked.targets[few], own, **explaining)
        return np.asarray([found[key] for key in found if key != "original"], np.float32)

    return {
        "deletion": deletion,
        "road-most": road,
        "infidelity": infidelity,
        "max-sensitivity": sensitivity,
        "parameter-randomisation": randomisation,
    }
