"""What a way of compressing a network is, before it is used, and the register of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dlexplain.registry import Registry


def _nothing(params: Any, epochs: int, begun: str) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class Compression:
    """A way that a run can name to make its parent smaller or faster.

    module   the Compressor that does it (modules/base.py), as "package.module:Class", made of the
             parameters
    strength the parameter that says how much it compresses, "" without one: a setting of how well
             it does so is none
    learns   whether the network may be trained on with it; else the run has no epochs
    models   the architectures that it can compress, () any
    unfit    (parameters, epochs, begun) -> what of them does not go together, a sentence each.
             `begun` says why the weights with which the parent's training began cannot be had
             again, "" where they can
    ends     parameters -> whether the network is as small as asked only at the end of the training:
             then the last epoch is kept, and none before it may be
    """

    name: str
    title: str
    Params: type
    description: str
    paper: str
    module: str
    strength: str = ""
    learns: bool = True
    models: tuple[str, ...] = ()
    unfit: Callable[[Any, int, str], Sequence[str]] = _nothing
    ends: Callable[[Any], bool] = lambda params: False


COMPRESSIONS: Registry[Compression] = Registry("compression")
