"""A sweep of digits-cnn with ASHA against as many full random runs: steps, and the best of each.

python benchmarks/sweep.py [--json FILE] [--home DIR] [--trials N]

The sweep with ASHA is killed, controller and worker, when a third of its trials have begun, and is
resumed. Bounds: at most 40% of the random runs' optimiser steps, and a best validation accuracy at
most half a point below theirs. Every trial is a run in a process of its own, so this takes half an
hour on two cores; a second call with the same --home goes on where the first was.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import psutil

from benchmarks.table import Row, report
from dlexplain.results.sweeps import Sweep, Trial

TRIALS, SEED = 30, 0
STEPS_BOUND, BEST_BOUND = 0.4, 0.005
VARY = (
    "training.learning_rate=1e-4..1e-1 log",
    "training.weight_decay=1e-6..1e-2 log",
    "model.width=8..64",
    "training.optimiser=sgd,adam,adamw",
)
NAMES = ("ASHA", "random")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table there too")
    parser.add_argument("--home", type=Path, metavar="DIR", help="a home folder, kept")
    parser.add_argument("--trials", type=int, default=TRIALS, help="default: %(default)s")
    args = parser.parse_args()
    os.environ["DLEXPLAIN_HOME"] = str(args.home or tempfile.mkdtemp())
    os.environ["DLEXPLAIN_DEVICE"] = "cpu"

    from dlexplain.services.sweeps import sweeping

    known = {found.name: found.id for found in sweeping.sweeps()}
    for name in NAMES:  # one after the other: a device trains one run at a time
        found = sweeping.sweep_now(known[name]) if name in known else begin(name, args.trials)
        known[name] = found.id
        if name == "ASHA" and len(found.trials) < args.trials // 3:
            kill(found.id, args.trials // 3)
        while (now := sweeping.sweep_now(found.id)).state != "finished":
            if now.state == "failed":
                sys.exit(f"sweep {now.id} failed: {now.why}")
            if now.resumable:
                sweeping.resume(found.id)
            sweeping.wait_for(found.id)
    asha, random = (sweeping.sweep_now(known[name]) for name in NAMES)
    told(asha, random)
    return report(rows(asha, random), args.json)


def begin(name: str, trials: int) -> Sweep:
    from dlexplain.services.sweeps import sweeping

    how = {"sampler": "tpe", "pruner": "asha"} if name == "ASHA" else {"sampler": "random"}
    return sweeping.sweep("digits-cnn", VARY, trials=trials, seed=SEED, name=name, **how)


def kill(sweep: str, begun: int) -> None:
    """Its controller and the worker of its open trial, when so many trials have begun."""
    from dlexplain.execution.paths import row_file
    from dlexplain.services.sweeps import sweeping
    from dlexplain.settings import settings

    while len((now := sweeping.sweep_now(sweep)).trials) < begun and now.active:
        time.sleep(0.5)
    if now.pid:
        os.kill(now.pid, signal.SIGKILL)
    run = now.trials[-1].run
    worker = json.loads(row_file(settings().home, run).read_text())["row"]["pid"] if run else None
    if worker and psutil.pid_exists(worker):
        os.kill(worker, signal.SIGKILL)
    print(f"killed: controller {now.pid}, worker {worker}, at trial {len(now.trials) - 1}")
    while sweeping.sweep_now(sweep).active:
        time.sleep(0.5)


def rows(asha: Sweep, random: Sweep) -> list[Row]:
    best, other = best_of(asha).values[0], best_of(random).values[0]
    ratio = asha.steps / random.steps
    fewer = Row(
        "optimiser steps of ASHA's trials, less is better", asha.steps, "steps", random.steps,
        ratio, STEPS_BOUND, ratio <= STEPS_BOUND,
    )  # fmt: skip
    good = Row(
        "best validation accuracy, more is better", best, "", other, other - best, BEST_BOUND,
        other - best <= BEST_BOUND,
    )  # fmt: skip
    once = len({t.run for t in asha.trials}) == len(asha.trials) == len(random.trials)
    all_ = Row("trials of ASHA, each a run of its own", len(asha.trials), "trials", None, ok=once)
    return [fewer, good, all_]


def told(asha: Sweep, random: Sweep) -> None:
    for found in (asha, random):
        print(f"{found.name}: {found.best_words}; {found.steps:,} steps, {found.seconds:.0f} s")
        best = best_of(found)
        print(f"  its test accuracy: {best.test['test/accuracy']:.4f}, n = {best.test_n}")
        print(f"  {found.counted}")


def best_of(found: Sweep) -> Trial:
    if found.best is None:
        sys.exit(f"no trial of sweep {found.id} has finished")
    return found.best


if __name__ == "__main__":
    sys.exit(main())
