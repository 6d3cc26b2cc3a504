"""Eight bits a weight, q = round(w / scale), scale = max |w| of a row / 127; Jacob et al. 2018,
https://arxiv.org/abs/1712.05877. Large linear, LSTM and GRU layers multiply whole numbers, see
int8_layers; small ones, for which rounding takes longer than it saves, compute in float32 with the
same weights.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from dlexplain.compression.dynamic_int8 import Params
from dlexplain.compression.modules.base import Compressor
from dlexplain.compression.modules.int8_layers import (
    Int8Embedding,
    Int8GRU,
    Int8Linear,
    Int8LSTM,
    Int8Output,
)
from dlexplain.compression.modules.int8_operators import exact_by_rows
from dlexplain.compression.modules.narrow import (
    FLOAT,
    KINDS,
    Narrow,
    in_int8,
    layers_to_narrow,
    matrices_of,
)
from dlexplain.errors import BadInput
from dlexplain.networks.modules.language import Output

WHOLE: dict[type[nn.Module], type[Narrow]] = {
    nn.Linear: Int8Linear,
    Output: Int8Output,
    nn.Embedding: Int8Embedding,
    nn.LSTM: Int8LSTM,
    nn.GRU: Int8GRU,
}
"""Layers that have operators on whole numbers."""
TABLES = tuple(kind for kind in KINDS if kind is not nn.Conv2d)
LARGE = 250_000
"""Weights of a matrix from which whole numbers were faster than float32, measured on 400 x 1600 and
400 x 10000 against 128 x 256 (docs/decisions/0037)."""
LOOKED_AT = 64
"""Training inputs on which the range of a recurrent layer's inputs is looked at."""
HEADROOM = 1.25


class DynamicInt8(Compressor[Params]):
    """Rounds the weights of linear, recurrent and embedding layers."""

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.notes: list[str] = []
        self.bounds: dict[str, float] = {}

    def prepare(self, network: nn.Module, data: Any) -> nn.Module:
        chosen = [
            (name, layer)
            for name, layer in layers_to_narrow(network, TABLES)
            if max(getattr(layer, m).numel() for m in matrices_of(layer)) >= self.params.least
        ]
        if not chosen:
            raise BadInput(
                f"no linear, recurrent or embedding layer has {self.params.least} weights or more "
                "of its own"
            )
        tied = any(isinstance(m, Output) and m.weight is None for m in network.modules())
        large = {n: m for n, m in chosen if computes_whole(m, tied)}
        self.bounds = {name: 0.0 for name, _ in chosen} | dict.fromkeys(large, 1.0)
        self.bounds |= ranges(network, data, large)
        for name, layer in chosen:
            network.set_submodule(name, narrowed(layer, self.bounds[name]))
        if large and not exact_by_rows():
            self.notes.append(
                "this processor has no exact operators on whole numbers, so the model computes in "
                "float32 with its weights in eight bits: smaller on disk, not faster"
            )
        return network

    def structure(self, network: nn.Module) -> Mapping[str, Any]:
        """{"bounds": {layer's name: 0, it computes in float32; else the largest input}}"""
        return {"bounds": self.bounds}

    def facts(self, network: nn.Module) -> Mapping[str, float]:
        """How many layers have weights in eight bits, and how many compute with whole numbers."""
        whole = sum(bound > 0 for bound in self.bounds.values())
        return {"int8_layers": len(self.bounds), "int8_computing": whole}

    @classmethod
    def restored(cls, network: nn.Module, structure: Mapping[str, Any]) -> nn.Module:
        for name, bound in structure["bounds"].items():
            layer = network.get_submodule(name)
            if type(layer) not in TABLES:
                raise ValueError(f"{name} has no weights to round")
            network.set_submodule(name, narrowed(layer, float(bound)))
        return network


def computes_whole(layer: nn.Module, tied: bool) -> bool:
    """Whether whole numbers are worth it: by the kind and size of the layer alone, so that a model
    is the same everywhere; an embedding multiplies only where an output layer is tied to it."""
    if type(layer) not in WHOLE or getattr(layer, "proj_size", False):
        return False
    if isinstance(layer, nn.Embedding) and not tied:
        return False
    return bool(max(getattr(layer, name).numel() for name in matrices_of(layer)) >= LARGE)


def narrowed(layer: nn.Module, bound: float) -> Narrow:
    made = in_int8(
        WHOLE[type(layer)] if bound else KINDS[type(layer)], layer, "int8" if bound else FLOAT
    )
    if bound and isinstance(made, Int8LSTM | Int8GRU):
        made.bound = bound
    return made


def ranges(network: nn.Module, data: Any, layers: Mapping[str, nn.Module]) -> dict[str, float]:
    """A quarter more than the largest magnitude of recurrent ones' inputs on training inputs."""
    found: dict[str, float] = {}
    handles = []

    def look(name: str) -> Any:
        def hook(_module: nn.Module, args: tuple[Any, ...]) -> None:
            x = args[0].data if isinstance(args[0], PackedSequence) else args[0]
            found[name] = max(found.get(name, 1e-6), HEADROOM * float(x.abs().max()))

        return hook

    recurrent = {n: m for n, m in layers.items() if isinstance(m, nn.RNNBase)}
    if not recurrent:
        return {}
    try:
        handles = [m.register_forward_pre_hook(look(n)) for n, m in recurrent.items()]
        run_on(network, data.some_inputs(LOOKED_AT, 0))
    finally:
        for handle in handles:
            handle.remove()
    return {name: found.get(name, 1.0) for name in recurrent}


def run_on(network: nn.Module, inputs: Tensor) -> None:
    """Raises BadInput where the network cannot take them."""
    was = network.training
    network.eval()
    try:
        with torch.no_grad():
            for part in torch.split(inputs, 64):
                network(part)
    except (RuntimeError, IndexError, TypeError) as error:
        shape = " x ".join(map(str, inputs.shape[1:]))
        why = " ".join(str(error).split())
        raise BadInput(
            f"training inputs of {shape} do not fit the network that they are to calibrate: {why}"
        ) from error
    finally:
        network.train(was)
