"""Low-rank adapters beside a network's linear layers and convolutions, by peft.

    y = (W + alpha / rank B A) x, with W as it was, A (rank, in) drawn, B (out, rank) zero at first

Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2022,
https://arxiv.org/abs/2106.09685.
"""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

BASE, A, B = ".base_layer.", ".lora_A.default.weight", ".lora_B.default.weight"
"""How peft names the parts of an adapted layer's state."""


def adaptable(network: nn.Module) -> list[str]:
    """Names of the layers that take adapters. A layer's subclass may be used by its weights alone,
    as torch's attention does, past what would be put beside it."""
    return [
        name
        for name, module in network.named_modules()
        if type(module) is nn.Linear or (type(module) is nn.Conv2d and module.groups == 1)
    ]


def adapt(network: nn.Module, names: list[str], rank: int, alpha: float) -> None:
    """Put adapters beside these layers, in place; they alone learn then."""
    from peft import LoraConfig, inject_adapter_in_model

    for layer in _encoder_layers(network):
        # Its fast path in evaluation reads the bare weights of its linear layers.
        layer.kept_activation = layer.activation_relu_or_gelu
        layer.activation_relu_or_gelu = 0
    how = LoraConfig(
        r=rank,
        lora_alpha=alpha,
        target_modules="|".join(map(re.escape, names)),
    )
    inject_adapter_in_model(how, network)


def merge(network: nn.Module) -> None:
    """Add the adapters into the weights beside which they stand, in place: a plain network."""
    from peft.tuners.lora import LoraLayer

    for name, module in list(network.named_modules()):
        if isinstance(module, LoraLayer):
            module.merge()
            network.set_submodule(name, module.get_base_layer())
    for layer in _encoder_layers(network):
        if hasattr(layer, "kept_activation"):
            layer.activation_relu_or_gelu = layer.kept_activation
            del layer.kept_activation


def merged_state(state: Mapping[str, Tensor], scale: float) -> dict[str, Tensor]:
    """The state of the plain network, from that of one with adapters; scale is alpha / rank."""
    found = {}
    for name, tensor in state.items():
        stem, base, rest = name.partition(BASE)
        if name.endswith((A, B)):
            continue
        if base and rest == "weight":
            change = state[stem + B].flatten(1) @ state[stem + A].flatten(1)
            tensor = tensor + scale * change.view_as(tensor)
        found[f"{stem}.{rest}" if base else name] = tensor
    return found


def _encoder_layers(network: nn.Module) -> list[Any]:
    return [m for m in network.modules() if isinstance(m, nn.TransformerEncoderLayer)]
