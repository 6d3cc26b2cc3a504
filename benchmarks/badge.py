"""What the facts beside a map cost: against 64 forward passes, and against the map itself.

python benchmarks/badge.py [--json FILE] [--rounds N]

The map of a picture by a cheap, a middling and a dear method, and its badge, both made anew in each
round; and the network's passes alone at each batch size, all in turn.
"""

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `make run` sets it
sys.path.insert(0, str(Path(__file__).parents[1]))

import dlexplain as dx
from benchmarks.table import Row, arguments, at_most, in_turn, median, report
from dlexplain.evaluation.badge import badge
from dlexplain.explainers.batching import CPU_CHUNKS, time_chunk
from dlexplain.services.quality.judging import case_of

MODELS = ("efficientnet-lite0", "cifar10-resnet")
METHODS = ("grad-cam", "integrated-gradients", "lime")
PICTURE = "chelsea"
PASSES, WHOLE = 64, 1.0
LARGEST = 16
"""Largest chunk tried for the floor."""


def main() -> int:
    args = arguments(__doc__)
    return report([row for name in MODELS for row in of_model(name, args.rounds)], args.json)


def of_model(name: str, rounds: int) -> list[Row]:
    model = dx.load(name)
    sizes = [size for size in CPU_CHUNKS if size <= LARGEST]
    sides: list[tuple[str, Callable[[], float]]] = [
        (f"pass {size}", partial(time_chunk, model.prepared, "forward", size)) for size in sizes
    ]
    for method in METHODS:
        made, judged = map_and_badge(model, method)
        sides += [(f"map {method}", made), (f"badge {method}", judged)]
    seconds = {side: median(taken) for side, taken in in_turn(sides, rounds).items()}
    floor = PASSES * min(seconds[f"pass {size}"] / size for size in sizes)
    rows = [Row(f"{name}: {PASSES} forward passes at the best batch", floor, "s")]
    rows.append(at_most(f"{name}: badge of a Grad-CAM", seconds["badge grad-cam"], WHOLE, floor))
    for method in METHODS:
        taken, own = seconds[f"badge {method}"], seconds[f"map {method}"]
        rows.append(Row(f"{name}: badge of {method}, to its map", taken, "s", own, taken / own))
    return rows


def map_and_badge(model: Any, method: str) -> tuple[Callable[[], float], Callable[[], float]]:
    """Seconds that a map takes, and that its facts take, anew at each call."""
    read = dx.read_sample(PICTURE)
    explanation = dx.explain(model, read, method)

    def made() -> float:
        case, started = case_of(model, read, explanation), time.perf_counter()
        case.again(case.given)  # `dx.explain` would remember it
        return time.perf_counter() - started

    def judged() -> float:
        started = time.perf_counter()
        badge(case_of(model, read, explanation), explanation.evaluations)
        return time.perf_counter() - started

    return made, judged


if __name__ == "__main__":
    sys.exit(main())
