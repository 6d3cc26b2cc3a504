"""The weights of a network that a compression may change: matrices and convolutions' kernels."""

from collections.abc import Iterable

from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from dlexplain.errors import BadInput
from dlexplain.networks.modules.base import KeepsPart
from dlexplain.networks.modules.language import Output

HOLDERS = (nn.Linear, _ConvNd, nn.RNNBase, nn.RNNCellBase, nn.MultiheadAttention, Output)
"""Layers that multiply by their weights. Tables of vectors and places are looked up in."""


def prunable(network: nn.Module) -> dict[str, nn.Parameter]:
    """By name, each once: those with two dimensions or more that learn, of layers that multiply by
    them. A matrix that is also a table of vectors, as a tied output is, is none.

    Raises BadInput where there is none, or where most stay as a package carries them.
    """
    tables = {id(m.weight) for m in network.modules() if isinstance(m, nn.Embedding)}
    found: dict[str, nn.Parameter] = {}
    for place, module in network.named_modules():
        if isinstance(module, HOLDERS):
            found |= {
                f"{place}.{name}" if place else name: weight
                for name, weight in module.named_parameters(recurse=False)
                if weight.ndim >= 2 and id(weight) not in tables and not name.startswith("bias")
            }
    check_kept(network, found.values())
    learning = {name: weight for name, weight in found.items() if weight.requires_grad}
    if not learning:
        raise BadInput(
            "the network has nothing to prune: no matrix or convolution of it has weights that "
            "learn"
        )
    return once(learning)


def once(named: dict[str, nn.Parameter]) -> dict[str, nn.Parameter]:
    """A weight that several names share, by its first name only."""
    first: dict[int, str] = {}
    return {n: w for n, w in named.items() if first.setdefault(id(w), n) == n}


def check_kept(network: nn.Module, weights: Iterable[Tensor]) -> None:
    """Raises BadInput for a network whose matrices mostly stay as a package carries them: its file
    holds what differs from them, which compressing would make larger."""
    sizes = [(weight.numel(), weight.requires_grad) for weight in weights]
    still = sum(size for size, learns in sizes if not learns)
    if isinstance(network, KeepsPart) and 2 * still > sum(size for size, _ in sizes):
        raise BadInput(
            "the network's matrices are those of a package, and only what was learnt beside them "
            "is kept: there is nothing to make smaller"
        )
