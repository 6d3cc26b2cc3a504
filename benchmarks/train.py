"""Trainings: steps a second against a bare PyTorch loop, and what of a step waits for data.

python benchmarks/train.py [--json FILE] [--rounds N]

Ours is the worker's: its Trainer with all callbacks, its logger, its threads that write to a real
store. The bare loop has the same network, batches, augmentation, precision, optimiser and
schedule, and nothing else. The sides take turns, an epoch each; its first steps are not counted.
"""

import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the worker's process has it
sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.profilers import Profiler
from torch.nn import functional as F

from benchmarks.table import Row, arguments, median, report
from dlexplain.data.base import silent
from dlexplain.execution.fitting import make_trainer, quiet
from dlexplain.execution.measuring import autocast
from dlexplain.execution.paths import states_file
from dlexplain.execution.reporting import Reporter
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import States
from dlexplain.memory import keep_memory
from dlexplain.networks.modules.device import choose_device
from dlexplain.params import Value
from dlexplain.services.training import worker
from dlexplain.services.training.catalogue import complete

FIRST = 3
"""Steps of an epoch that are not counted."""
BOUND, MOST_WAITING = 0.95, 0.05
PLAYS: dict[str, Value] = {"plays": "romances", "tokeniser": "bpe", "size": 2000}
CASES = {
    "CNN, batch 128": RunSpec(
        task="classify-image", model="cnn", data="shapes", data_params={"count": 2600},
        training={"batch_size": 128, "epochs": 100, "precision": "float32"},
        augmentation={"flip": "random", "shift": 2},
    ),
    "airbench 32/64, batch 128": RunSpec(
        task="classify-image", model="airbench", data="shapes", data_params={"count": 2600},
        model_params={"width": 32, "deep": 64},
        training={"batch_size": 128, "epochs": 100, "optimiser": "sgd", "learning_rate": 0.2},
        augmentation={"flip": "alternating", "shift": 2},
    ),
    "LSTM language model, batch 32 of 35 tokens": RunSpec(
        task="language-model", model="rnn-lm", data="shakespeare", data_params=PLAYS,
        model_params={"cell": "lstm", "layers": 2, "embedding": 256, "units": 256},
        task_params={"time": 35, "written": 0},
        training={"batch_size": 32, "epochs": 100},
    ),
    "Transformer language model, batch 16 of 64 tokens": RunSpec(
        task="language-model", model="transformer-lm", data="shakespeare", data_params=PLAYS,
        model_params={"layers": 4, "size": 192, "heads": 4, "context": 128},
        task_params={"time": 64, "written": 0},
        training={"batch_size": 16, "epochs": 100},
    ),
}  # fmt: skip
"""Of 2,000 steps every fourth becomes a point of the curves, as in a run of some minutes."""


class Clock(Callback):
    """Time from the end of the first steps to the end of the epoch's last."""

    def __init__(self, device: torch.device, steps: int) -> None:
        self.device, self.last = device, steps
        self.steps = 0
        self.began = self.seconds = self.used_before = self.used = 0.0

    def on_train_batch_end(self, *args: object) -> None:
        self.steps += 1
        if self.device.type == "cuda" and self.steps in (FIRST, self.last):
            torch.cuda.synchronize(self.device)
        now, used = time.perf_counter(), time.process_time()
        if self.steps == FIRST:
            self.began, self.used_before = now, used
        self.seconds, self.used = now - self.began, used - self.used_before

    def epoch(self, cut: float = 0.0, vary: float = 0.0) -> "Epoch":
        steps = self.steps - FIRST
        return Epoch(steps / self.seconds, self.used / steps, cut, vary)


class Waits(Profiler):
    """Seconds of what Lightning does before and in a step; costs two looks at a clock."""

    CUT = "[_TrainingEpochLoop].train_dataloader_next"
    VARY = "[Strategy]SingleDeviceStrategy.batch_to_device"
    STEP = "run_training_batch"

    def __init__(self) -> None:
        super().__init__()
        self.began: dict[str, float] = {}
        self.seconds: Counter[str] = Counter()

    def start(self, action_name: str) -> None:
        if action_name in (self.CUT, self.VARY, self.STEP):
            self.began[action_name] = time.perf_counter()

    def stop(self, action_name: str) -> None:
        if action_name in self.began:
            self.seconds[action_name] += time.perf_counter() - self.began.pop(action_name)

    def summary(self) -> str:
        return ""

    def part(self, action: str) -> float:
        """Of the time of all steps."""
        return self.seconds[action] / sum(self.seconds.values())


@dataclass(frozen=True)
class Epoch:
    """What was measured of one.

    speed      steps a second
    used       processor seconds a step, of all threads
    cut, vary  parts of a step that cut its batch; and that move, vary and normalise it
    """

    speed: float
    used: float
    cut: float
    vary: float


class Ours:
    """A run in this process as its worker has it, an epoch at a time."""

    def __init__(self, spec: RunSpec, reporter: Reporter) -> None:
        self.reporter = reporter
        self.built = worker.build(spec, choose_device(spec.device), silent)
        self.precision = worker.measure_built(self.built).precision
        self.how = worker._fitting(spec, self.built, self.precision)

    def epoch(self) -> Epoch:
        trainer, _ = make_trainer(self.how, self.reporter.states.file.parent, self.reporter)
        clock, waits = Clock(self.built.device, len(self.built.data.loader)), Waits()
        trainer.callbacks.append(clock)  # type: ignore[attr-defined]
        trainer.profiler = waits
        trainer.fit_loop.max_epochs = 1
        trainer.fit(self.built.module, datamodule=self.built.data)
        return clock.epoch(waits.part(Waits.CUT), waits.part(Waits.VARY))


class Bare:
    """A loop as one writes it by hand."""

    def __init__(self, spec: RunSpec, precision: str) -> None:
        self.device, self.precision = choose_device(spec.device), precision
        built = worker.build(spec, self.device, silent)
        self.data, self.network = built.data, built.module.network
        made = built.module.configure_optimizers()
        self.optimiser, self.schedule = made["optimizer"], made["lr_scheduler"]["scheduler"]
        self.network.to(self.device).train()
        self.loss = self.next_token if spec.task == "language-model" else self.classify
        self.carried: dict[int, Any] = {}

    def classify(self, batch: dict[str, Any]) -> torch.Tensor:
        return F.cross_entropy(self.network(batch["x"]).float(), batch["y"])

    def next_token(self, batch: dict[str, Any]) -> torch.Tensor:
        """Truncated backpropagation: the state goes on, its gradient does not."""
        before = None if batch["first"] else self.carried[batch["group"]]
        logits, after = self.network(batch["x"], before)
        self.carried[batch["group"]] = tuple(part.detach() for part in after)
        return F.cross_entropy(logits.flatten(0, 1).float(), batch["y"].flatten())

    def epoch(self) -> Epoch:
        loader = self.data.loader
        clock = Clock(self.device, len(loader))
        for examples in loader:
            moved = {
                key: value.to(self.device) if isinstance(value, torch.Tensor) else value
                for key, value in examples.items()
            }
            batch = self.data.on_after_batch_transfer(moved, 0)
            with autocast(self.precision, self.device):
                loss = self.loss(batch)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser.step()
            self.schedule.step()
            clock.on_train_batch_end()
        loader.seen += len(loader)
        return clock.epoch()


def measure(name: str, spec: RunSpec, reporter: Reporter, rounds: int) -> list[Row]:
    ours = Ours(spec, reporter)
    bare = Bare(spec, ours.precision)
    pairs = [(ours.epoch(), bare.epoch()) for _ in range(rounds + 1)][1:]  # the first warms
    mine, plain = zip(*pairs, strict=True)

    def middle(part: str, epochs: tuple[Epoch, ...] = mine) -> float:
        return median([getattr(epoch, part) for epoch in epochs])

    # A ratio is a pair's, which had the same minute of the machine.
    ratio = median([a.speed / b.speed for a, b in pairs])
    waiting = middle("cut")
    return [
        Row(f"{name}, {ours.precision}: against a bare loop", middle("speed"), "steps/s",
            middle("speed", plain), ratio, BOUND, ratio >= BOUND),
        Row(f"{name}: the same in processor time", 1000 * middle("used"), "ms/step",
            1000 * middle("used", plain), median([b.used / a.used for a, b in pairs])),
        Row(f"{name}: part of a step that waits for data", waiting, "", None, waiting,
            MOST_WAITING, waiting <= MOST_WAITING),
        Row(f"{name}: part that varies and normalises it", middle("vary"), ""),
    ]  # fmt: skip


def main() -> int:
    args = arguments(__doc__)
    keep_memory()  # as the worker does; it serves both sides
    rows = []
    with tempfile.TemporaryDirectory() as folder, quiet():
        home = Path(folder)
        states = States(states_file(home))
        for name, given in CASES.items():
            spec = complete(given)
            row = states.add(spec)
            states.move(row.id, "running", "measured")
            reporter = Reporter(states, home, states.attach(row.id))
            reporter.start()
            rows += measure(name, spec, reporter, args.rounds)
            reporter.stop()
            states.move(row.id, "finished", "measured")
    return report(rows, args.json)


if __name__ == "__main__":
    sys.exit(main())
