"""How strongly a token's log probability reacts to each token before it."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.explainers.fair_lock import FairLock

Score = Callable[[Tensor], Tensor]
"""(batch, time, size) vectors -> (batch,) the log probability of the token after them"""


def gradients(score: Score, vectors: Tensor, lock: FairLock) -> tuple[Tensor, Tensor]:
    """f (batch,) and df/dx (batch, time, size) at x = vectors, in one turn at the model."""
    given = vectors.detach().requires_grad_()
    with lock.turn(), torch.enable_grad():
        found = score(given)
        (slope,) = torch.autograd.grad(found.sum(), given)
    return found.detach(), slope


def reach(score: Score, vectors: Tensor, lock: FairLock) -> NDArray[np.float64]:
    """(batch, time): |df/dx| of the vector k = 1, 2, ... tokens before the one in question.

    vectors  (batch, time, size), each row the tokens before one token
    """
    _, slope = gradients(score, vectors, lock)
    found: NDArray[np.float64] = slope.norm(dim=-1).flip(1).double().cpu().numpy()
    return found
