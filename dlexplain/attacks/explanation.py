"""An attack on the explanation: the class stays, the map moves."""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.attacks.base import Budget
from dlexplain.attacks.projection import project, random_start
from dlexplain.attacks.victim import Victim
from dlexplain.errors import Incompatible
from dlexplain.params import number

SHARPNESS = 30.0
"""Of the softplus that stands for a ReLU: whose gradient is flat, and has none of its own."""
TINY = 1e-30


@dataclass(frozen=True)
class ExplanationParams:
    steps: int = number(50, "Steps", low=1, high=500, help="Each costs two gradients and a second.")
    step_size: float = number(
        0.1, "Step", low=0.001, high=1.0, help="Length of a step, as a share of the budget."
    )
    share: float = number(
        0.1, "Share of the map", low=0.01, high=0.5, help="The most marked part, which is to move."
    )


def evaluations(params: ExplanationParams) -> int:
    """Of the model, an input."""
    return 4 * params.steps + 1


def move_map(
    victim: Victim, budget: Budget, params: ExplanationParams, generator: torch.Generator
) -> Tensor:
    """(n, ...) where the map of gradients is another and the class the same (Ghorbani et al. 2019,
    https://arxiv.org/abs/1710.10547, the top-k attack).

    With m(x) = Σ_c |∂z_y / ∂x_c| and T the places of the largest m of the input as it is, steps of
    sign descent make Σ_T m / Σ m small, each projected onto the budget. Descending needs the second
    derivative; that of ReLUs is zero, so they are softplus of sharpness 30 there. Of all steps the
    one is kept in which the model itself, with its ReLUs, says the class that is right and the
    fewest of T are among the largest; the input itself where no step keeps the class. Raises
    Incompatible where there is no second derivative.
    """
    with victim.model.lock.turn():  # whoever explains with hooks has them on the module
        smooth = softened(victim.model.module)
    first = saliency(victim, victim.x)
    count = max(1, round(params.share * first[0].numel()))
    top = _largest(first, count)
    best, kept = victim.x.clone(), torch.ones(len(victim.x), device=victim.x.device)
    moved = random_start(victim.x, budget, generator)
    deaf = True
    for _ in range(params.steps):
        slope = _slope(victim, smooth, moved, top)
        deaf = deaf and not bool(slope.any())
        step = params.step_size * budget.epsilon * slope.sign()
        moved = project(moved - step, victim.x, budget)
        now = _largest(saliency(victim, moved), count)
        shared = (now & top).flatten(1).sum(1) / count
        same = victim.logits(moved).argmax(1) == victim.labels
        better = same & (shared < kept)
        best[better], kept[better] = moved[better], shared[better]
    if deaf:
        raise Incompatible(
            "the map of this model's gradients cannot be moved by their own gradients, which are 0 "
            "everywhere: its ReLUs are called as functions, or it is linear"
        )
    return best


def saliency(victim: Victim, x: Tensor) -> Tensor:
    """(n, height, width) sums over channels of the absolute gradient of the right class' logit."""
    gradients, _ = victim.jacobian_rows(x, victim.labels[:, None])
    return gradients[:, 0].abs().sum(1)


def _slope(victim: Victim, smooth: nn.Module, x: Tensor, top: Tensor) -> Tensor:
    """Gradient by x of the part of the map that lies in `top`, of the softened model."""
    leaf = x.detach().requires_grad_()
    with torch.enable_grad():
        scores = smooth(victim.scaled(leaf)).gather(1, victim.labels[:, None]).sum()
        (first,) = torch.autograd.grad(scores, leaf, create_graph=True)
        found = first.abs().sum(1)  # (n, height, width)
        part = (found * top).flatten(1).sum(1) / (found.flatten(1).sum(1) + TINY)
        if not part.requires_grad:  # a linear model's map is the same everywhere
            return torch.zeros_like(x)
        (slope,) = torch.autograd.grad(part.sum(), leaf, allow_unused=True)
    victim.progress.advance(2 * len(x))
    return torch.zeros_like(x) if slope is None else slope


def _largest(found: Tensor, count: int) -> Tensor:
    """(n, height, width) -> bool, True at the largest `count`."""
    flat = found.flatten(1)
    inside = torch.zeros_like(flat, dtype=torch.bool)
    return inside.scatter(1, flat.topk(count, 1).indices, True).view_as(found)


class _Softened(nn.Module):
    """A ReLU, cut at `most` or not, whose slope changes little by little."""

    def __init__(self, most: float | None = None) -> None:
        super().__init__()
        self.most = most

    def forward(self, x: Tensor) -> Tensor:
        found = F.softplus(x, beta=SHARPNESS)
        return found if self.most is None else found - F.softplus(x - self.most, beta=SHARPNESS)


def softened(module: nn.Module) -> nn.Module:
    """A copy whose ReLU and ReLU6 modules are smooth. A ReLU that is called as a function stays."""
    found = copy.deepcopy(module)
    for parent in list(found.modules()):
        # named_children leaves out the second place of one that is used twice.
        for name, child in list(parent._modules.items()):
            if isinstance(child, nn.ReLU6):
                setattr(parent, name, _Softened(6.0))
            elif isinstance(child, nn.ReLU):
                setattr(parent, name, _Softened())
    return found
