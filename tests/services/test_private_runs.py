"""Private runs from launch to the card."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import dlexplain as dx
from dlexplain.cli import main
from dlexplain.errors import BadInput, SpecError
from dlexplain.execution.paths import states_file
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import States
from dlexplain.services.training import runs as service
from dlexplain.services.training.catalogue import complete
from dlexplain.settings import settings
from dlexplain.tasks.modules.private import spent
from dlexplain.trained.catalogue import find
from dlexplain.trained.networks import load_network
from tests.trained import trained_run

SPEC = RunSpec(
    task="classify-image",
    model="cnn",
    data="digits",
    model_params={"width": 4, "blocks": 2, "dense": 16, "dropout": 0.2},
    training={
        "epochs": 2, "batch_size": 128, "learning_rate": 0.01, "target_epsilon": 4.0,
        "target_delta": 1e-5, "secret_noise": False,
    },
    augmentation={"shift": 1},
    name="private digits",
)  # fmt: skip


def test_epsilon_is_told_live_and_stands_on_the_card() -> None:
    run = trained_run(SPEC)
    record = service.run(run)
    (curve,) = service.curves([record], "privacy/epsilon")
    noise = record.metrics["privacy/noise_multiplier"]
    ends = dict(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))
    assert ends[9] == pytest.approx(spent(noise, 128 / 1295, 10, 1e-5), rel=1e-5)
    assert ends[19] == pytest.approx(spent(noise, 128 / 1295, 20, 1e-5), rel=1e-5)
    assert 3.98 <= record.metrics["privacy/epsilon"] <= 4.0
    assert record.metrics["privacy/delta"] == 1e-5
    assert any("2 batch norms were replaced by group norms" in note for note in record.notes)
    card = find(run).trained.card
    assert card["metrics"]["privacy/epsilon"] == record.metrics["privacy/epsilon"]
    loaded = dx.load(run)  # with its group norms
    assert "GroupNorm" in str(loaded.prepared.module)


def test_a_run_whose_noise_is_of_the_seed_can_be_repeated() -> None:
    first = load_network(find(trained_run(SPEC)).trained)
    again = load_network(find(trained_run(replace(SPEC, name="private digits once more"))).trained)
    for one, other in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_texts_are_trained_privately_too(tmp_path: Path) -> None:
    file = tmp_path / "texts.csv"
    rows = [f"{'good warm film' if i % 2 else 'bad dull film'} {i},{i % 2}" for i in range(300)]
    file.write_text("text,label\n" + "\n".join(rows))
    spec = RunSpec(
        task="classify-text",
        model="text-cnn",
        data="csv-texts",
        data_params={"path": str(file)},
        model_params={"embedding": 8, "features": 4, "word_dropout": 0.0},
        task_params={"longest": 8, "vocabulary": 300},
        training={"epochs": 2, "batch_size": 64, "target_epsilon": 8.0},
    )
    record = service.run(trained_run(spec))
    assert record.state == "finished"
    assert 7.9 <= record.metrics["privacy/epsilon"] <= 8.0


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"training": {**SPEC.training, "target_epsilon": 0.001}}, BadInput, "no noise meets"),
        ({"training": {**SPEC.training, "target_delta": 0.01}}, BadInput, "target_delta is 0.01"),
        ({"training": {**SPEC.training, "batch_size": 16}}, SpecError, "batch_size is 16"),
        ({"augmentation": {"mixup": 0.5}}, SpecError, "mixup lets"),
        ({"model": "vit", "model_params": {}}, BadInput, "opacus does not know"),
    ],
)
def test_what_cannot_be_promised_is_said_before_anything_is_queued(
    changed: dict, error: type[Exception], words: str
) -> None:
    queued = len(States(states_file(settings().home)).all())
    with pytest.raises(error, match=words):
        service.launch(replace(SPEC, **changed))
    assert len(States(states_file(settings().home)).all()) == queued


def test_the_command_says_it_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    call = ["train", "--preset", "digits-cnn", "--set", "target_epsilon=0.001"]
    assert main(call) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "target_epsilon is 0.001, which no noise meets with delta 0.0001" in line


def test_a_spec_without_privacy_is_as_before() -> None:
    spec = complete(RunSpec("classify-image", "cnn", "digits"))
    assert spec.training["target_epsilon"] == 0.0
