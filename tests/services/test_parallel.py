"""Runs that two workers train together: the curve of one, stops, deaths, and what is refused.

Each start of a second worker takes seconds, so a test does several things with one run.
"""

import itertools
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from torch import distributed, nn

from dlexplain.errors import SpecError
from dlexplain.execution import crew, others, paths
from dlexplain.execution.environment import cores
from dlexplain.execution.executor import local_queue
from dlexplain.execution.rows import RunRow
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import States
from dlexplain.networks.modules.cnn import ArticleCNN
from dlexplain.networks.modules.rnn_lm import RecurrentLM
from dlexplain.services.training import runs
from dlexplain.services.training.catalogue import complete, completed_with
from dlexplain.services.training.inline import inline_queue
from dlexplain.services.training.parallel import problem_of_machine, smallest_batch
from tests.execution.clusters import journal_curves
from tests.execution.small import Curves, assert_same, wait_until, with_training
from tests.execution.test_clusters import quiet_home

STEPS_AN_EPOCH = 7
ONE = RunSpec(
    task="classify-image",
    model="cnn",
    data="shapes",
    data_params={"count": 101, "side": 16},
    model_params={"width": 4, "blocks": 2, "dense": 16, "dropout": 0.0, "norm": False},
    training={
        "epochs": 4, "batch_size": 15, "precision": "float32", "learning_rate": 0.01,
        "schedule": "plateau", "clip": 1.0, "averaging": 0.9,
    },
    augmentation={"flip": "random", "shift": 2, "mixup": 0.2},
    device="cpu",
)  # fmt: skip
"""Batches of 15, which two workers share as 7 and 8, and a last one of 11, as 5 and 6."""
TWO = replace(ONE, resources={"workers": 2})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return quiet_home(tmp_path_factory.mktemp("parallel"))


@pytest.fixture(scope="module")
def one(home: Path) -> RunRow:
    """The run of one worker."""
    return submit(home, ONE)


@contextmanager
def at(step: int, act: Callable[[], Any]) -> Iterator[None]:
    """Do something before the first worker's so many-th training step of this attempt."""
    passed = itertools.count(1)

    def look(module: nn.Module, given: Any) -> None:
        top = isinstance(module, ArticleCNN | RecurrentLM) and module.training
        if top and distributed.is_initialized() and next(passed) == step:
            act()

    hook = nn.modules.module.register_module_forward_pre_hook(look)
    try:
        yield
    finally:
        hook.remove()


def cancel(home: Path) -> Callable[[], None]:
    """Cancel the newest run, and return when its worker has read that."""

    def act() -> None:
        states = States(home / "runs.sqlite")
        run, asked = states.all()[0].id, time.time()
        states.cancel(run)
        wait_until(lambda: (states.get(run).heartbeat or 0) > asked)
        time.sleep(0.2)

    return act


def workers() -> list[psutil.Process]:
    """The further workers of this process's run; other processes may tell MLflow, or decode."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # or one that has ended and is not waited for yet
            if others.MODULE in " ".join(child.cmdline()):
                found.append(child)
    return found


def second_worker() -> psutil.Process:
    """The process of the second worker of this process's run."""
    (found,) = workers()
    return found


def learned(home: Path, run: str) -> Curves:
    """The curves of a run."""
    return journal_curves(home, run)


def submit(home: Path, spec: RunSpec) -> RunRow:
    return inline_queue(home).submit(complete(spec))


def test_two_workers_have_the_curve_of_one(home: Path, one: RunRow) -> None:
    """Training, validation and test, with shares that differ, mixed pictures, a schedule that
    listens to the validation, clipping and averaging."""
    two = submit(home, TWO)
    assert (one.state, one.why) == (two.state, two.why) == ("finished", "trained and tested")
    expected, found = learned(home, one.id), learned(home, two.id)
    assert list(expected["train/loss"]) == list(range(4 * STEPS_AN_EPOCH))
    assert {"validation/loss", "validation/accuracy", "test/accuracy", "test/loss"} < set(expected)
    assert_same(found, expected)
    arrays = [np.load(paths.results_file(home, row.id)) for row in (one, two)]
    assert (arrays[0]["confusion"] == arrays[1]["confusion"]).all()
    assert arrays[0]["confusion"].sum() > 0
    assert two.progress["notes"] == []  # nothing differs, so nothing is said
    own = {file.name for file in paths.run_folder(home, one.id).iterdir()}
    theirs = {file.name for file in paths.run_folder(home, two.id).iterdir()}
    assert theirs - own == {"log-2.txt"}  # which is all that the second worker wrote
    assert not workers()


def test_one_that_is_cancelled_and_whose_worker_dies_goes_on_as_if_not(
    home: Path, one: RunRow
) -> None:
    """Cancelled in the second epoch and resumed, it loses a worker in the third."""
    with at(STEPS_AN_EPOCH + 3, cancel(home)):
        row = submit(home, TWO)
    assert (row.state, row.why) == ("cancelled", "cancelled by the user; saved at step 10")
    with at(STEPS_AN_EPOCH + 3, lambda: second_worker().kill()):
        row = inline_queue(home).resume(row.id)
    told = "worker 2 of 2 died (SIGKILL); the last good checkpoint, of step 14, is kept"
    assert (row.state, row.why) == ("interrupted", told)
    row = inline_queue(home).resume(row.id)
    assert row.state == "finished", row.why
    assert_same(learned(home, row.id), learned(home, one.id))


def test_what_a_worker_failed_at_ends_the_run(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(others, "MODULE", "tests.services.failing_worker")
    row = submit(home, TWO)
    assert (row.state, row.why) == ("failed", "worker 2 of 2: its disk is full")


@pytest.mark.slow
def test_a_worker_that_hangs_does_not_keep_a_cancelled_run(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "OBEY_SECONDS", 3.0)

    def stop() -> None:
        second_worker().send_signal(signal.SIGSTOP)
        cancel(home)()

    with at(STEPS_AN_EPOCH + 3, stop):
        row = submit(home, TWO)
    assert row.state == "cancelled", row.why
    assert not workers()


@pytest.mark.slow
def test_the_others_end_with_the_first(tmp_path: Path) -> None:
    """In processes of their own, as users' runs are; the first is killed."""
    home = quiet_home(tmp_path)
    states = States(home / "runs.sqlite")
    run = local_queue(home).submit(complete(with_training(TWO, epochs=1000))).id
    first = psutil.Process(states.get(run).pid)
    try:
        wait_until(lambda: states.get(run).progress.get("step", 0) > 10, 400)
        (second,) = first.children()
        log = paths.log_file(home, run).read_text()
    finally:
        first.kill()
    wait_until(lambda: not second.is_running(), 60)
    local_queue(home).reap()
    assert states.get(run).state == "interrupted"
    assert "Warning" not in log + paths.worker_log_file(home, run, 1).read_text()


@pytest.mark.slow
def test_batch_norms_and_dropout_are_told_of(home: Path) -> None:
    """The curve is another then, though close."""
    spec = replace(TWO, model_params={**TWO.model_params, "norm": True, "dropout": 0.2})
    row = submit(home, spec)
    assert row.state == "finished", row.why
    told = " ".join(row.progress["notes"])
    assert "batch norms see its own share" in told and "draws its own dropout" in told


@pytest.mark.slow
def test_a_language_model_carries_the_state_of_all_streams(home: Path, tmp_path: Path) -> None:
    """Nine streams of two workers, stopped in mid-epoch: the state of both is in the checkpoint."""
    file = tmp_path / "text.txt"
    words = np.random.default_rng(0).choice(["to ", "be ", "or ", "not\n"], size=3000)
    file.write_text("".join(words))
    one = RunSpec(
        task="language-model", model="rnn-lm", data="text-file",
        data_params={"path": str(file), "tokeniser": "character"},
        task_params={"time": 5, "written": 5},
        model_params={"embedding": 8, "units": 8, "dropout": 0.0},
        training={"epochs": 3, "batch_size": 9, "precision": "float32", "learning_rate": 0.01,
                  "clip": 1.0},
        device="cpu",
    )  # fmt: skip
    whole = submit(home, one)

    with at(45, cancel(home)):
        row = submit(home, replace(one, resources={"workers": 2}))
    assert row.state == "cancelled" and "saved at step" in row.why, row.why
    row = inline_queue(home).resume(row.id)
    assert row.state == "finished", row.why
    assert_same(learned(home, row.id), learned(home, whole.id))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (["workers=0"], 'resources: workers is "0"; it takes a whole number from 1 to 64'),
        (["workers=two"], 'resources: workers is "two"; it takes'),
        (
            ["workers=8"],
            "resources: workers is 8, but batches of 15 give each fewer than 2 examples; at most 7 "
            "are accepted",
        ),
        (["workers=2", "target_epsilon=8"], "a private training counts the noise of one worker"),
    ],
)
def test_numbers_that_cannot_be_are_told(changed: list[str], told: str) -> None:
    with pytest.raises(SpecError) as raised:
        completed_with(ONE, changed)
    assert any(told in problem for problem in raised.value.problems), raised.value.problems


def test_more_workers_than_processors_are_refused_at_launch() -> None:
    many = cores() + 1
    spec = replace(with_training(ONE, batch_size=512), resources={"workers": many})
    with pytest.raises(SpecError, match=f"workers is {many}, but there .* processor.* accepted"):
        runs.launch(spec)


def test_gpus_are_counted_from_the_first_that_is_taken() -> None:
    cards = ("cuda:0", "cuda:1", "cuda:2", "cpu")
    three = replace(ONE, device="cuda:1", resources={"workers": 3})
    assert "but there are 2 GPUs here; at most 2 accepted" in problem_of_machine(three, cards)
    assert problem_of_machine(replace(three, device="cuda"), cards) == ""
    assert "on mps it takes 1" in problem_of_machine(replace(three, device="auto"), ("mps", "cpu"))


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (
            RunSpec(task="gan", model="dcgan", data="digits"),
            "the task gan steps its networks by turns",
        ),
        (
            RunSpec(
                task="multi-task-image", model="cnn", data="shapes",
                task_params={"weighting": "gradnorm"},
            ),
            "GradNorm moves its weights by the gradients of one worker",
        ),
    ],
)  # fmt: skip
def test_what_steps_by_itself_is_refused(spec: RunSpec, told: str) -> None:
    with pytest.raises(SpecError) as raised:
        complete(replace(spec, resources={"workers": 2}))
    assert any(told in p and p.endswith("it takes 1") for p in raised.value.problems)


def test_one_worker_is_not_told_of() -> None:
    assert complete(replace(ONE, resources={"workers": 1})).resources == {}
    assert complete(TWO).resources == {"workers": 2}


def test_the_smallest_batch_of_an_epoch() -> None:
    class Loader:
        used, batch_size = 101, 15

        def __len__(self) -> int:
            return 7

    assert smallest_batch(Loader()) == 11
