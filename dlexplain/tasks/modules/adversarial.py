"""Adversarial training: the network learns from pictures that an attack has moved against it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.tasks.modules.pictures import WHITE, PixelRange

FAST_STEP = 1.25
"""Of the budget, where there is one step (Wong et al. 2020)."""
REACH = 2.5
"""Budgets that all steps together could walk (Madry et al. 2018)."""


class Adversary:
    """PGD in L∞ against a network in training: x + δ with ‖δ‖∞ at most ε, within black and white.

        δ ← clip(δ + α sign(∇ loss(x + δ)), -ε, ε),  δ uniform in [-ε, ε] at first

    One step is FGSM from a random start (Wong et al. 2020, https://arxiv.org/abs/2001.03994), with
    α = 1.25 ε; more are PGD (Madry et al. 2018, https://arxiv.org/abs/1706.06083), with
    α = 2.5 ε / steps. The network is asked as in evaluation, so that its batch norms' averages are
    those of what it learns from, and dropout draws nothing (Pang et al. 2021,
    https://arxiv.org/abs/2010.00467).

    `dlexplain.attacks` asks finished models, in chunks and with the right class known; this one
    shares the training's batch, precision and random numbers.
    """

    def __init__(
        self, seen: PixelRange, levels: float, steps: int, repeatable: bool = False
    ) -> None:
        """levels  the budget in 1/255;  seen  how inputs are normalised
        repeatable  whether it starts where it started before, for a figure that others check
        """
        self.seen, self.levels, self.repeatable = seen, levels, repeatable
        self.epsilon = levels / seen.scale
        self.low, self.high = -seen.mean / seen.scale, (WHITE - seen.mean) / seen.scale
        self.steps = steps
        self.step = self.epsilon * (FAST_STEP if steps == 1 else REACH / steps)

    def judging(self, steps: int) -> "Adversary":
        """The same within the same budget, of other steps, and from the same start every time."""
        return Adversary(self.seen, self.levels, steps, repeatable=True)

    def __call__(self, network: nn.Module, x: Tensor, loss: Callable[[Tensor], Tensor]) -> Tensor:
        """(batch, channels, side, side) normalised -> where the attack ends, detached.

        loss  logits (batch, classes) -> the mean loss, to be made large
        """
        # Augmented pictures may lie beyond black and white; they are not moved further.
        lowest = torch.minimum(x, (x - self.epsilon).clamp_min(self.low))
        highest = torch.maximum(x, (x + self.epsilon).clamp_max(self.high))
        moved = torch.clamp(x + self.epsilon * self._start(x), lowest, highest)
        with as_in_evaluation(network), torch.enable_grad():
            for _ in range(self.steps):
                leaf = moved.detach().requires_grad_()
                (slope,) = torch.autograd.grad(loss(network(leaf).float()), leaf)
                moved = torch.clamp(leaf.detach() + self.step * slope.sign(), lowest, highest)
        return moved.contiguous(memory_format=torch.channels_last)

    def _start(self, x: Tensor) -> Tensor:
        """Uniform in [-1, 1], of the shape of x."""
        if not self.repeatable:
            return 2 * torch.rand_like(x) - 1
        generator = torch.Generator().manual_seed(0)
        return 2 * torch.rand(x.shape, generator=generator).to(x) - 1


def move_vectors(
    vectors: Tensor, mask: Tensor, loss: Callable[[Tensor], Tensor], share: float
) -> Tensor:
    """(batch, time, size) word vectors -> v + share ‖v‖ g / ‖g‖, one step of length share ‖v‖
    along the gradient g of the loss, with the Frobenius norm of each text (Miyato et al. 2017,
    https://arxiv.org/abs/1605.07725). The step is detached, the vectors are not.

    mask  (batch, time) bool, True at tokens of the text: others neither move nor count
    loss  vectors -> the mean loss, to be made large
    """
    leaf = vectors.detach().requires_grad_()
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(loss(leaf), leaf)
    inside = mask[..., None]
    slope = (slope * inside).float()
    # Made large first: of a network that is very sure its squares would be 0.
    slope = slope / slope.abs().amax((1, 2), keepdim=True).clamp_min(torch.finfo(slope.dtype).tiny)
    length = slope.flatten(1).norm(dim=1)[:, None, None].clamp_min(1e-12)
    far = (vectors.detach().float() * inside).flatten(1).norm(dim=1)[:, None, None]
    step: Tensor = (share * far * slope / length).to(vectors.dtype)
    return vectors + step


def divergence(logits: Tensor, moved: Tensor) -> Tensor:
    """KL(softmax(logits) || softmax(moved)), the mean of the batch; (batch, classes) each."""
    return F.kl_div(
        moved.log_softmax(1), logits.log_softmax(1), log_target=True, reduction="batchmean"
    )


@contextmanager
def as_in_evaluation(network: nn.Module) -> Iterator[None]:
    """Batch norms and dropout as in evaluation, and afterwards as they were."""
    training = [module for module in network.modules() if module.training]
    network.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True
