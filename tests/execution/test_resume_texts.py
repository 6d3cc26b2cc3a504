"""A text classifier's run that was stopped and resumed is the run that was not."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dlexplain.execution.measuring import TIMED_STEPS, WARM_STEPS
from dlexplain.execution.spec import RunSpec
from dlexplain.networks.base import ARCHITECTURES
from dlexplain.networks.modules.lstm_attention import LSTMAttention
from dlexplain.services.training.inline import inline_queue
from tests.execution.small import Homes, assert_same, curves
from tests.execution.stopping import STOP, Stopping

NAME = "stopping-classifier"


class Net(Stopping, LSTMAttention):
    """The network as it is, with the request to end."""


@pytest.fixture
def _stopping() -> Iterator[None]:
    known = ARCHITECTURES["lstm-attention"]
    ARCHITECTURES.add(NAME, replace(known, name=NAME, module=Net))
    yield
    del ARCHITECTURES._entries[NAME]


@pytest.mark.parametrize("taught", [False, True])
@pytest.mark.usefixtures("_stopping")
def test_stopped_in_mid_epoch_and_resumed(taught: bool, new_home: Homes, tmp_path: Path) -> None:
    assert STOP > WARM_STEPS + TIMED_STEPS  # those are of copies, made before the first step
    file = tmp_path / "texts.csv"
    rows = [f"film {['good', 'bad'][n % 2]} {'so ' * (n % 5)}number {n % 7},{n % 2}"
            for n in range(90)]  # fmt: skip
    file.write_text("\n".join(["text,label", *rows]))
    spec = RunSpec(
        task="classify-text",
        model=NAME,
        data="csv-texts",
        data_params={"path": str(file)},
        model_params={"embedding": 8, "hidden": 8, "dropout": 0.3, "word_dropout": 0.2},
        training={"epochs": 3, "batch_size": 16, "precision": "float32", "learning_rate": 0.01},
        device="cpu",
    )
    home = new_home()
    if taught:
        plain = replace(spec, model="text-cnn", model_params={"embedding": 8, "features": 4})
        teacher = (
            inline_queue(home)
            .submit(replace(plain, training={"epochs": 1, "precision": "float32"}))
            .id
        )
        how = {"teacher": teacher, "hidden": "mse", "hidden_weight": 1.0}
        spec = replace(spec, task_params=how)
    whole = inline_queue(home).submit(spec)
    assert whole.state == "finished", whole.why
    Stopping.stop = True
    row = inline_queue(home).submit(spec)
    assert (row.state, row.why) == (
        "interrupted",
        f"the worker was asked to end; saved at step {STOP}",
    )
    row = inline_queue(home).resume(row.id)
    assert row.state == "finished", row.why
    assert_same(curves(home, row), curves(home, whole))
