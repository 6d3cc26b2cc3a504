"""What a model weighs: its tensors, and the memory that it takes. For a process of its own."""

import gc
import zlib
from typing import Any

import psutil
import torch
from safetensors.torch import save
from torch import Tensor, nn

from dlexplain.networks.modules.base import kept_state, shared_weights
from dlexplain.services.compress.inputs import FirstOutput, inputs_of
from dlexplain.trained.folder import Trained
from dlexplain.trained.networks import load_network

RUNS, TOGETHER = 3, 8
"""Times that the network computes before memory is read, and examples at once."""
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
"""Buffers that are counted as no parameters."""


def look(model: Trained) -> dict[str, Any]:
    """Bytes, parameters, zeros and memory, by the names of results.compression.MeasuredModel.

    memory  the growth of this process's resident memory from before the model was read to after it
            has computed; libraries are loaded, and have computed, before
    """
    inputs = inputs_of(model)
    _wake_libraries()
    gc.collect()
    before = psutil.Process().memory_info().rss
    network = load_network(model)
    with torch.inference_mode():
        for count in (1, TOGETHER):
            for _ in range(RUNS):
                FirstOutput(network)(inputs.some(count, 0))
    gc.collect()
    memory = psutil.Process().memory_info().rss - before
    content = save(kept_state(network))
    numbers, zeros = count_zeros(network)
    return {
        "size": len(content),
        "zipped": len(zlib.compress(content, 6)),
        "parameters": numbers,
        "zeros": zeros,
        "memory": max(0, memory),
    }


def count_zeros(network: nn.Module) -> tuple[int, int]:
    """Numbers that the network holds, a shared weight once, and how many of them are exactly 0."""
    again = shared_weights(network)
    held = [
        tensor
        for name, tensor in network.state_dict().items()
        if isinstance(tensor, Tensor) and name not in again and not name.endswith(STATISTICS)
    ]
    whole = [t.int_repr() if t.is_quantized else t for t in held]
    return sum(t.numel() for t in whole), sum(int((t == 0).sum()) for t in whole)


def _wake_libraries() -> None:
    """Have torch load what it loads at the first use, so that the model does not pay for it."""
    with torch.inference_mode():
        nn.Conv2d(4, 4, 3)(torch.zeros(2, 4, 8, 8))
        nn.Linear(64, 64)(torch.zeros(8, 64))
        nn.LSTM(8, 8, batch_first=True)(torch.zeros(2, 4, 8))
