"""How much longer a model takes in a low precision than in float32, measured before it is used.

A processor without such arithmetic computes it all the same, at a tenth of the speed and less.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from dlexplain.explainers.batching import Kind, out_of_memory, time_chunk
from dlexplain.explainers.prepare import Prepared

ROUNDS, SPENT = 4, 0.1
"""At most so many rounds of both; seconds after which no further round is begun."""


@dataclass
class Slowdowns:
    """The ratio of each model and kind of work, measured once a process.

    In memory only, since a home folder may move to a machine that knows the precision.

    timer  (model, kind, inputs) -> seconds
    """

    timer: Callable[[Prepared, Kind, int], float] = time_chunk
    _known: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, plain: Prepared, low: Prepared, kind: Kind) -> float:
        """Least seconds of `low` over least seconds of `plain`, one input at a time; infinity where
        this machine cannot compute `low` at all.

        plain, low  one model in float32 and in the low precision, with a fingerprint of its own
        """
        key = f"{low.fingerprint}/{low.device}/{kind}"
        with self._lock:
            if key in self._known:
                return self._known[key]
        ratio = self._measured(plain, low, kind)  # without the lock: another may measure as well
        with self._lock:
            return self._known.setdefault(key, ratio)

    def _measured(self, plain: Prepared, low: Prepared, kind: Kind) -> float:
        self.timer(plain, kind, 1)  # the first run of all makes ready what later ones find
        took, low_took = math.inf, math.inf
        began = time.perf_counter()
        for _ in range(ROUNDS):
            took = min(took, self.timer(plain, kind, 1))
            try:
                low_took = min(low_took, self.timer(low, kind, 1))
            except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
                if out_of_memory(error):
                    raise
                return math.inf  # such as oneDNN, which has no LSTM in bf16 for AVX2
            if time.perf_counter() - began > SPENT:
                break
        return low_took / took
