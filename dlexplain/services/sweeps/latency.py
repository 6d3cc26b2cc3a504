"""Measures how long a model takes for one example: python -m dlexplain.services.sweeps.latency
reads a run's id on standard input.

In a process of its own, so that nothing else that its caller has in memory is measured.
"""

import sys
from collections.abc import Callable

import torch

from dlexplain.services.apart import answer
from dlexplain.services.compress.computing import Computing
from dlexplain.services.compress.timing import visit

VISITS = 7


def latency(run: str) -> float:
    """Seconds, the median of VISITS medians."""
    model = Computing(run, seed=0)
    with torch.inference_mode():
        taken = sorted(visit(model.run_of(1)).seconds for _ in range(VISITS))
    return taken[VISITS // 2]


def _answer(run: str, say: Callable[..., None]) -> None:
    """The process's side."""
    say(seconds=latency(run))


if __name__ == "__main__":
    sys.exit(answer(_answer))
