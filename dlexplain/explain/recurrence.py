"""Gradients through recurrent layers in eval mode."""

from contextlib import AbstractContextManager

import torch


def differentiable() -> AbstractContextManager[None]:
    """What is computed inside can be differentiated on a GPU too: cuDNN's recurrent layers have no
    gradient outside of training, torch's own do."""
    flags: AbstractContextManager[None] = torch.backends.cudnn.flags(enabled=False)
    return flags
