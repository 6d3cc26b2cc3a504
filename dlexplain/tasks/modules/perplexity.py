"""Perplexity: exp of the mean negative log likelihood of a text's tokens, in nats."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.networks.modules.language import State

LARGEST = 50.0
"""Nats; a mean beyond is no better than a wild guess, and its exponential would not be finite."""


def perplexity(mean: float) -> float:
    """From the mean negative log likelihood in nats."""
    return math.exp(min(mean, LARGEST))


class Surprise:
    """A text as it is read: its tokens, each one's negative log likelihood, and the state."""

    def __init__(self) -> None:
        self.state: State | None = None
        self._tokens: list[Tensor] = []
        self._lost: list[Tensor] = []

    def add(self, tokens: Tensor, lost: Tensor) -> None:
        """(tokens,) each"""
        self._tokens.append(tokens.cpu())
        self._lost.append(lost.cpu())

    def tokens(self) -> NDArray[np.int64]:
        return torch.cat(self._tokens).numpy()

    def lost(self) -> NDArray[np.float64]:
        """In nats."""
        return torch.cat(self._lost).double().numpy()

    def mean(self) -> float:
        return float(self.lost().mean())


def by_frequency(
    tokens: NDArray[np.int64], lost: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Mean loss of tokens that occur once in the text, 2 to 9 times, 10 to 99 times, and so on.

    Returns the least number of times of each class that there is, the tokens in it, their mean.
    """
    often = np.bincount(tokens)[tokens]  # of each token
    classes = np.floor(np.log10(often)).astype(np.int64) + (often > 1)  # 1 | 2-9 | 10-99 | ...
    # often = 1 -> 0; 2..9 -> 1; 10..99 -> 2
    found = np.unique(classes)
    least = np.where(found == 0, 1, np.where(found == 1, 2, 10 ** np.maximum(found - 1, 0)))
    counts = np.array([(classes == c).sum() for c in found])
    means = np.array([lost[classes == c].mean() for c in found])
    return least.astype(np.int64), counts.astype(np.int64), means
