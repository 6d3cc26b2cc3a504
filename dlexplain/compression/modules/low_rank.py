"""W = U S Vᵀ, cut after r singular values: two layers of (out + in) r weights in place of one of
out x in. A convolution's matrix is (out, in x height x width): the first layer is a convolution of
r filters of the old size, the second mixes them at each point. Denton et al. 2014,
https://arxiv.org/abs/1404.0736.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dlexplain.compression.low_rank import Params
from dlexplain.compression.modules.base import Compressor, Row
from dlexplain.compression.modules.weights import check_kept
from dlexplain.errors import BadInput
from dlexplain.networks.modules.base import shared_weights


class Factors(nn.Sequential):
    """Two layers in place of one."""


class LowRank(Compressor[Params]):
    """Factors every linear layer and every ungrouped convolution for which that is smaller.

    Recurrent and attention matrices stay, since torch computes with them itself, and so does a
    matrix that two layers share.
    """

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.ranks: dict[str, int] = {}
        self.rows: list[Row] = []

    def prepare(self, network: nn.Module, data: Any) -> nn.Module:
        self.ranks, self.rows = {}, []
        layers, shared = _layers(network)
        check_kept(network, (m.weight for m in network.modules() if isinstance(m, nn.Linear)))
        if not layers:
            raise BadInput(
                "the network has nothing to factor: recurrent, attention and shared matrices stay "
                "as they are, and it has no other dense layer or convolution that learns"
            )
        for name, layer in layers:
            weight = layer.weight.detach().flatten(1)
            left, values, right = torch.linalg.svd(weight.double(), full_matrices=False)
            rank = rank_of(values, self.params.energy)
            smaller = rank * sum(weight.shape) < weight.numel()
            self.rows.append(_row(name, weight, values, rank if smaller else len(values), smaller))
            if not smaller:
                continue
            first, second = _factors(layer, rank)
            root = values[:rank].sqrt()
            with torch.no_grad():
                first.weight.copy_((root[:, None] * right[:rank]).view_as(first.weight))
                second.weight.copy_((left[:, :rank] * root).view_as(second.weight))
                if layer.bias is not None:
                    second.bias.copy_(layer.bias)
            _replace(network, name, Factors(first, second))
            self.ranks[name] = rank
        if not self.ranks:
            raise BadInput(
                f"no layer gets smaller with {self.params.energy:.1%} of its energy; less is needed"
            )
        self.notes += _left_alone(network, shared, [n for n, _ in layers if n not in self.ranks])
        return network

    def structure(self, network: nn.Module) -> Mapping[str, Any]:
        """{"ranks": {layer's name: rank}}"""
        return {"ranks": self.ranks}

    def facts(self, network: nn.Module) -> Mapping[str, float]:
        """ "energy_kept", of all matrices together that were looked at, before the training on."""
        whole = sum(float(row["energy"]) for row in self.rows)
        kept = sum(float(row["energy"]) * float(row["energy kept"]) for row in self.rows)
        return {"energy_kept": kept / whole if whole else 1.0}

    def layers(self, network: nn.Module) -> Sequence[Row]:
        return self.rows

    @classmethod
    def restored(cls, network: nn.Module, structure: Mapping[str, Any]) -> nn.Module:
        for name, rank in structure["ranks"].items():
            factors = Factors(*_factors(network.get_submodule(name), rank))
            _replace(network, name, factors)
        return network


def rank_of(values: Tensor, energy: float) -> int:
    """The fewest of the descending singular values whose squares are `energy` of all squares."""
    kept = values.square().cumsum(0) / values.square().sum()
    return min(int((kept < energy).sum()) + 1, len(values))


def _row(name: str, weight: Tensor, values: Tensor, rank: int, smaller: bool) -> Row:
    squares = values.square()
    energy = float(squares.sum())
    return {
        "layer": name,
        "outputs": weight.shape[0],
        "inputs": weight.shape[1],
        "rank": rank,
        "full rank": len(values),
        "energy": energy,
        "energy kept": float(squares[:rank].sum()) / energy if energy else 1.0,
        "weights before": weight.numel(),
        "weights": rank * sum(weight.shape) if smaller else weight.numel(),
    }


def _layers(network: nn.Module) -> tuple[list[tuple[str, Any]], list[str]]:
    """Those that could have factors; and names of the others whose matrix is shared."""
    again = shared_weights(network)
    tied = {*again, *again.values()}
    found: list[tuple[str, Any]] = []
    shared: list[str] = []
    for name, module in network.named_modules():
        plain = type(module) in (nn.Linear, nn.Conv2d, nn.Conv1d)
        if not plain or getattr(module, "groups", 1) != 1 or not _learns(module):
            continue
        if f"{name}.weight" in tied:
            shared.append(name)
        else:
            found.append((name, module))
    return found, shared


def _learns(module: Any) -> bool:
    return bool(module.weight.requires_grad)


def _left_alone(network: nn.Module, shared: Sequence[str], larger: Sequence[str]) -> list[str]:
    """Sentences on what has no factors, and why."""
    kinds = nn.RNNBase, nn.RNNCellBase, nn.MultiheadAttention
    inside = [name for name, module in network.named_modules() if isinstance(module, kinds)]
    return [
        f"left as they are: {', '.join(names)}, {why}"
        for names, why in (
            (inside, "whose recurrent or attention matrices torch computes with itself"),
            (shared, "whose matrix another layer shares"),
            (larger, "whose factors would have more weights"),
        )
        if names
    ]


def _replace(network: nn.Module, name: str, factors: Factors) -> None:
    """Put them in place of the layer. A Transformer layer of torch, in evaluation, computes with
    the matrices of its own linear layers unless its activation is said to be another."""
    network.set_submodule(name, factors)
    around = network.get_submodule(name.rpartition(".")[0])
    if isinstance(around, nn.TransformerEncoderLayer):
        around.activation_relu_or_gelu = 0


def _factors(layer: Any, rank: int) -> tuple[Any, Any]:
    """Two layers whose composition has the shape of `layer`, of any weights."""
    bias = layer.bias is not None
    if isinstance(layer, nn.Linear):
        first: nn.Module = nn.Linear(layer.in_features, rank, bias=False)
        return first, nn.Linear(rank, layer.out_features, bias=bias)
    kind = type(layer)
    first = kind(
        layer.in_channels, rank, layer.kernel_size, layer.stride, layer.padding, layer.dilation,
        bias=False, padding_mode=layer.padding_mode,
    )  # fmt: skip
    return first, kind(rank, layer.out_channels, 1, bias=bias)
