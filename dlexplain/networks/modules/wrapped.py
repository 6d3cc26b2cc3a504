"""Any module that classifies pictures, called on pixels from 0 to 1, its scores taken out."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from dlexplain.errors import ModelError

LEAST = 1e-7
"""A probability below it counts as this: its logarithm would have no gradient."""


class Wrapped(nn.Module):
    """(batch, channels, height, width) pixels from 0 to 1 -> (batch, classes) scores.

    mean, std      (channels,) of the input: (x - mean) / std goes into the module
    output         which of several outputs has the scores: a key, a place, or None for the only one
    probabilities  whether the module ends in a softmax; then the scores are their logarithms
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, module: nn.Module, mean: Tensor, std: Tensor, output: str | int | None
    ) -> None:
        super().__init__()
        self.module = module
        self.register_buffer("mean", mean.view(-1, 1, 1))
        self.register_buffer("std", std.view(-1, 1, 1))
        self.output = output
        self.probabilities = False

    def forward(self, x: Tensor) -> Tensor:
        found = scores_of(self.module((x - self.mean) / self.std), self.output)
        return found.clamp_min(LEAST).log() if self.probabilities else found


def scores_of(output: Any, which: str | int | None) -> Tensor:
    """The scores among what a module gives: a tensor, a tuple, a dict or a ModelOutput.

    Raises ModelError where it cannot be told which they are.
    """
    if isinstance(output, Tensor) and which is None:
        return output
    known: Mapping[Any, Any]
    if isinstance(output, Mapping):
        known = output
    elif isinstance(output, tuple | list):
        known = dict(enumerate(output))
    else:
        raise ModelError(
            f"the module gives a {type(output).__name__}; a tensor, a tuple or a dict of tensors "
            "is accepted"
        )
    if which is None and len(known) == 1:
        which = next(iter(known))
    if which is None and "logits" in known:
        which = "logits"
    found = known.get(which)
    if not isinstance(found, Tensor):
        asked = "" if which is None else f', none of which is "{which}"'
        raise ModelError(
            f"the module has the outputs {', '.join(map(str, known))}{asked}; say which one has "
            "the scores: output=..."
        )
    return found
