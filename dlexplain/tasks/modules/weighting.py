"""How the losses of several heads become one: fixed weights, uncertainty, GradNorm.

Each is a module over the losses L (heads,); what it learns or remembers is in its state, so that a
run goes on as if it had not been interrupted.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from dlexplain.tasks.multi_task import Heads, read_weights

LEAST = 1e-3
"""A weight of GradNorm does not fall below it: at 0 a head would be forgotten for good."""


class Fixed(nn.Module):
    """Σ_i w_i L_i with given weights."""

    def __init__(self, weights: Sequence[float]) -> None:
        super().__init__()
        self.given = tuple(weights)

    def forward(self, losses: Sequence[Tensor], shared: nn.Parameter | None) -> Tensor:
        """One loss; `shared` is not looked at."""
        total = self.given[0] * losses[0]
        for weight, loss in zip(self.given[1:], losses[1:], strict=True):
            total = total + weight * loss
        return total

    @property
    def weights(self) -> Tensor:
        return torch.tensor(self.given)


class Uncertainty(nn.Module):
    """Σ_i exp(-s_i) L_i + s_i / 2 with s_i = log σ_i², learned along with the network.

    That is L_i / σ_i² + log σ_i of a cross-entropy whose logits are divided by σ_i², as Kendall,
    Gal and Cipolla 2018 approximate it (https://arxiv.org/abs/1705.07115, equation 10). At a
    standstill exp(-s_i) = 1 / (2 L_i).
    """

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.log_variances = nn.Parameter(torch.zeros(heads))

    def forward(self, losses: Sequence[Tensor], shared: nn.Parameter | None) -> Tensor:
        """One loss; `shared` is not looked at."""
        s = self.log_variances
        return (torch.exp(-s) * torch.stack(list(losses)) + s / 2).sum()

    @property
    def weights(self) -> Tensor:
        return torch.exp(-self.log_variances.detach())


class GradNorm(nn.Module):
    """Σ_i w_i L_i with weights that are moved so that every head learns at a like pace.

    With W the last weights that the heads share, G_i = ||∇_W w_i L_i||, Ḡ its mean over the heads,
    and the head's pace r_i = (L_i / L_i(0)) / mean_j(L_j / L_j(0)), a step of gradient descent on

        Σ_i |G_i - Ḡ r_i^α|,  Ḡ r_i^α held constant,

    moves the w_i, which are then scaled to sum to the number of heads. Chen et al. 2018,
    https://arxiv.org/abs/1711.02257, algorithm 1. L_i(0) is the first loss of the training.
    """

    current: Tensor
    first: Tensor

    def __init__(self, heads: int, asymmetry: float, rate: float) -> None:
        super().__init__()
        self.asymmetry, self.rate = asymmetry, rate
        self.register_buffer("current", torch.ones(heads))
        self.register_buffer("first", torch.full((heads,), torch.nan))

    def forward(self, losses: Sequence[Tensor], shared: nn.Parameter | None) -> Tensor:
        """One loss by the weights so far; the next have moved by the gradients on `shared`."""
        weights = self.current.clone()
        if shared is not None and torch.is_grad_enabled():
            self._move(losses, shared)
        return (weights * torch.stack(list(losses))).sum()

    def _move(self, losses: Sequence[Tensor], shared: nn.Parameter) -> None:
        norms = torch.stack([_norm(loss, shared) for loss in losses])
        now = torch.stack([loss.detach() for loss in losses])
        unset = torch.isnan(self.first) & (now > 0)
        self.first.copy_(torch.where(unset, now, self.first))
        self.current.copy_(self.moved(norms, now))

    def moved(self, norms: Tensor, losses: Tensor) -> Tensor:
        """The weights after a step: norms, (heads,), are ||∇_W L_i||, unweighted; losses (heads,).

        A head without a label in the batch has loss 0, and its weight stays but for the scaling.
        """
        there = losses > 0
        if not bool(there.all()) and not bool(there.any()):
            return self.current
        weighted = self.current * norms  # G, (heads,)
        ratios = losses / self.first
        pace = ratios / ratios[there].mean()
        target = weighted[there].mean() * pace**self.asymmetry
        slope = torch.sign(weighted - target) * norms
        slope = torch.where(there, slope, torch.zeros_like(slope))
        found = (self.current - self.rate * slope).clamp_min(LEAST)
        return found * len(found) / found.sum()

    @property
    def weights(self) -> Tensor:
        return self.current.clone()


def weighting_of(params: Heads, heads: Sequence[str]) -> Fixed | Uncertainty | GradNorm:
    """The one that the task's params name; raises BadInput for weights that do not fit."""
    match params.weighting:
        case "uncertainty":
            return Uncertainty(len(heads))
        case "gradnorm":
            return GradNorm(len(heads), params.asymmetry, params.weight_rate)
    return Fixed(read_weights(params.weights, heads))


def cosines(losses: Sequence[Tensor], shared: Sequence[nn.Parameter]) -> Tensor:
    """(heads, heads) cosines g_i · g_j / (|g_i| |g_j|) of the losses' gradients on shared weights.

    NaN where a gradient is 0. The graph is kept for the step that follows. Du et al., "Adapting
    Auxiliary Losses Using Gradient Similarity", 2018, https://arxiv.org/abs/1812.02224.
    """
    rows = [_flat(loss, shared) for loss in losses]
    gradients = torch.stack(rows)  # (heads, shared weights)
    lengths = gradients.norm(dim=1)
    found: Tensor = (gradients @ gradients.T) / (lengths[:, None] * lengths[None])
    return found


def _flat(loss: Tensor, shared: Sequence[nn.Parameter]) -> Tensor:
    found = torch.autograd.grad(loss, list(shared), retain_graph=True, allow_unused=True)
    filled = (torch.zeros_like(p) if g is None else g for g, p in zip(found, shared, strict=True))
    return torch.cat([gradient.float().flatten() for gradient in filled])


def _norm(loss: Tensor, shared: nn.Parameter) -> Tensor:
    norm: Tensor = _flat(loss, [shared]).norm()
    return norm


def heads_layer(network: nn.Module, outputs: int) -> nn.Module | None:
    """The last layer with a matrix of so many rows, which gives the outputs; None without one."""
    found = None
    for module in network.modules():
        own = module.parameters(recurse=False)
        if any(p.ndim >= 2 and len(p) == outputs for p in own):
            found = module
    return found


def shared_weights(network: nn.Module, outputs: int) -> list[nn.Parameter]:
    """What learns of a network and is no part of the layer that gives the outputs, in the order in
    which the network has it."""
    last = heads_layer(network, outputs)
    apart = set() if last is None else {id(p) for p in last.parameters()}
    return [p for p in network.parameters() if p.requires_grad and id(p) not in apart]
