"""Global random generators: seeded for libraries that draw from them, and left as they were.

Our own draws have generators of their own. What we call does not always: networks draw their first
weights before they are loaded, shap and captum draw from NumPy. None of that may move the random
numbers that the caller of a public function gets afterwards.
"""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

_lock = threading.Lock()
_counting = threading.Lock()
_inside = 0
_found: list[Any] = []


@contextmanager
def random_state_kept() -> Iterator[None]:
    """Python's, NumPy's and torch's generators are afterwards as they were; also as a decorator.

    Of several threads at once the last to leave gives back what the first one found: in between, a
    state given back would disturb the draws of the others.
    """
    global _inside
    with _counting:
        if _inside == 0:
            _found[:] = [_states()]
        _inside += 1
    try:
        yield
    finally:
        with _counting:
            _inside -= 1
            if _inside == 0:
                _give_back(_found.pop())


def _states() -> tuple[Any, ...]:
    """Of GPUs only where they are in use: asking would wake them up."""
    in_use = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    on_gpus = torch.cuda.get_rng_state_all() if in_use else []
    return random.getstate(), np.random.get_state(), torch.get_rng_state(), on_gpus


def _give_back(states: tuple[Any, ...]) -> None:
    ours, numpys, torchs, on_gpus = states
    random.setstate(ours)
    np.random.set_state(numpys)
    torch.set_rng_state(torchs)
    if on_gpus:
        torch.cuda.set_rng_state_all(on_gpus)


@contextmanager
def numpy_seed(seed: int) -> Iterator[Callable[[], None]]:
    """Seed NumPy's global generator for this thread alone, until the function yielded is called.

    shap draws all its samples first and evaluates them then: calling the function at the first
    evaluation lets the next job draw while this one computes. Afterwards the generator is as it
    was.
    """
    held = True
    _lock.acquire()

    def drawn() -> None:
        nonlocal held
        if held:
            held = False
            _lock.release()

    try:
        with random_state_kept():
            np.random.seed(seed)
            yield drawn
    finally:
        drawn()
