"""The patches of a picture as a vision Transformer attends to them, measured rather than believed.

Its module offers `attend(x, through)`, as dlexplain.networks.modules.vit says. How many of its
tokens are no patches, and of which its scores are made, is what a trial shows: foreign models read
a class token, two of them, the patches' mean, or both.
"""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from dlexplain.errors import Incompatible
from dlexplain.explainers.capture import grid_of
from dlexplain.explainers.prepare import PreparedModel

NO_ATTENTION = (
    "the model has no attention that can be shown: from each patch of the picture to each, layer "
    "by layer"
)


@dataclass(frozen=True, eq=False)
class Patches:
    """How a model's tokens lie.

    front   tokens before the patches: the class token, registers
    side    of the grid of patches, which are side² and lie row by row
    layers, heads  of its attention
    read    (tokens,) bool: whose attention in the last layer the scores depend on
    """

    front: int
    side: int
    layers: int
    heads: int
    read: Tensor

    @property
    def tokens(self) -> int:
        return self.front + self.side**2

    def grid(self, values: Tensor) -> Tensor:
        """(..., tokens) -> (..., side, side), what stands in front left out"""
        return values[..., self.front :].reshape(*values.shape[:-1], self.side, self.side)


_known: WeakKeyDictionary[PreparedModel, Patches | str] = WeakKeyDictionary()


def patches_of(model: PreparedModel) -> Patches:
    """Raises Incompatible where attention is none from each patch to each."""
    if model not in _known:
        _known[model] = _measured(model)
    found = _known[model]
    if isinstance(found, str):
        raise Incompatible(found)
    return found


def _measured(model: PreparedModel) -> Patches | str:
    """Or why there are none."""
    if not hasattr(model.module, "attend"):
        return NO_ATTENTION
    with model.lock.turn(), torch.enable_grad():
        try:
            logits, weights = model.attend(model.trial(1))
        except Exception:  # a foreign model may raise whatever where it is asked for attention
            return NO_ATTENTION
        shapes = {tuple(layer.shape) for layer in weights}
        if len(shapes) != 1:
            return NO_ATTENTION
        batch, heads, queries, keys = shapes.pop()
        grid = grid_of(keys)
        if batch != 1 or queries != keys or grid is None:
            return NO_ATTENTION
        score = (logits * torch.arange(1.0, logits.shape[-1] + 1, device=logits.device)).sum()
        (gradient,) = torch.autograd.grad(score, weights[-1], allow_unused=True)
    if gradient is None:  # the scores are no function of what it gives as its weights
        return NO_ATTENTION
    read = gradient[0].abs().sum((0, 2)) > 0  # (queries,)
    front, side = grid
    return Patches(front, side, len(weights), heads, read)
