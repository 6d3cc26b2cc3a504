"""Measures how long a model takes for one example: python -m dlexplain.services.sweeps.latency RUN.

In a process of its own, so that nothing else that its caller has in memory is measured.
"""

import contextlib
import json
import sys

import torch

from dlexplain.errors import DlexplainError
from dlexplain.services.compress.computing import Computing
from dlexplain.services.compress.timing import visit

VISITS = 7


def latency(run: str) -> float:
    """Seconds, the median of VISITS medians."""
    model = Computing(run, seed=0)
    with torch.inference_mode():
        taken = sorted(visit(model.run_of(1)).seconds for _ in range(VISITS))
    return taken[VISITS // 2]


def main(arguments: list[str]) -> int:
    """Print {"seconds": s}, or {"error": sentence}."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            told: dict[str, object] = {"seconds": latency(arguments[0])}
    except DlexplainError as error:
        told = {"error": str(error)}
    print(json.dumps(told))
    return 0 if "seconds" in told else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
