"""One device, many users: chunks of work take turns, person by person."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from dlexplain.turns import Turns

CORES_EACH = 4
"""Cores for each chunk of several that are computed at once: with fewer they would hinder each
other more than they gain."""


def _at_once() -> int:
    return max(1, torch.get_num_threads() // CORES_EACH)


_device = Turns(_at_once)


class FairLock:
    """A model's lock, which is fair: between persons it goes round, and no job waits for more than
    one chunk of each other person and of each other job of its own.

    turns  of which one is taken with it; by default those of the process, since two models inside
           torch at once fight for the same cores
    """

    def __init__(self, turns: Turns = _device) -> None:
        self._turns = turns

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the turn, hold it inside the `with`, then hand it on. Not reentrant; inside of
        it a turn of another model may be taken."""
        with self._turns.turn(self):
            yield


def computing() -> dict[str, int]:
    """How many chunks wait for a turn and are computed."""
    return _device.counts()
