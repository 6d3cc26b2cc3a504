"""Weights that are zero and stay so: what the ways have in common that prune single weights."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dlexplain.compression.modules.base import Compressor, P, Row

UNTOUCHED = "the zeros are kept in the file: as it is it has the same size, zipped it is smaller"


class Masking(Compressor[P]):
    """Multiplies by masks of 0 and 1 before the training and after each of its steps.

    masks  by the weight's name, True where it stays; a part of every checkpoint
    """

    def __init__(self, params: P) -> None:
        super().__init__(params)
        self.masks: dict[str, Tensor] = {}

    @abstractmethod
    def first_masks(self, network: nn.Module) -> dict[str, Tensor]:
        """Those with which the training on begins."""

    def prepare(self, network: nn.Module, data: Any) -> nn.Module:
        self.masks = self.first_masks(network)
        self.notes.append(UNTOUCHED)
        self.apply(network)
        return network

    def after_step(self, network: nn.Module, part: float) -> None:
        self.apply(network)

    def finish(self, network: nn.Module, data: Any) -> nn.Module:
        """Averaged weights, and those of an earlier epoch, are masked too."""
        self.apply(network)
        return network

    @torch.no_grad()
    def apply(self, network: nn.Module) -> None:
        weights = dict(network.named_parameters())
        for name, mask in self.masks.items():
            if mask.device != weights[name].device:
                mask = self.masks[name] = mask.to(weights[name].device)
            weights[name].masked_fill_(~mask, 0.0)

    def facts(self, network: nn.Module) -> Mapping[str, float]:
        """Parts of zeros: "sparsity" of the matrices and kernels, "sparsity_of_all" of all weights,
        biases and norms."""
        every = {name: w.detach() for name, w in network.named_parameters()}
        return {
            "sparsity": sparsity_of([every[name] for name in self.masks]),
            "sparsity_of_all": sparsity_of(list(every.values())),
        }

    def layers(self, network: nn.Module) -> Sequence[Row]:
        weights = dict(network.named_parameters())
        return [
            {
                "layer": name,
                "weights": weights[name].numel(),
                "zeros": int((weights[name] == 0).sum()),
                "sparsity": sparsity_of([weights[name].detach()]),
            }
            for name in self.masks
        ]

    def state(self) -> dict[str, Any]:
        return {"masks": {name: mask.cpu() for name, mask in self.masks.items()}}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self.masks = dict(state["masks"])


def sparsity_of(weights: Sequence[Tensor]) -> float:
    """The part of zeros, 0 to 1."""
    zeros = sum(int((weight == 0).sum()) for weight in weights)
    return zeros / max(1, sum(weight.numel() for weight in weights))
