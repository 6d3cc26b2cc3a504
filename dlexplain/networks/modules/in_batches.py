"""A module that takes batches of one size, or channels last, as one that takes any batch."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


class InBatches(nn.Module):
    """(batch, channels, side, side) -> what `module` gives, whatever the size of the batch.

    batch          pictures that the module takes at a time, or 0 for any number
    channels_last  whether it takes (batch, side, side, channels)
    """

    def __init__(self, module: nn.Module, batch: int = 0, channels_last: bool = False) -> None:
        super().__init__()
        self.module = module
        self.batch = batch
        self.channels_last = channels_last

    @property
    def one_at_a_time(self) -> bool:
        return self.batch == 1

    def forward(self, x: Tensor) -> Any:
        given = x.permute(0, 2, 3, 1) if self.channels_last else x
        if not self.batch:
            return self.module(given)
        return joined([self._one(part) for part in torch.split(given, self.batch)])

    def _one(self, part: Tensor) -> Any:
        """Of at most `batch` pictures; where they are fewer the last one is given again."""
        count = len(part)
        if count == self.batch:
            return self.module(part)
        full = torch.cat([part, part[-1:].expand(self.batch - count, *part.shape[1:])])
        return first(self.module(full), count)

    def extra_repr(self) -> str:
        return f"batch={self.batch}, channels_last={self.channels_last}"


def joined(parts: list[Any]) -> Any:
    """The outputs of several batches as those of one."""
    one = parts[0]
    if isinstance(one, Tensor):
        return torch.cat(parts)
    if isinstance(one, Mapping):
        return {key: joined([part[key] for part in parts]) for key in one}
    if isinstance(one, tuple | list):
        return tuple(joined(list(some)) for some in zip(*parts, strict=True))
    return one


def first(output: Any, count: int) -> Any:
    """Of the outputs those of the first `count` pictures."""
    if isinstance(output, Tensor):
        return output[:count]
    if isinstance(output, Mapping):
        return {key: first(value, count) for key, value in output.items()}
    if isinstance(output, tuple | list):
        return tuple(first(value, count) for value in output)
    return output
