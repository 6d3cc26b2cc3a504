"""Language models that two workers train in shards: the curve of one, what each holds, stops.

Each start of a second worker takes seconds, so a test does several things with one run.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.distributed.tensor import DTensor
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook

from dlexplain.errors import RunError, SpecError
from dlexplain.execution import paths
from dlexplain.execution.checkpoints import newest_good, read_checkpoint
from dlexplain.execution.rows import RunRow
from dlexplain.execution.spec import RunSpec
from dlexplain.params import Value
from dlexplain.services.training.catalogue import complete, resources_params
from dlexplain.services.training.inline import inline_queue
from dlexplain.tasks.modules.language_model import LanguageModelling
from tests.execution.small import assert_same, with_training
from tests.execution.test_clusters import quiet_home
from tests.services.test_parallel import at, cancel, learned, second_worker, submit, workers

STEPS_AN_EPOCH = 9
SHARDED: dict[str, Value] = {"workers": 2, "sharding": "full"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return quiet_home(tmp_path_factory.mktemp("sharded"))


@pytest.fixture(scope="module")
def one(home: Path) -> RunSpec:
    """Of one worker: nine streams, which two workers share as four and five."""
    file = home / "text.txt"
    file.write_text(
        "".join(np.random.default_rng(0).choice(["to ", "be ", "or ", "not\n"], size=1200))
    )
    return RunSpec(
        task="language-model", model="rnn-lm", data="text-file",
        data_params={"path": str(file), "tokeniser": "character"},
        task_params={"time": 45, "written": 5},
        model_params={"embedding": 7, "units": 8, "layers": 2, "dropout": 0.0, "tied": True},
        training={
            "epochs": 3, "batch_size": 9, "precision": "float32", "learning_rate": 0.01,
            "clip": 0.5, "schedule": "plateau", "keep_every": 2, "keep_best": True,
        },
        device="cpu",
    )  # fmt: skip


@pytest.fixture(scope="module")
def uncut(home: Path, one: RunSpec) -> RunRow:
    row = submit(home, one)
    assert row.state == "finished", row.why
    return row


@dataclass
class Held:
    """Numbers that the first worker holds after a step, and of how many."""

    weights: int = 0
    gradients: int = 0
    moments: int = 0
    expected: int = 0
    all: int = 0
    steps: int = 0

    def look(self, optimizer: Optimizer, *given: Any) -> None:
        weights = [w for group in optimizer.param_groups for w in group["params"]]
        if not isinstance(weights[0], DTensor):  # of one worker, or a step that is measured
            return
        states = [s for w in weights for s in optimizer.state[w].values() if s.ndim]
        self.weights = _held(weights)
        self.gradients = _held([w.grad for w in weights])
        self.moments = _held(states)
        # The first of two has the larger half of the rows.
        self.expected = sum(-(-len(w) // 2) * (w.numel() // len(w)) for w in weights)
        self.all = sum(w.numel() for w in weights)
        self.steps += 1


def _held(tensors: list[Any]) -> int:
    return sum(tensor.to_local().numel() for tensor in tensors)


@contextmanager
def looking() -> Iterator[Held]:
    held = Held()
    hook = register_optimizer_step_post_hook(held.look)
    try:
        yield held
    finally:
        hook.remove()


def test_two_workers_hold_half_each_and_have_the_curve_of_one(
    home: Path, one: RunSpec, uncut: RunRow
) -> None:
    """With shares that differ, weights that are used twice, a schedule that listens to the
    validation, clipping by the norm of all, and the best epoch."""
    with looking() as held:
        row = submit(home, replace(one, resources=SHARDED))
    assert (row.state, row.why) == ("finished", "trained and tested")
    assert row.progress["notes"] == []
    assert_same(learned(home, row.id), learned(home, uncut.id))

    assert held.steps == 3 * STEPS_AN_EPOCH
    assert held.weights == held.gradients == held.expected
    assert held.moments == 2 * held.expected  # Adam's
    assert 0.5 <= held.expected / held.all < 0.6

    own, theirs = (
        {f.relative_to(paths.run_folder(home, r.id)) for f in _files(home, r)} for r in (uncut, row)
    )
    assert theirs - own == {Path("log-2.txt")} and own <= theirs
    _assert_close(_weights(home, row), _weights(home, uncut))
    for epoch in (0, 2):
        kept = [load_file(paths.weights_after(_folder(home, r), epoch)) for r in (row, uncut)]
        _assert_close(*kept)
    for found, expected in zip(_norms(home, row), _norms(home, uncut), strict=True):
        for key in ("weights", "gradients"):
            assert found[key] == pytest.approx(expected[key], rel=1e-3)
    assert not workers()


def test_one_that_is_cancelled_and_whose_worker_dies_goes_on_and_by_one_worker_too(
    home: Path, one: RunSpec, uncut: RunRow
) -> None:
    """Cancelled in the second epoch and resumed, it loses a worker in the third, of which one
    worker without shards takes up the rest."""
    with at(STEPS_AN_EPOCH + 3, cancel(home)):
        row = submit(home, replace(one, resources=SHARDED))
    assert (row.state, row.why) == ("cancelled", "cancelled by the user; saved at step 12")
    with at(STEPS_AN_EPOCH, lambda: second_worker().kill()):
        row = inline_queue(home).resume(row.id)
    told = "worker 2 of 2 died (SIGKILL); the last good checkpoint, of step 18, is kept"
    assert (row.state, row.why) == ("interrupted", told)

    checkpoint = newest_good(paths.checkpoint_folder(home, row.id), print)
    assert checkpoint is not None
    saved = read_checkpoint(checkpoint)
    tensors = {name.removeprefix("network."): t for name, t in saved["state_dict"].items()}
    shapes = {name: t.shape for name, t in tensors.items()}
    assert shapes == {name: t.shape for name, t in _weights(home, uncut).items()}
    assert all(type(t) is Tensor for t in tensors.values())
    states = saved["optimizer_states"][0]["state"].values()
    assert all(type(t) is Tensor for state in states for t in state.values())

    with sqlite3.connect(home / "runs.sqlite") as db:
        spec = json.dumps(json.loads(row.spec.to_json()) | {"resources": {}})
        db.execute("UPDATE runs SET spec = ? WHERE id = ?", (spec, row.id))
    row = inline_queue(home).resume(row.id)
    assert row.state == "finished", row.why
    assert_same(learned(home, row.id), learned(home, uncut.id))


@pytest.mark.slow
def test_a_transformer_has_the_curve_of_one_worker_too(home: Path, one: RunSpec) -> None:
    """bf16 rounds what each worker computes by itself, so the curve is close, not the same."""
    model = {"size": 8, "layers": 2, "heads": 2, "context": 16, "dropout": 0.0}
    spec = replace(one, model="transformer-lm", model_params=model)
    for precision, rel in (("float32", 1e-4), ("bf16", 2e-2)):
        this = with_training(spec, precision=precision)
        whole = submit(home, this)
        assert whole.state == "finished", whole.why
        row = submit(home, replace(this, resources=SHARDED))
        assert row.state == "finished", row.why
        found, expected = (learned(home, r.id)["train/loss"] for r in (row, whole))
        assert list(found.values()) == pytest.approx(list(expected.values()), rel=rel)


@pytest.mark.slow
def test_one_that_has_no_epoch_left_is_whole_in_its_test(
    home: Path, one: RunSpec, uncut: RunRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It failed in its test, so that a resume finds nothing to train."""
    with monkeypatch.context() as patched:
        patched.setattr(LanguageModelling, "results", _fail)
        row = submit(home, replace(one, resources=SHARDED))
    assert (row.state, row.why) == ("failed", "the disk is full")
    row = inline_queue(home).resume(row.id)
    assert row.state == "finished", row.why
    assert_same(learned(home, row.id), learned(home, uncut.id))
    _assert_close(_weights(home, row), _weights(home, uncut))


def _fail(module: LanguageModelling) -> None:
    raise RunError("the disk is full")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"resources": {"sharding": "full"}}, "but workers is 1; at least 2 are accepted"),
        (
            {"task": "classify-image", "model": "cnn", "data": "digits"},
            'but the task is "classify-image"; it is for language-model',
        ),
        ({"training": {"averaging": 0.9}}, "but averaging keeps a second network"),
        ({"training": {"precision": "fp16"}}, "but precision is fp16, which each worker scales"),
        ({"resources": {"workers": 2, "sharding": "half"}}, 'sharding is "half"; it takes'),
    ],
)
def test_what_is_not_done_in_shards_is_told(changed: dict[str, Any], told: str) -> None:
    usual = RunSpec(task="language-model", model="rnn-lm", data="ptb", resources=SHARDED)
    with pytest.raises(SpecError) as raised:
        complete(replace(usual, **changed))
    assert any(
        problem.startswith("resources: sharding is") and told in problem
        for problem in raised.value.problems
    ), raised.value.problems


def test_what_is_usual_is_not_told_of(one: RunSpec) -> None:
    usual: dict[str, Value] = {"workers": 2, "sharding": "none"}
    assert complete(replace(one, resources=usual)).resources == {"workers": 2}
    assert complete(replace(one, resources=SHARDED)).resources == SHARDED
    assert all("sharding" in resources_params(device) for device in ("cpu", "auto"))


def _folder(home: Path, row: RunRow) -> Path:
    return paths.run_folder(home, row.id)


def _files(home: Path, row: RunRow) -> list[Path]:
    return [file for file in _folder(home, row).iterdir() if file.is_file()]


def _norms(home: Path, row: RunRow) -> list[dict[str, Any]]:
    lines = paths.norms_file(home, row.id).read_text().splitlines()
    return [json.loads(line) for line in lines]


def _weights(home: Path, row: RunRow) -> dict[str, Tensor]:
    return load_file(paths.weights_file(home, row.id))


def _assert_close(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert set(found) == set(expected)
    for name, tensor in found.items():
        torch.testing.assert_close(tensor, expected[name], rtol=1e-3, atol=1e-4)
