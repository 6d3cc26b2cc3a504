"""Data-parallel training: one worker against two of this machine, and a simulation of more.

python benchmarks/parallel.py [--json FILE] [--rounds N]

Each round trains the same spec three times, in turn: by one worker on one processor, by one worker
on all, and by two workers with half of them each. A run's pace is what its worker tells: optimiser
steps a second after the first one, with the validation, which the first worker does alone.

The second table is a simulation, not a measurement: with t the step of one worker on one processor,
N workers take

    t / N + latency + bytes · 2 (N - 1) / N / bandwidth,

the time that a ring all-reduce takes for the gradients (Patarasuk and Yuan 2009,
https://doi.org/10.1016/j.jpdc.2008.09.002), none hidden behind the computing. It knows nothing
of stragglers, of validation, and of what a smaller share costs in a less efficient computation.
"""

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the worker's process has it
sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

from benchmarks.table import Row, arguments, in_turn, median, report
from dlexplain.execution.spec import RunSpec
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.inline import inline_queue
from dlexplain.services.training.worker import build
from dlexplain.settings import settings

CASES = {
    "CNN, batch 128": RunSpec(
        task="classify-image", model="cnn", data="shapes", data_params={"count": 2600},
        training={"batch_size": 128, "epochs": 3, "precision": "float32"},
        augmentation={"flip": "random", "shift": 2}, device="cpu",
    ),
    "ViT, batch 64": RunSpec(
        task="classify-image", model="vit", data="shapes", data_params={"count": 1300},
        training={"batch_size": 64, "epochs": 2, "precision": "float32"}, device="cpu",
    ),
}  # fmt: skip
LATENCY = 1e-4
"""Seconds that a step waits for the first byte."""
NETWORKS = {"1 Gbit/s": 1e9 / 8, "10 Gbit/s": 1e10 / 8, "100 Gbit/s": 1e11 / 8}
"""Bytes a second, each way."""
WORKERS = (1, 2, 4, 8, 16, 32)


def sent(size: float, workers: int) -> float:
    """Bytes that each worker sends in a ring all-reduce of so many: 2 (N - 1) / N of them."""
    return size * 2 * (workers - 1) / workers


def simulated(step: float, size: float, workers: int, bandwidth: float) -> float:
    """Seconds of a step of so many workers; see above."""
    if workers == 1:
        return step
    return step / workers + LATENCY + sent(size, workers) / bandwidth


def gradient_bytes(spec: RunSpec) -> int:
    """Of the gradients that are exchanged in a step, in float32."""
    built = build(complete(spec), torch.device("cpu"), lambda text, part: None)
    return 4 * sum(p.numel() for p in built.module.parameters() if p.requires_grad)


def step_seconds(spec: RunSpec, workers: int, threads: int) -> float:
    """Train it in this process, with so many threads for all workers; seconds of a step."""
    torch.set_num_threads(threads)
    found = replace(spec, resources={"workers": workers})
    row = inline_queue().submit(complete(found))
    assert row.state == "finished", row.why
    return 1 / float(row.progress["speed"])


def measured(name: str, spec: RunSpec, rounds: int) -> tuple[list[Row], float, int]:
    """Rows of a case, the step of one worker on one processor, and its gradients' bytes."""
    every = os.cpu_count() or 1
    one, all_, two = "one processor", f"one worker on {every}", "two workers"
    taken = in_turn(
        [
            (one, lambda: step_seconds(spec, 1, 1)),
            (all_, lambda: step_seconds(spec, 1, every)),
            (two, lambda: step_seconds(spec, 2, every)),
        ],
        rounds,
    )
    step = {key: median(values) for key, values in taken.items()}
    size = gradient_bytes(spec)
    rows = [
        Row(f"{name}: a step of one worker on one processor", step[one], "s"),
        _against(f"{name}: two workers, times as fast as it (2 is best)", step[two], step[one]),
        _against(f"{name}: two workers, times as fast as one on all", step[two], step[all_]),
        Row(f"{name}: bytes that each of two sends a step", sent(size, 2), "bytes"),
    ]
    return rows, step[one], size


def _against(name: str, value: float, reference: float) -> Row:
    return Row(name, value, "s", reference, reference / value)


def print_simulation(name: str, step: float, size: int) -> None:
    """How many times as fast as one worker, by workers and network; in brackets the efficiency."""
    print(f"\nSIMULATION, not measured: {name}, {1000 * step:.0f} ms a step, {size / 1e6:.2f} MB")
    print(f"{'workers':>8}" + "".join(f"{network:>18}" for network in NETWORKS))
    for workers in WORKERS:
        cells = []
        for bandwidth in NETWORKS.values():
            faster = step / simulated(step, size, workers, bandwidth)
            cells.append(f"{faster:.2f} ({faster / workers:.0%})")
        print(f"{workers:>8}" + "".join(f"{cell:>18}" for cell in cells))


def main() -> int:
    given = arguments(__doc__)
    rows: list[Row] = []
    found = []
    with tempfile.TemporaryDirectory() as home:
        os.environ["DLEXPLAIN_HOME"] = home
        assert settings().home == Path(home)
        for name, spec in CASES.items():
            more, step, size = measured(name, spec, given.rounds)
            rows += more
            found.append((name, step, size))
    status = report(rows, given.json)
    for name, step, size in found:
        print_simulation(name, step, size)
    return status


if __name__ == "__main__":
    sys.exit(main())
