"""Whole numbers through convolutions and linear layers, Jacob et al. 2018,
https://arxiv.org/abs/1712.05877: batch norms are folded into the convolutions, training inputs show
the range of each layer's input, and a layer gives float32 to what comes after it. While the run
trains on, layers round in float32 (static_layers.Rounding); then their weights become whole.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from dlexplain.compression.modules.base import Compressor
from dlexplain.compression.modules.dynamic_int8 import run_on
from dlexplain.compression.modules.folding import fold, folded
from dlexplain.compression.modules.int8_operators import exact
from dlexplain.compression.modules.narrow import layers_to_narrow
from dlexplain.compression.modules.static_layers import Range, Rounding, range_of, rounding, whole
from dlexplain.compression.static_int8 import Params
from dlexplain.errors import BadInput

LOOKED_AT = 200_000
"""Values of a layer's input of one batch, evenly spaced, from which its range is taken."""


class StaticInt8(Compressor[Params]):
    """Rounds the inputs and weights of convolutions and linear layers."""

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.notes: list[str] = []
        self.pairs: list[tuple[str, str]] = []
        self.names: list[str] = []
        self.trained = False

    def prepare(self, network: nn.Module, data: Any) -> nn.Module:
        self.pairs = fold(network)
        layers = {n: m for n, m in layers_to_narrow(network, (nn.Conv2d, nn.Linear)) if _fits(m)}
        if not layers:
            raise BadInput("the network has no convolution or linear layer of its own to round")
        inputs = data.some_inputs(self.params.inputs, 0)
        found = ranges(network, inputs, layers, self.params.inside, int(self.params.bits))
        for name, given in found.items():
            network.set_submodule(name, rounding(layers[name], given))
        self.names, self.trained = list(found), True
        if not exact(int(self.params.bits)):
            self.notes.append(
                f"this processor does not multiply {self.params.bits} by 8 bits exactly, so the "
                "model computes in float32 with its weights in eight bits: smaller, not faster"
            )
        return network

    def finish(self, network: nn.Module, data: Any) -> nn.Module:
        for name in self.names:
            layer = network.get_submodule(name)
            assert isinstance(layer, Rounding)
            network.set_submodule(name, whole(_plain(layer), layer.range()))
        self.trained = False
        return network

    def structure(self, network: nn.Module) -> Mapping[str, Any]:
        """{"folded": [[convolution, its batch norm]], "layers": [names], "rounding": whether they
        still round in float32, as while it is trained}"""
        return {"folded": self.pairs, "layers": self.names, "rounding": self.trained}

    def facts(self, network: nn.Module) -> Mapping[str, float]:
        return {"int8_layers": len(self.names), "int8_computing": len(self.names)}

    @classmethod
    def restored(cls, network: nn.Module, structure: Mapping[str, Any]) -> nn.Module:
        folded(network, structure["folded"])
        make: Any = rounding if structure["rounding"] else whole
        for name in structure["layers"]:
            layer = network.get_submodule(name)
            if type(layer) not in (nn.Conv2d, nn.Linear):
                raise ValueError(f"{name} has no weights to round")
            network.set_submodule(name, make(layer, Range(1.0, 0, 8)))
        return network


def ranges(
    network: nn.Module, inputs: Tensor, layers: Mapping[str, nn.Module], inside: float, bits: int
) -> dict[str, Range]:
    """Of each layer that the inputs reach, the range that holds `inside` percent of what it gets:
    the mean of the batches' own; raises BadInput where the network cannot take the inputs."""
    ends: dict[str, list[Tensor]] = {}
    share = (100 - inside) / 200

    def look(name: str) -> Any:
        def hook(_module: nn.Module, args: tuple[Tensor, ...]) -> None:
            values = args[0].detach().flatten().float()
            values = values[:: max(1, len(values) // LOOKED_AT)]
            # Of a ReLU's values the least is 0, however few are to be cut there.
            ends.setdefault(name, []).append(
                values.quantile(values.new_tensor([share, 1 - share]))
                if share
                else torch.stack([values.min(), values.max()])
            )

        return hook

    handles = [m.register_forward_pre_hook(look(n)) for n, m in layers.items()]
    try:
        run_on(network, inputs)
    finally:
        for handle in handles:
            handle.remove()
    means = {name: torch.stack(found).mean(0).tolist() for name, found in ends.items()}
    return {name: range_of(low, high, bits) for name, (low, high) in means.items()}


def _fits(layer: nn.Module) -> bool:
    """Whether there is an operator on whole numbers for it."""
    if isinstance(layer, nn.Conv2d):
        return layer.padding_mode == "zeros" and not isinstance(layer.padding, str)
    return True


def _plain(layer: Rounding) -> nn.Module:
    """The convolution or linear layer without its rounding."""
    kind: Any = nn.Conv2d if isinstance(layer, nn.Conv2d) else nn.Linear
    made: nn.Module = kind.__new__(kind)
    made.__dict__.update(vars(layer))
    return made
