"""What a worker takes of its machine while it trains, as metrics beside the others."""

import sys
from contextlib import suppress

import psutil

SAMPLE_SECONDS = 5.0
PREFIX = "system/"
"""Of these metrics' keys, which are not compared by default."""


class Usage:
    """Samples of the calling process: processor time since the last sample, memory now.

    system/cpu_percent   100 is one core; system/memory_mb  resident, in 10^6 bytes
    system/gpu_memory_mb  taken by torch on its CUDA device; system/gpu_percent  of the whole
                          device, where NVIDIA's library tells it
    """

    def __init__(self) -> None:
        self.gpu: int | None = None  # the run's own, once it is known
        self._process = psutil.Process()
        self._process.cpu_percent(None)  # from here on it counts

    def sample(self) -> dict[str, float]:
        found = {
            f"{PREFIX}cpu_percent": float(self._process.cpu_percent(None)),
            f"{PREFIX}memory_mb": self._process.memory_info().rss / 1e6,
        }
        return {**found, **self._of_gpu()}

    def _of_gpu(self) -> dict[str, float]:
        torch = sys.modules.get("torch")  # a process that has not loaded it uses no GPU
        if torch is None or not torch.cuda.is_initialized():
            return {}
        found = {f"{PREFIX}gpu_memory_mb": torch.cuda.memory_allocated(self.gpu) / 1e6}
        with suppress(Exception):  # NVIDIA's library is not there, or has errors of its own
            found[f"{PREFIX}gpu_percent"] = float(torch.cuda.utilization(self.gpu))
        return found
