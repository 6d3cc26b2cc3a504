"""A few measured steps: the precision that is chosen, and a batch halved until it fits."""

import json
import os
import re
import signal
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dlexplain.errors import RunError
from dlexplain.execution import measuring, paths
from dlexplain.execution.measuring import (
    CLEARLY_FASTER,
    TIMED_STEPS,
    WARM_STEPS,
    candidates,
    is_out_of_memory,
    measure,
)
from dlexplain.execution.states import RunRow
from dlexplain.networks.base import PictureShape
from dlexplain.networks.cnn import Params as CNNParams
from dlexplain.services.training import worker
from dlexplain.services.training.inline import inline_queue
from tests.execution.small import (
    PICTURES,
    STEPS,
    Homes,
    Probe,
    assert_same,
    at,
    curves,
    with_training,
)

CPU = torch.device("cpu")
WORDS = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
SMOOTH = replace(
    with_training(PICTURES, optimiser="sgd", learning_rate=0.05),
    model_params={"width": 4, "blocks": 2, "dense": 16, "dropout": 0.0, "norm": False},
    augmentation={},
)
"""Nothing in it depends on how a batch is cut."""


class Task(nn.Module):
    """A task's module with room for `most` examples; it keeps the sizes that it was given."""

    def __init__(self, most: int, error: Exception | None = None) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 1)
        self.most, self.sizes = most, [] if error is None else [error]
        self.error = error or torch.OutOfMemoryError("CUDA out of memory")

    def __deepcopy__(self, memo: object) -> "Task":
        copied = Task(self.most, self.error)
        copied.layer.load_state_dict(self.layer.state_dict())
        copied.sizes = self.sizes
        return copied

    def loss(self, batch: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        self.sizes.append(len(batch["x"]))
        if len(batch["x"]) > self.most:
            raise self.error
        return self.layer(batch["x"]).mean(), {}


def batch_of(size: int) -> Mapping[str, Any]:
    return {"x": torch.ones(size, 3)}


def test_a_batch_that_fits_is_kept_and_the_module_is_left_alone() -> None:
    task = Task(64)
    before = {key: value.clone() for key, value in task.state_dict().items()}
    measured = measure(task, batch_of, 64, "float32", CPU)
    assert (measured.batch, measured.precision, measured.memory) == (64, "float32", 0)
    assert task.sizes == [64] * (WARM_STEPS + TIMED_STEPS)
    assert measured.seconds["float32"] > 0
    assert all(task.state_dict()[key].equal(value) for key, value in before.items())


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA"), RuntimeError(WORDS), MemoryError()]
)
def test_a_batch_is_halved_until_it_fits(error: Exception) -> None:
    task = Task(20, error)
    assert measure(task, batch_of, 100, "float32", CPU).batch == 12
    assert task.sizes[1:] == [100, 50, 25] + [12] * (WARM_STEPS + TIMED_STEPS)


def test_where_not_even_two_fit_that_is_said() -> None:
    with pytest.raises(RunError, match="not even 2 examples fit into memory on cpu"):
        measure(Task(1), batch_of, 16, "float32", CPU)


def test_another_error_is_none_of_memory() -> None:
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="shapes"):
        measure(Task(1, RuntimeError("shapes")), batch_of, 16, "float32", CPU)


def test_auto_takes_bf16_where_it_is_clearly_faster() -> None:
    assert candidates("fp16", CPU) == ("fp16",)
    assert candidates("auto", CPU)[0] == "float32"
    assert set(candidates("auto", CPU)) <= {"float32", "bf16"}
    measured = measure(Task(8), batch_of, 8, "auto", CPU)
    seconds = measured.seconds
    assert set(seconds) == set(candidates("auto", CPU))
    faster = seconds["float32"] / seconds.get("bf16", float("inf")) >= CLEARLY_FASTER
    assert measured.precision == ("bf16" if faster else "float32")


LSTM_IN_HALF = RuntimeError("could not create a primitive descriptor for the LSTM")


def in_half() -> bool:
    return torch.is_autocast_enabled("cpu")


class Timed(Task):
    """Says by its own clock that a step takes so many seconds in bf16 and one in float32, and that
    there is room for `most` examples in float32, for any number in bf16.
    """

    def __init__(self, seconds: float, most: int = 1000, half: Exception | None = None) -> None:
        super().__init__(most)
        self.seconds, self.half, self.now = seconds, half, 0.0
        self.steps: list[str] = []

    def __deepcopy__(self, memo: object) -> "Timed":
        return self  # the clock is one

    def clock(self) -> float:
        return self.now

    def loss(self, batch: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        self.now += self.seconds if in_half() else 1.0
        self.steps.append("bf16" if in_half() else "float32")
        if in_half() and self.half is not None:
            raise self.half
        if not in_half() and len(batch["x"]) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self.layer(batch["x"]).float().mean(), {}


@pytest.mark.parametrize(
    ("seconds", "note"),
    [
        (30.13, "on this machine bf16 takes 30 times as long as float32, as a short trial showed; "
         "float32 is faster"),
        (1.2, ""),
        (0.5, ""),
    ],
)  # fmt: skip
def test_a_precision_asked_for_is_taken_and_said_to_be_slower(seconds: float, note: str) -> None:
    task = Timed(seconds)
    measured = measure(task, batch_of, 8, "bf16", CPU, task.clock)
    assert (measured.precision, measured.batch) == ("bf16", 8)
    assert measured.seconds == pytest.approx({"bf16": seconds, "float32": 1.0})
    assert measured.note == note


def test_a_batch_is_not_halved_for_the_float32_that_bf16_is_compared_with() -> None:
    task = Timed(30.0, most=50)
    measured = measure(task, batch_of, 100, "bf16", CPU, task.clock)
    assert (measured.batch, measured.precision, measured.note) == (100, "bf16", "")
    assert measured.seconds == {"bf16": 30.0}
    assert task.steps == ["bf16"] * (WARM_STEPS + TIMED_STEPS) + ["float32"]


def test_a_precision_that_the_machine_cannot_compute_is_one_sentence() -> None:
    words = "^this machine cannot compute the training in bf16; the precisions auto and float32 are"
    with pytest.raises(RunError, match=words):
        measure(Timed(1.0, half=LSTM_IN_HALF), batch_of, 8, "bf16", CPU)


def test_a_fault_of_the_model_is_not_blamed_on_the_precision() -> None:
    with pytest.raises(RuntimeError, match="shapes"):
        measure(Task(1, RuntimeError("shapes")), batch_of, 16, "bf16", CPU)


def test_auto_does_without_a_precision_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "_has_bf16", lambda: True)
    task = Timed(0.1, half=LSTM_IN_HALF)
    measured = measure(task, batch_of, 8, "auto", CPU, task.clock)
    assert (measured.precision, measured.note) == ("float32", "")
    assert measured.seconds == pytest.approx({"float32": 1.0})


def test_fp16_is_refused_on_a_cpu_and_not_taken_for_bf16() -> None:
    with pytest.raises(RunError, match="fp16 is for a GPU; on a CPU auto, float32 and bf16 are"):
        measure(Task(8), batch_of, 8, "fp16", CPU)


def test_comparing_with_float32_leaves_the_training_its_random_numbers() -> None:
    class Noisy(Timed):
        def loss(self, batch: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
            torch.rand(1)
            return super().loss(batch)

    task = Noisy(2.0)
    torch.manual_seed(0)
    measure(task, batch_of, 8, "bf16", CPU)
    found = torch.rand(1)
    torch.manual_seed(0)
    torch.rand(WARM_STEPS + TIMED_STEPS)
    assert found.equal(torch.rand(1))


@pytest.fixture(scope="module")
def home(new_home: Homes) -> Path:
    return new_home()


def slow_in_half(net: Probe) -> None:
    """As on a processor that does not know bf16."""
    net.register_forward_pre_hook(sleep_in_half)


def sleep_in_half(net: nn.Module, arguments: tuple[Tensor]) -> None:
    if net.training and in_half():
        time.sleep(0.1)


def test_a_run_takes_the_slower_precision_asked_for_and_says_so(home: Path, probe: None) -> None:
    with at(-1, slow_in_half):
        row = inline_queue(home).submit(with_training(PICTURES, precision="bf16", epochs=1))
    assert row.state == "finished"
    (note,) = row.progress["notes"]
    assert re.fullmatch(
        r"on this machine bf16 takes \d\S* times as long as float32, as a short trial showed; "
        "float32 is faster",
        note,
    )
    chosen = json.loads(paths.chosen_file(home, row.id).read_text())
    assert chosen["precision"] == "bf16"


def test_a_run_in_a_precision_that_cannot_be_computed_fails_with_one_sentence(
    home: Path, probe: None
) -> None:
    def refuse_half(net: nn.Module, arguments: tuple[Tensor]) -> None:
        if in_half():
            raise LSTM_IN_HALF

    with at(-1, lambda net: net.register_forward_pre_hook(refuse_half)):
        row = inline_queue(home).submit(with_training(PICTURES, precision="bf16"))
    assert (row.state, row.why) == (
        "failed",
        "this machine cannot compute the training in bf16; the precisions auto and float32 are "
        "accepted",
    )


def crowd(net: Probe) -> None:
    """No room for more than 5 examples, from when the network is built."""
    net.register_forward_pre_hook(refuse_six)


def refuse_six(net: nn.Module, arguments: tuple[Tensor]) -> None:
    if net.training and len(arguments[0]) > 5:
        raise torch.OutOfMemoryError("CUDA out of memory")


@pytest.fixture(scope="module")
def halved(home: Path, probe: None) -> RunRow:
    with at(-1, crowd):
        return inline_queue(home).submit(SMOOTH)


def test_a_run_whose_batch_does_not_fit_takes_parts_and_adds_up(home: Path, halved: RunRow) -> None:
    assert halved.state == "finished"
    assert halved.progress["notes"] == [
        "a batch of 16 does not fit into memory; 4 are taken at once and their gradients added up"
    ]
    assert halved.progress["step"] == STEPS
    whole = curves(home, inline_queue(home).submit(SMOOTH))
    parts = curves(home, halved)
    assert len(whole["train/loss"]) == STEPS
    assert list(parts["validation/loss"].values()) == pytest.approx(
        list(whole["validation/loss"].values()), rel=1e-4
    )
    assert parts["train/gradient_norm"] == pytest.approx(whole["train/gradient_norm"], rel=1e-3)


def test_a_batch_that_is_found_too_large_only_in_training_is_halved_then(
    home: Path, probe: None
) -> None:
    """As with the optimiser's state, which comes with the first step."""

    def crowd_if_large(net: Probe) -> None:
        net.register_forward_pre_hook(refuse_ten)

    def refuse_ten(net: nn.Module, arguments: tuple[Tensor]) -> None:
        if net.training and net.count >= 5 and len(arguments[0]) > 10:
            raise torch.OutOfMemoryError("CUDA out of memory")

    with at(-1, crowd_if_large):
        row = inline_queue(home).submit(SMOOTH)
    assert (row.state, row.progress["step"]) == ("finished", STEPS)
    assert row.progress["notes"] == [
        "a batch of 16 does not fit into memory; 8 are taken at once and their gradients added up"
    ]


def test_a_run_in_parts_is_resumed_between_two_steps(
    home: Path, halved: RunRow, probe: None
) -> None:
    """Stopped within a step, it saves when the step is done: gradients are in no checkpoint."""

    def crowd_and_stop(net: Probe) -> None:
        crowd(net)
        net.register_forward_pre_hook(stop_in_the_30th)

    def stop_in_the_30th(net: nn.Module, arguments: tuple[Tensor]) -> None:
        if net.training and net.count == 30 - 1:  # before it is counted
            os.kill(os.getpid(), signal.SIGTERM)

    with at(-1, crowd_and_stop):
        row = inline_queue(home).submit(SMOOTH)
    # Steps of four parts: the thirtieth part is the second of the eighth step.
    assert row.why == "the worker was asked to end; saved at step 8"
    with at(-1, crowd):
        row = inline_queue(home).resume(row.id)
    assert row.state == "finished"
    assert_same(curves(home, row), curves(home, halved))


def test_parts_make_up_the_batch_of_a_small_data_set(probe: None) -> None:
    """100 pictures, batch 128: the whole is 100."""
    spec = with_training(SMOOTH, batch_size=128)
    built = worker.build(spec, CPU, lambda text, part: None, 25)
    assert (built.accumulate, len(built.data.loader), built.module.steps) == (4, 4, 4)


def test_the_probe_is_the_articles_cnn() -> None:
    shape, params = PictureShape(3, 16, 5), CNNParams(width=4, blocks=2, dense=16)
    assert Probe(shape, params).eval()(torch.zeros(2, 3, 16, 16)).shape == (2, 5)
