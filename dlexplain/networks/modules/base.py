"""What any network may be beside an nn.Module, and which of its weights are kept."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@runtime_checkable
class SeesData(Protocol):
    """A module that is shown some training inputs, as it will see them, before it is trained."""

    def see_data(self, inputs: Tensor) -> None: ...


@runtime_checkable
class KeepsPart(Protocol):
    """A module of which only a part is kept: what differs from weights that a package carries."""

    def own_state(self) -> dict[str, Tensor]: ...

    def load_own_state(self, state: Mapping[str, Tensor]) -> None:
        """Strictly; raises RuntimeError where names or shapes are others."""


def kept_state(network: nn.Module) -> dict[str, Tensor]:
    """What of a network is written to disk, by name, on the CPU; a shared weight once."""
    state = network.own_state() if isinstance(network, KeepsPart) else network.state_dict()
    again = shared_weights(network)
    return {k: t.detach().cpu().contiguous() for k, t in state.items() if k not in again}


def shared_weights(network: nn.Module) -> dict[str, str]:
    """Further names of weights that a network uses twice: {such a name: the first one}."""
    first: dict[int, str] = {}
    named = network.named_parameters(remove_duplicate=False)
    pairs = ((name, first.setdefault(id(weight), name)) for name, weight in named)
    return {name: earlier for name, earlier in pairs if name != earlier}


def ascending(raw: Tensor) -> Tensor:
    """(..., quantiles) any numbers -> (..., quantiles) ascending, the middle one unchanged.

    Each further one from the middle is the one before it plus or minus a softplus.
    """
    middle = raw.shape[-1] // 2
    steps = F.softplus(raw)
    centre = raw[..., middle : middle + 1]
    below = centre - steps[..., :middle].flip(-1).cumsum(-1).flip(-1)
    above = centre + steps[..., middle + 1 :].cumsum(-1)
    return torch.cat([below, centre, above], dim=-1)
