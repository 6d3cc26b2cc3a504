"""Seeding the libraries that draw from NumPy's global generator, without stopping each other."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

_lock = threading.Lock()


@contextmanager
def numpy_seed(seed: int) -> Iterator[Callable[[], None]]:
    """Seed NumPy's global generator for this thread alone, until the function yielded is called.

    shap draws all its samples first and evaluates them then: calling the function at the first
    evaluation lets the next job draw while this one computes.
    """
    held = True
    _lock.acquire()

    def drawn() -> None:
        nonlocal held
        if held:
            held = False
            _lock.release()

    try:
        np.random.seed(seed)
        yield drawn
    finally:
        drawn()
