"""A model's twin: the same weights in modules of their own, which answer beside explanations."""

import copy
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from dlexplain.explainers.fair_lock import FairLock
from dlexplain.turns import Turns


def twin_of(module: nn.Module) -> nn.Module:
    """A copy of its modules with its own weights: hooks of the one are none of the other."""
    shared = {id(one): one for one in (*module.parameters(), *module.buffers())}
    return copy.deepcopy(module, shared)


class Twin:
    """Answers by a twin of the module, in turns of its own.

    Who asks for the classes of a picture waits for nobody's chunk, which may take half a second, or
    for one of each person in front; only for others who ask the same of the model.

    lock  of the module, in whose turn nothing hooks into it, so that nothing of that is copied
    """

    def __init__(self, module: nn.Module, lock: FairLock) -> None:
        with lock.turn():
            self.module = twin_of(module)
        self._lock = FairLock(Turns(lambda: 1))

    def __call__(self, parts: Sequence[Tensor]) -> Tensor:
        """What it says of each part, together, without gradients."""
        with self._lock.turn(), torch.inference_mode():
            return torch.cat([self.module(part) for part in parts])


_known: WeakKeyDictionary[object, Twin] = WeakKeyDictionary()


def twin(of: object, module: nn.Module, lock: FairLock) -> Twin:
    """That of a prepared model, whose module and lock these are; made when it is first asked."""
    found = _known.get(of)
    if found is None:
        found = _known[of] = Twin(module, lock)
    return found
