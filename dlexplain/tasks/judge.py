"""A small picture classifier that is trained on the spot, to judge what a GAN makes.

Its last hidden layer gives the features of the Frechet distance, its classes tell what the pictures
seem to be. It takes seconds on some thousand small pictures.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.errors import DataError
from dlexplain.tasks.frechet import frechet_distance

FEATURES = 64
WIDTH = 16
EPOCHS = 8
BATCH = 64
RATE = 4e-3
DROPOUT = 0.3
SHIFT = 2
"""Pixels by which training pictures are moved, so that it knows more than it was shown."""
AT_ONCE = 500
MOST = 6000
"""Training pictures that it learns from."""
SURE = 0.9
"""Probability above which it is sure."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a judge finds of samples.

    distance  Frechet distance of their features to those of real pictures
    said      (samples,) the likeliest class of each; `sure`, its probability
    counts    (classes,) samples that surely are of each class
    """

    distance: float
    said: NDArray[np.int64]
    sure: NDArray[np.float32]
    counts: NDArray[np.int64]

    @property
    def confident(self) -> float:
        """The part of the samples that surely are of some class."""
        return float((self.sure > SURE).mean())


class Judge:
    """Fitted to (count, channels, side, side) normalised pictures and their labels.

    No nn.Module, so that a task which holds one does not keep it with its weights. The same
    pictures and seed give the same judge, and nothing is drawn from the caller's generator.
    """

    accuracy = 0.0
    """On pictures that it was not fitted to."""

    def __init__(self, x: Tensor, y: Tensor, classes: int, seed: int = 0) -> None:
        devices = [x.device] if x.device.type == "cuda" else []
        with torch.random.fork_rng(devices), torch.enable_grad():
            torch.manual_seed(seed)
            self.body = _body(x.shape[1], x.shape[2]).to(x.device)
            self.head = nn.Linear(FEATURES, classes).to(x.device)
            self._fit(x, y)

    def _fit(self, x: Tensor, y: Tensor) -> None:
        parameters = [*self.body.parameters(), *self.head.parameters()]
        steps = EPOCHS * -(-len(x) // BATCH)
        optimiser = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
        for _ in range(EPOCHS):
            for places in torch.split(torch.randperm(len(x)), BATCH):
                places = places.to(x.device)
                logits = self.head(F.dropout(self.body(shifted(x[places], SHIFT)), DROPOUT))
                loss = F.cross_entropy(logits, y[places])
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                schedule.step()

    def see(self, x: Tensor) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(count, FEATURES) and (count, classes) probabilities"""
        features, shares = [], []
        with torch.no_grad():
            for part in torch.split(x, AT_ONCE):
                found = self.body(part)
                features.append(found)
                shares.append(self.head(found).softmax(1))
        return torch.cat(features).cpu().numpy(), torch.cat(shares).cpu().numpy()

    def verdict(self, made: Tensor, real: Tensor) -> Verdict:
        """Of normalised samples, beside real pictures."""
        features, shares = self.see(made)
        real_features, _ = self.see(real)
        said, sure = shares.argmax(1), shares.max(1)
        counts = np.bincount(said[sure > SURE], minlength=shares.shape[1])
        return Verdict(frechet_distance(real_features, features), said, sure, counts)


def trained_judge(
    labelled: Callable[[str, int, int], tuple[Tensor, Tensor]], classes: int
) -> Judge:
    """Fitted to training pictures, its accuracy told by validation ones.

    labelled  (part, most, seed) -> normalised pictures and labels
    Raises DataError for pictures of one class.
    """
    with torch.inference_mode(False):  # it learns, also in a test
        x, y = labelled("train", MOST, 0)
        if int((y != y[0]).sum()) == 0:
            raise DataError(
                "the pictures are all of one class; at least two are needed to judge what is made"
            )
        judge = Judge(x, y, classes)
        x, y = labelled("validation", MOST, 0)
        said = judge.see(x)[1].argmax(1)
        judge.accuracy = float((said == y.cpu().numpy()).mean())
    return judge


def shifted(x: Tensor, most: int) -> Tensor:
    """Each picture moved by up to `most` pixels either way, edges repeated; differentiable."""
    count, _, height, width = x.shape
    device = x.device
    down, right = (torch.randint(0, 2 * most + 1, (count, 1), device=device) for _ in range(2))
    rows = down + torch.arange(height, device=device)  # (count, height)
    columns = right + torch.arange(width, device=device)
    padded = F.pad(x, (most, most, most, most), mode="replicate").permute(0, 2, 3, 1)
    picture = torch.arange(count, device=device)[:, None, None]
    return padded[picture, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _body(channels: int, side: int) -> nn.Sequential:
    """Group norms, so that a picture's features do not depend on the others in its batch."""
    layers: list[nn.Module] = []
    width = WIDTH
    while side >= 4 and len(layers) < 12:
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.GroupNorm(4, width)]
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
        channels, width, side = width, 2 * width, side // 2
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Linear(channels * side * side, FEATURES), nn.ReLU()
    )
