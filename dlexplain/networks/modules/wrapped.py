"""Any module that reads pictures, called on pixels from 0 to 1, its scores taken out."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dlexplain.errors import ModelError, ParamError

LEAST = 1e-7
"""A probability below it counts as this: its logarithm would have no gradient."""


class Scaled(nn.Module):
    """A module behind the scaling of its input.

    mean, std      (channels,) of the input: (x - mean) / std goes into the module
    probabilities  whether the module ends in a softmax; then the scores are their logarithms
    """

    mean: Tensor
    std: Tensor

    def __init__(self, module: nn.Module, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.module = module
        self.register_buffer("mean", mean.view(-1, 1, 1))
        self.register_buffer("std", std.view(-1, 1, 1))
        self.probabilities = False

    def scores(self, found: Tensor) -> Tensor:
        """Logits of what the module gives as scores."""
        return found.clamp_min(LEAST).log() if self.probabilities else found

    def answer(self, x: Tensor) -> Any:
        """What the module gives for pixels from 0 to 1."""
        return self.module((x - self.mean) / self.std)


class Wrapped(Scaled):
    """(batch, channels, height, width) pixels from 0 to 1 -> (batch, classes) scores.

    output  which of several outputs has the scores: a key, a place, or None for the only one
    """

    def __init__(
        self, module: nn.Module, mean: Tensor, std: Tensor, output: str | int | None
    ) -> None:
        super().__init__(module, mean, std)
        self.output = output

    def forward(self, x: Tensor) -> Tensor:
        return self.scores(scores_of(self.answer(x), self.output))


class WrappedDetector(Scaled):
    """(batch, channels, height, width) pixels from 0 to 1 -> (batch, queries, classes + 1 + 4).

    logits, boxes  which of the module's outputs are these: a key or a place
    """

    def __init__(
        self, module: nn.Module, mean: Tensor, std: Tensor, logits: str | int, boxes: str | int
    ) -> None:
        super().__init__(module, mean, std)
        self.logits, self.boxes = logits, boxes

    def forward(self, x: Tensor) -> Tensor:
        found = self.answer(x)
        logits = scores_of(found, self.logits, "the scores: logits=...")
        boxes = scores_of(found, self.boxes, "the boxes: boxes=...")
        if boxes.dim() != 3 or boxes.shape[-1] != 4 or logits.shape[:-1] != boxes.shape[:-1]:
            raise ModelError(
                f"the module gives scores of shape {tuple(logits.shape)} and boxes of shape "
                f"{tuple(boxes.shape)}; (batch, boxes, classes + 1) and (batch, boxes, 4) are "
                "accepted"
            )
        return torch.cat([self.scores(logits), boxes], dim=-1)


class WrappedSegmenter(Scaled):
    """(batch, channels, height, width) pixels from 0 to 1 -> (batch, classes, h, w) scores.

    output  as Wrapped takes it
    """

    def __init__(
        self, module: nn.Module, mean: Tensor, std: Tensor, output: str | int | None
    ) -> None:
        super().__init__(module, mean, std)
        self.output = output

    def forward(self, x: Tensor) -> Tensor:
        return self.scores(scores_of(self.answer(x), self.output))


def per_channel(what: str, value: float | Sequence[float], channels: int) -> Tensor:
    """(channels,); raises ParamError, which calls the value `what`."""
    found = torch.as_tensor(value, dtype=torch.float32).flatten()
    if len(found) not in (1, channels) or not bool(found.isfinite().all()):
        raise ParamError(f"{what} is {value}; one finite number, or one a channel, is accepted")
    return found.expand(channels).clone()


def scores_of(output: Any, which: str | int | None, what: str = "the scores: output=...") -> Tensor:
    """The scores among what a module gives: a tensor, a tuple, a dict or a ModelOutput.

    what  ends the sentence of the ModelError that it raises where they cannot be told
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
            f"{what}"
        )
    return found
