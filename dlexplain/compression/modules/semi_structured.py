"""2:4 sparsity: of every four weights in a row the two of least magnitude are zero.

Mishra et al., "Accelerating Sparse Deep Neural Networks", 2021, https://arxiv.org/abs/2104.08378.
"""

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvTransposeNd

from dlexplain.compression.modules.masking import Masking
from dlexplain.compression.modules.weights import prunable
from dlexplain.compression.semi_structured import Params
from dlexplain.errors import BadInput

GROUP, ZEROS = 4, 2
CAPABILITY = (8, 0)
"""Of an NVIDIA GPU whose tensor cores skip these zeros."""


class SemiStructured(Masking[Params]):
    """Along the inputs of each matrix (outputs, inputs), and along the input channels at each place
    of a convolution's kernel (outputs, inputs, height, width), in groups of four."""

    def first_masks(self, network: nn.Module) -> dict[str, Tensor]:
        turned = {
            id(module.weight)
            for module in network.modules()
            if isinstance(module, _ConvTransposeNd)
        }
        weights = prunable(network)
        fit = {n: w for n, w in weights.items() if w.shape[1] % GROUP == 0 and id(w) not in turned}
        if not fit:
            raise BadInput(
                f"no layer has inputs in groups of {GROUP}, so there is nothing to prune in them"
            )
        left = [name for name in weights if name not in fit]
        if left:
            why = f"whose inputs are no multiple of {GROUP}"
            self.notes.append(f"left as they are: {', '.join(left)}, {why}")
        self.notes.append(_where_faster())
        return {name: two_of_four(weight) for name, weight in fit.items()}


@torch.no_grad()
def two_of_four(weight: Tensor) -> Tensor:
    """(outputs, inputs, ...) -> a mask of the same shape, False for two of every four inputs."""
    lined = weight.abs().movedim(1, -1)  # (outputs, ..., inputs)
    groups = lined.reshape(*lined.shape[:-1], -1, GROUP)  # (outputs, ..., inputs / 4, 4)
    least = groups.argsort(dim=-1, stable=True)[..., :ZEROS]
    mask = torch.ones_like(groups, dtype=torch.bool).scatter(-1, least, False)
    return mask.flatten(-2).movedim(-1, 1).contiguous()


def _where_faster() -> str:
    needs = "an NVIDIA GPU of compute capability 8.0 or more"
    if torch.cuda.is_available() and torch.cuda.get_device_capability() >= CAPABILITY:
        return (
            "the weights are kept dense; on this machine torch.sparse.to_sparse_semi_structured "
            "runs linear layers with them in half precision on kernels that skip the zeros"
        )
    return f"2:4 zeros are skipped by kernels of {needs} only; this machine has none: no gain here"
