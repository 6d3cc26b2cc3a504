"""Small tensors on their way to the device that trains."""

import torch
from torch import Tensor


def queued(tensor: Tensor, device: torch.device) -> Tensor:
    """On the device. A copy to a GPU is queued behind what it does, from pinned memory; a plain
    one would wait until all of that is done, and leave the GPU idle afterwards."""
    if device.type != "cuda" or tensor.device.type != "cpu":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)
