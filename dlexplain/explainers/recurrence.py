"""Gradients through recurrent layers in eval mode."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_lock = threading.Lock()
_inside = 0
_before = True


@contextmanager
def differentiable() -> Iterator[None]:
    """What is computed inside can be differentiated on a GPU too: cuDNN's recurrent layers have no
    gradient outside of training, torch's own do.

    The switch is the process's, so cuDNN is off until the last thread inside has left.
    """
    global _inside, _before
    if not torch.is_grad_enabled():
        yield
        return
    with _lock:
        if _inside == 0:
            _before = torch.backends.cudnn.enabled
            torch.backends.cudnn.enabled = False
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                torch.backends.cudnn.enabled = _before
