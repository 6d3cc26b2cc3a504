"""What a way of compressing a network is, before it is used, and the register of them."""

from dataclasses import dataclass

from dlexplain.registry import Registry


@dataclass(frozen=True)
class Compression:
    """A way that a run can name to make its parent smaller or faster.

    module   the Compressor that does it (modules/base.py), as "package.module:Class", made of the
             parameters
    learns   whether the network may be trained on with it; else the run has no epochs
    """

    name: str
    title: str
    Params: type
    description: str
    paper: str
    module: str
    learns: bool = True


COMPRESSIONS: Registry[Compression] = Registry("compression")
