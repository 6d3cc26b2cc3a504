"""Global magnitude pruning: at once or in the course of the training, rewound or not.

Han et al., "Learning both Weights and Connections for Efficient Neural Networks", 2015,
https://arxiv.org/abs/1506.02626; the gradual schedule of Zhu and Gupta, "To prune, or not to
prune", 2017, https://arxiv.org/abs/1710.01878; lottery tickets of Frankle and Carbin, "The Lottery
Ticket Hypothesis", 2019, https://arxiv.org/abs/1803.03635.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from dlexplain.compression.magnitude import GRADUAL, LOTTERY, Params
from dlexplain.compression.modules.masking import Masking, sparsity_of
from dlexplain.compression.modules.weights import prunable
from dlexplain.errors import BadInput

STAGES = 100
"""Places of the training at which the gradual schedule raises the sparsity; ranking all weights at
every step would take longer than the step."""


class Magnitude(Masking[Params]):
    """Of all n weights of matrices and kernels together the round(s n) smallest are zero."""

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.stage = 0

    def first_masks(self, network: nn.Module) -> dict[str, Tensor]:
        weights = prunable(network)
        already = sparsity_of([weight.detach() for weight in weights.values()])
        if already >= self.params.sparsity:
            raise BadInput(
                f"{already:.1%} of the weights are zero already; sparsity takes more than that, "
                f"not {self.params.sparsity:g}"
            )
        if self.params.schedule == GRADUAL:
            return {name: (weight != 0).detach() for name, weight in weights.items()}
        everything = {name: torch.ones_like(w, dtype=torch.bool) for name, w in weights.items()}
        return pruned(weights, everything, self.params.sparsity)

    def prepare(self, network: nn.Module, data: Any) -> nn.Module:
        network = super().prepare(network, data)
        if self.params.rewind == LOTTERY:
            self._rewind(network)
            self.apply(network)
        return network

    def _rewind(self, network: nn.Module) -> None:
        """All that learns, and running statistics, back to the first weights. What does not learn
        was set from data, or is a package's."""
        still = {name for name, weight in network.named_parameters() if not weight.requires_grad}
        first = self.fresh().state_dict()
        if {n: t.shape for n, t in first.items()} != {
            n: t.shape for n, t in network.state_dict().items()
        }:
            raise BadInput(
                "the network has other layers than it had at first, so its weights cannot go back"
            )
        network.load_state_dict({n: t for n, t in first.items() if n not in still}, strict=False)

    def after_step(self, network: nn.Module, part: float) -> None:
        super().after_step(network, part)
        stage = int(part * STAGES)
        if self.params.schedule == GRADUAL and stage > self.stage:
            self.stage = stage
            self._prune(network, sparsity_at(self.params.sparsity, stage / STAGES))

    def finish(self, network: nn.Module, data: Any) -> nn.Module:
        """To the end also where the training ended early."""
        network = super().finish(network, data)
        if self.params.schedule == GRADUAL:
            self._prune(network, self.params.sparsity)
        return network

    def _prune(self, network: nn.Module, sparsity: float) -> None:
        weights = dict(network.named_parameters())
        self.masks = pruned({n: weights[n] for n in self.masks}, self.masks, sparsity)
        self.apply(network)

    def state(self) -> dict[str, Any]:
        return {**super().state(), "stage": self.stage}

    def load_state(self, state: Mapping[str, Any]) -> None:
        super().load_state(state)
        self.stage = int(state["stage"])


def sparsity_at(final: float, part: float) -> float:
    """s_t = s_f (1 - (1 - t)³), at the part t of the training, 0 to 1."""
    return float(final * (1 - (1 - part) ** 3))


@torch.no_grad()
def pruned(
    weights: Mapping[str, Tensor], masks: Mapping[str, Tensor], sparsity: float
) -> dict[str, Tensor]:
    """Masks of which exactly round(sparsity x weights) places are False: those that were and, of
    the others, those of least magnitude; where magnitudes are equal, the first. Never fewer than
    there were."""
    sizes = [weight.numel() for weight in weights.values()]
    flat = torch.cat(
        [
            w.abs().masked_fill(~masks[name].to(w.device), -1.0).flatten()
            for name, w in weights.items()
        ]
    )
    least = round(sparsity * len(flat))
    kept = flat >= 0
    if least > int((~kept).sum()):
        limit = flat.kthvalue(least).values
        kept = flat > limit
        equal = (flat == limit).nonzero()[:, 0]
        kept[equal[least - int((flat < limit).sum()) :]] = True
    parts = torch.split(kept, sizes)
    return {n: part.view_as(w) for (n, w), part in zip(weights.items(), parts, strict=True)}
