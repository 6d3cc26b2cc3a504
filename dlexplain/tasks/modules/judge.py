"""Fitting a small picture classifier, and what it finds of pictures that were made.

Its last hidden layer gives the features of the Frechet distance, its classes tell what the pictures
seem to be. Fitting takes seconds on some thousand small pictures.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.errors import DataError
from dlexplain.networks.modules.picture_judge import PictureJudge

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
Labelled = Callable[[str, int, int], tuple[Tensor, Tensor]]
"""(part, most, seed) -> normalised pictures and labels"""


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a judge finds of samples.

    distance  Frechet distance of their features to those of real pictures
    said      (samples,) the likeliest class of each; `sure`, its probability
    counts    (classes,) samples that surely are of each class
    confident_real  the part of the real pictures that surely are of some class
    """

    distance: float
    said: NDArray[np.int64]
    sure: NDArray[np.float32]
    counts: NDArray[np.int64]
    confident_real: float

    @property
    def confident(self) -> float:
        """The part of the samples that surely are of some class."""
        return float((self.sure > SURE).mean())


def fit_judge(judge: PictureJudge, labelled: Labelled, seed: int = 0) -> None:
    """By training pictures; how well it does is told by validation ones.

    The same pictures and seed give the same judge, and nothing is drawn from the caller's
    generator. Raises DataError for pictures of one class.
    """
    x, y = labelled("train", MOST, 0)
    if int((y != y[0]).sum()) == 0:
        raise DataError(
            "the pictures are all of one class; at least two are needed to judge what is made"
        )
    with torch.random.fork_rng([]), torch.enable_grad():
        torch.manual_seed(seed)
        for module in judge.modules():
            if isinstance(module, nn.Conv2d | nn.Linear | nn.GroupNorm):
                module.reset_parameters()
        judge.requires_grad_(True)
        _fit(judge, x, y)
        judge.requires_grad_(False)
    x, y = labelled("validation", MOST, 0)
    said = torch.from_numpy(see(judge, x)[1].argmax(1))
    judge.accuracy.fill_(float((said == y.cpu()).float().mean()))


def _fit(judge: PictureJudge, x: Tensor, y: Tensor) -> None:
    steps = EPOCHS * -(-len(x) // BATCH)
    optimiser = torch.optim.AdamW(judge.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for _ in range(EPOCHS):
        for places in torch.split(torch.randperm(len(x)), BATCH):
            features = judge.features(shifted(x[places], SHIFT))
            loss = F.cross_entropy(judge.head(F.dropout(features, DROPOUT)), y[places])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()


def see(judge: PictureJudge, x: Tensor) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(count, FEATURES) and (count, classes) probabilities of normalised pictures."""
    features, shares = [], []
    with torch.no_grad():
        for part in torch.split(x, AT_ONCE):
            found = judge.features(part)
            features.append(found)
            shares.append(judge.head(found).softmax(1))
    return torch.cat(features).cpu().numpy(), torch.cat(shares).cpu().numpy()


def verdict(judge: PictureJudge, made: Tensor, real: Tensor) -> Verdict:
    """Of normalised samples, beside real pictures."""
    features, shares = see(judge, made)
    real_features, real_shares = see(judge, real)
    said, sure = shares.argmax(1), shares.max(1)
    counts = np.bincount(said[sure > SURE], minlength=shares.shape[1])
    sure_real = float((real_shares.max(1) > SURE).mean())
    return Verdict(frechet_distance(real_features, features), said, sure, counts, sure_real)


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


Features = NDArray[np.floating]


def frechet_distance(features_a: Features, features_b: Features) -> float:
    """|m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)) of two (count, features) arrays.

    0 for equal means and covariances. It depends on the features and, since a covariance of few
    examples is uncertain, on the counts: compare only what was measured alike.
    """
    a, b = np.asarray(features_a, np.float64), np.asarray(features_b, np.float64)
    if min(len(a), len(b)) < 2:
        raise ValueError(f"{min(len(a), len(b))} vectors have no covariance; at least 2 are needed")
    between = a.mean(0) - b.mean(0)
    cov_a, cov_b = _covariance(a), _covariance(b)
    root = _root(cov_a)
    # C_a C_b has the eigenvalues of the symmetric C_a^(1/2) C_b C_a^(1/2).
    eigenvalues = np.linalg.eigvalsh(root @ cov_b @ root)
    cross = np.sqrt(eigenvalues.clip(min=0)).sum()
    return float(max(0.0, between @ between + np.trace(cov_a) + np.trace(cov_b) - 2 * cross))


def _covariance(features: NDArray[np.float64]) -> NDArray[np.float64]:
    off = features - features.mean(0)
    found: NDArray[np.float64] = off.T @ off / (len(features) - 1)
    return found


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The symmetric square root of a positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    found: NDArray[np.float64] = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    return found
