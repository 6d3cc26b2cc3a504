"""An estimate counts what it says, in the calling process and in one of its own."""

import io
from contextlib import suppress
from dataclasses import replace

import psutil
import pytest
from PIL import Image

from dlexplain.errors import RunError
from dlexplain.execution.measuring import Measured
from dlexplain.explainers.progress import Progress
from dlexplain.results import Estimate
from dlexplain.services.jobs import Job, start
from dlexplain.services.training import worker
from dlexplain.services.training.catalogue import RunSpec, complete
from dlexplain.services.training.estimating import estimate, estimate_apart
from tests.execution.small import wait_until

DIGITS = RunSpec(
    task="classify-image", model="cnn", data="digits",
    model_params={"width": 4, "blocks": 1, "dense": 8, "norm": False},
    training={"epochs": 3, "batch_size": 100, "precision": "float32", "optimiser": "sgd"},
)  # fmt: skip


def apart(spec: RunSpec) -> Estimate:
    return estimate_apart(complete(spec), Progress())


def test_parameters_steps_and_examples_are_counted() -> None:
    told: list[str] = []
    found = estimate(complete(DIGITS), told.append)
    # conv 1 x 4 x 9 + 4; dense 4 x 4 x 4 x 8 + 8; last 8 x 10 + 10
    assert found.parameters == found.trainable == 40 + 520 + 90
    assert sum(found.sizes.values()) == 1797
    whole, rest = divmod(found.sizes["train"], 100)
    assert found.steps == 3 * (whole + (rest >= 50))
    assert list(found.step_seconds) == ["float32"]
    assert found.seconds > found.steps * found.step_seconds["float32"]
    # weights, gradients and momentum at least; 4 bytes each
    assert found.memory > 3 * 4 * found.parameters
    assert told[-1] == "measuring a few steps"
    assert Image.open(io.BytesIO(found.samples)).width >= 64


def test_a_series_has_no_samples_to_look_at() -> None:
    spec = RunSpec(task="forecast", model="lstm-forecaster", data="macrodata")
    assert estimate(complete(spec)).samples == b""


def test_a_slower_precision_is_told_beside_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = Measured({"bf16": 1.386, "float32": 0.046}, "bf16", 100, 0)
    monkeypatch.setattr(worker, "measure_built", lambda built: measured)
    spec = replace(DIGITS, training={**DIGITS.training, "precision": "bf16"})
    found = estimate(complete(spec))
    assert (found.precision, found.step_seconds) == ("bf16", measured.seconds)
    assert found.notes[-1] == (
        "on this machine bf16 takes 30 times as long as float32, as a short trial showed; float32 "
        "is faster"
    )


@pytest.mark.slow
def test_a_precision_that_cannot_be_computed_is_one_sentence() -> None:
    spec = replace(DIGITS, device="cpu", training={**DIGITS.training, "precision": "fp16"})
    with pytest.raises(RunError, match="^fp16 is for a GPU; on a CPU auto, float32 and bf16 are"):
        apart(spec)


def test_a_process_of_its_own_says_the_same() -> None:
    phases: list[str] = []
    found = estimate_apart(complete(DIGITS), Progress(), phases.append)
    assert phases[-1] == "measuring a few steps"
    assert found.parameters == 650
    assert found.samples.startswith(b"\x89PNG")


def test_what_is_wrong_comes_back_as_one_sentence() -> None:
    spec = RunSpec(
        task="classify-image", model="cnn", data="picture-folder", data_params={"path": "/nowhere"}
    )
    with pytest.raises(RunError, match="/nowhere is not there"):
        apart(spec)


def estimating() -> list[psutil.Process]:
    """Processes that estimate for this one."""
    module, found = "dlexplain.services.training.estimating", []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # another test's, which has just ended
            found += [child] if module in child.cmdline() else []
    return found


def test_it_can_be_cancelled() -> None:
    job = Job("The estimate", lambda progress: estimate_apart(complete(DIGITS), progress))
    begun = start([job])
    wait_until(estimating)
    (process,) = estimating()
    job.cancel()
    assert begun.ended.wait(60)
    assert job.state == "cancelled"
    assert not process.is_running()
