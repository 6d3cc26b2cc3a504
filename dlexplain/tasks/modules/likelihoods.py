"""The parts of a variational autoencoder's bound, in nats; pure functions.

Kingma and Welling 2014, appendix B, https://arxiv.org/abs/1312.6114
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

LOG_2_PI = math.log(2 * math.pi)


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)) of each dimension, the shape of both; 0 or more.

    (mean^2 + variance - 1 - log variance) / 2
    """
    return (mean.square() + log_variance.exp() - 1 - log_variance) / 2


def bernoulli_log_likelihood(logits: Tensor, target: Tensor) -> Tensor:
    """(batch,) sums over pixels of t log p + (1 - t) log(1 - p) with p = sigmoid(logits).

    target  0..1; grey ones count as the probability of white, as is usual for MNIST
    """
    losses = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return -losses.flatten(1).sum(1)


def gaussian_log_likelihood(logits: Tensor, target: Tensor, deviation: float) -> Tensor:
    """(batch,) sums over pixels of log N(target; sigmoid(logits), deviation^2), a density."""
    off = (target - torch.sigmoid(logits)) / deviation
    each = -(off.square() + LOG_2_PI) / 2 - math.log(deviation)
    return each.flatten(1).sum(1)
