"""Which earlier tokens moved the log probability of a token: over their embedding vectors.

The score is a function of vectors, f: (batch, time, size) -> (batch,), the log probability of one
token after those that the vectors stand for.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.explain.progress import Progress
from dlexplain.explain.turnstile import Turnstile

Score = Callable[[Tensor], Tensor]
CHUNK = 8
"""Points of the path at once; more gain nothing for a network that goes step by step."""


@dataclass(frozen=True, eq=False)
class Moved:
    """values  (time,) what each token added
    score  f of the text itself
    error  of completeness, relative; None where the method promises none
    evaluations  how many texts went through the network
    """

    values: NDArray[np.float32]
    score: float
    error: float | None
    evaluations: int


def gradients(score: Score, vectors: Tensor, turnstile: Turnstile) -> tuple[Tensor, Tensor]:
    """f (batch,) and df/dx (batch, time, size) at x = vectors, in one turn at the model."""
    given = vectors.detach().requires_grad_()
    with turnstile.turn(), torch.enable_grad():
        found = score(given)
        (slope,) = torch.autograd.grad(found.sum(), given)
    return found.detach(), slope


def input_x_gradient(
    score: Score, vectors: Tensor, turnstile: Turnstile, progress: Progress
) -> Moved:
    """x . df/dx, summed over each token's vector (1, time, size): what is lost by making it zero,
    if f were linear. Shrikumar et al. 2016, https://arxiv.org/abs/1605.01713"""
    progress.plan(1)
    found, slope = gradients(score, vectors, turnstile)
    progress.advance(1)
    return Moved(_by_token(vectors * slope), float(found), None, 1)


def integrated_gradients(
    score: Score,
    vectors: Tensor,
    baseline: Tensor,
    turnstile: Turnstile,
    progress: Progress,
    steps: int = 32,
    tolerance: float = 0.005,
    most: int = 512,
) -> Moved:
    """(x - x') . integral of df/dx from x' to x, by Gauss-Legendre quadrature, summed over each
    token's vector; steps are doubled until the sum misses f(x) - f(x') by less than `tolerance` of
    it, or there are `most`. Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365

    vectors, baseline  (1, time, size)
    """
    progress.plan(steps + 2)
    with turnstile.turn(), torch.no_grad():
        ends = score(torch.cat([vectors, baseline])).double()
    progress.advance(2)
    difference, spent = float(ends[0] - ends[1]), 2
    while True:
        total = _along(score, vectors, baseline, steps, turnstile, progress)
        spent += steps
        values = _by_token((vectors - baseline) * total)
        missed = abs(float(values.sum(dtype=np.float64)) - difference)
        error = missed / max(abs(difference), 1e-6)
        if error <= tolerance or 2 * steps > most:
            return Moved(values, float(ends[0]), error, spent)
        steps *= 2
        progress.plan(steps)


def _along(
    score: Score,
    vectors: Tensor,
    baseline: Tensor,
    steps: int,
    turnstile: Turnstile,
    progress: Progress,
) -> Tensor:
    """(1, time, size), the mean gradient on the way."""
    points, weights = np.polynomial.legendre.leggauss(steps)
    places = torch.from_numpy((points + 1) / 2).to(vectors)
    shares = torch.from_numpy(weights / 2).to(vectors)
    total = torch.zeros_like(vectors)
    for some, share in zip(torch.split(places, CHUNK), torch.split(shares, CHUNK), strict=True):
        on_path = baseline + some[:, None, None] * (vectors - baseline)
        _, slope = gradients(score, on_path, turnstile)
        total += (share[:, None, None] * slope).sum(dim=0, keepdim=True)
        progress.advance(len(some))
    return total


def reach(score: Score, vectors: Tensor, turnstile: Turnstile) -> NDArray[np.float64]:
    """(batch, time): |df/dx| of the vector k = 1, 2, ... tokens before the one in question.

    vectors  (batch, time, size), each row the tokens before one token
    """
    _, slope = gradients(score, vectors, turnstile)
    found: NDArray[np.float64] = slope.norm(dim=-1).flip(1).double().cpu().numpy()
    return found


def _by_token(parts: Tensor) -> NDArray[np.float32]:
    """(1, time, size) -> (time,)"""
    return parts[0].sum(dim=-1).float().cpu().numpy()
