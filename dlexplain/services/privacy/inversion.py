"""Pictures that a classifier itself gives of its classes, by gradient descent from grey.

Fredrikson, Jha and Ristenpart, "Model Inversion Attacks that Exploit Confidence Information and
Basic Countermeasures", 2015, https://doi.org/10.1145/2810103.2813677.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from dlexplain.data.base import PictureData
from dlexplain.errors import BadInput, Incompatible
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.params import Spec, Value, as_dict, number, parse, specs
from dlexplain.results.inversion import Inversion
from dlexplain.services.loading import load
from dlexplain.services.pictures.data import fitting, load_pictures, other_data_note
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.privacy.records import spec_of
from dlexplain.trained.catalogue import find

__all__ = ["Params", "inversion_params", "invert"]
MOST_CLASSES = 20
FIRST_SPREAD = 0.01
"""Of the noise on the first grey, as a part of the model's range."""


@dataclass(frozen=True)
class Params:
    """How the pictures are made."""

    steps: int = number(200, "Steps", low=1, high=5000, help="Of gradient descent.")
    rate: float = number(
        0.02,
        "Rate",
        low=1e-4,
        high=1.0,
        step=0.01,
        help="Root mean square over the pixels of the first step, as a part of black to white; "
        "steps shrink to nothing at the end.",
    )
    variation: float = number(
        1.0,
        "Total variation",
        low=0.0,
        high=100.0,
        step=0.1,
        help="Weight of the mean difference of neighbouring pixels, which keeps pictures smooth.",
    )
    length: float = number(
        0.3,
        "Length",
        low=0.0,
        high=100.0,
        step=0.1,
        help="Weight of the mean squared distance from grey.",
    )
    seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="Of the noise on the first grey.")


def inversion_params() -> dict[str, Spec]:
    """What can be asked of `invert`."""
    return specs(Params)


def descend(
    logits: Callable[[Tensor], Tensor],
    shape: tuple[int, ...],
    value_range: tuple[float, float],
    params: Params,
    labels: Tensor,
    progress: Progress,
) -> Tensor:
    """(classes, *shape) one input a class, found by normalised gradient descent from grey on

        cross-entropy(logits(x), label) + variation TV(x) + length mean((x - grey)^2)

    with x in units of the range, in which it is kept.
    """
    low, high = value_range
    generator = torch.Generator().manual_seed(params.seed)
    noise = torch.randn((1, *shape), generator=generator)
    x = (0.5 + FIRST_SPREAD * noise).expand(len(labels), *shape).to(labels.device).clone()
    progress.plan(params.steps)
    for step in range(params.steps):
        x.requires_grad_()
        loss = F.cross_entropy(logits(low + (high - low) * x), labels, reduction="sum")
        loss = loss + params.length * ((x - 0.5) ** 2).flatten(1).mean(1).sum()
        if params.variation:
            loss = loss + params.variation * variation(x).sum()
        (gradient,) = torch.autograd.grad(loss, x)
        size = gradient.flatten(1).pow(2).mean(1).sqrt().clamp_min(1e-12)
        rate = params.rate * (1 - step / params.steps)
        pull = gradient / size.view(-1, *[1] * len(shape))
        x = (x - rate * pull).clamp(0, 1).detach()
        progress.advance(1)
    return low + (high - low) * x


def variation(x: Tensor) -> Tensor:
    """(batch, channels, height, width) -> (batch,) mean absolute difference of neighbours."""
    down = (x[..., 1:, :] - x[..., :-1, :]).abs().flatten(1).mean(1)
    across = (x[..., 1:] - x[..., :-1]).abs().flatten(1).mean(1)
    return down + across


@random_state_kept()
def invert(
    model: LoadedModel | str,
    data: str = "",
    progress: Progress | None = None,
    **params: Value,
) -> Inversion:
    """One picture of each class, as the model itself gives it, beside the mean training picture.

    model   from `dx.load`, or its name: a picture classifier of the zoo, or a finished run
    data    where its data set lies, if not where the training found it
    params  see Params

    Raises Incompatible, ParamError, BadInput where its data is not known or has too many classes,
    DataError where it is not here, or Cancelled.
    """
    name = model if isinstance(model, str) else getattr(model, "name", "")
    entry = find(name)
    if entry.task != "classify-image":
        raise Incompatible(f"{name} is no picture classifier")
    wanted, progress = parse(Params, params), progress or Progress()
    spec = spec_of(entry)
    known = load_pictures(spec.data, spec.data_params, data)
    if len(known.classes) > MOST_CLASSES:
        raise BadInput(
            f"{name} has {len(known.classes)} classes; at most {MOST_CLASSES} are inverted"
        )
    loaded = model if isinstance(model, LoadedModel) else load(LoadedModel, name)
    fitting(known, spec.data, loaded.spec.input_shape[0], loaded.spec.input_shape[1])
    prepared = loaded.prepared
    labels = torch.arange(len(known.classes), device=prepared.device)

    def logits(x: Tensor) -> Tensor:
        with prepared.lock.turn():
            return prepared.module(x).float()  # type: ignore[no-any-return]

    with torch.enable_grad():
        found = descend(
            logits, prepared.input_shape, prepared.value_range, wanted, labels, progress
        )
    with torch.no_grad():
        probabilities = logits(found).softmax(1).diagonal().double().cpu().numpy()
    note = other_data_note(known, str(entry.trained.facts.get("digest", "")))
    low, high = prepared.value_range
    pictures = (255 * ((found - low) / (high - low)).clamp(0, 1)).round().cpu()
    shown = pictures.permute(0, 2, 3, 1).to(torch.uint8).numpy()
    return Inversion(
        model=loaded.name,
        data=spec.data,
        classes=tuple(map(str, known.classes)),
        pictures=shown,
        probabilities=probabilities,
        params=as_dict(wanted),
        seconds=progress.seconds,
        notes=(note,) if note else (),
        **_beside(shown, known),
    )


def _beside(pictures: NDArray[np.uint8], data: PictureData) -> Mapping[str, Any]:
    """Mean training pictures, and how like them and like those of other classes each picture is."""
    train, count = data.train, len(data.classes)
    means = np.stack([train.pixels[train.labels == label].mean(0) for label in range(count)])
    alike = correlations(pictures.reshape(count, -1), means.reshape(count, -1))
    elsewhere = np.where(np.eye(count, dtype=bool), -np.inf, alike).max(1)
    return {
        "means": means.round().astype(np.uint8),
        "correlations": alike.diagonal().copy(),
        "others": elsewhere,
    }


def correlations(one: NDArray[np.generic], two: NDArray[np.generic]) -> NDArray[np.float64]:
    """(a, pixels), (b, pixels) -> (a, b) Pearson's; 0 of what is all one value."""
    centred = [
        each.astype(np.float64) - each.astype(np.float64).mean(1, keepdims=True)
        for each in (one, two)
    ]
    scaled = [
        c / np.where(n > 0, n, 1.0)
        for c in centred
        for n in (np.linalg.norm(c, axis=1, keepdims=True),)
    ]
    return np.asarray(scaled[0] @ scaled[1].T)
