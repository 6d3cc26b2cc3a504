"""A run that learns from a trained model gets it by its name; a test of it needs no teacher."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from dlexplain.data.base import silent
from dlexplain.errors import RunError
from dlexplain.execution import paths
from dlexplain.execution.spec import RunSpec
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.inline import inline_queue
from dlexplain.services.training.worker import Built, build
from dlexplain.services.zoo import publish, verify
from dlexplain.settings import settings
from dlexplain.trained.catalogue import trained
from dlexplain.trained.networks import load_network
from tests.trained import digits_run

STUDENT = RunSpec(task="classify-image", model="cnn", data="digits", model_params={"blocks": 2})


def taught_by(name: str, learns: bool = True) -> Built:
    spec = complete(replace(STUDENT, task_params={"teacher": name}))
    return build(spec, torch.device("cpu"), silent, learns=learns)


def test_the_worker_finds_the_teacher_and_it_answers_as_itself() -> None:
    built: Any = taught_by(digits_run())
    x = built.data.some_inputs(5, seed=0)
    with torch.no_grad():
        own = load_network(trained(digits_run()))(x)
    torch.testing.assert_close(built.module.teacher(x), own, rtol=1e-4, atol=1e-5)


def test_a_teacher_of_larger_pictures_sees_them_enlarged() -> None:
    built: Any = taught_by("mnist-cnn")
    batch = built.data.on_after_batch_transfer(next(iter(built.data.loader)), 0)
    loss, numbers = built.module.loss(batch)
    assert torch.isfinite(loss) and float(numbers["distillation"]) > 0


def test_a_test_needs_no_teacher() -> None:
    built: Any = taught_by(digits_run(), learns=False)
    assert built.module.teacher is None


def test_a_teacher_by_its_path_is_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(trained(digits_run()).folder, tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    spec = complete(replace(STUDENT, task_params={"teacher": "mine"}))
    monkeypatch.chdir("/")
    built: Any = build(spec, torch.device("cpu"), silent)
    assert built.module.teacher is not None


def test_a_published_model_is_tested_though_its_teacher_is_gone(tmp_path: Path) -> None:
    place = publish(digits_run(), "digits-taught", lambda text: None, tmp_path)
    card = json.loads(paths.card_in(place).read_text())
    card["spec"]["task_params"]["teacher"] = "gone"
    paths.card_in(place).write_text(json.dumps(card))
    (verdict,) = verify([str(place)], "", lambda text: None)
    assert (verdict.problem, verdict.skipped) == ("", "")


def test_what_only_this_machine_could_repeat_is_not_published(tmp_path: Path) -> None:
    spec = complete(
        replace(
            STUDENT,
            model_params={"blocks": 1, "width": 4, "dense": 8},
            task_params={"teacher": digits_run()},
            training={"epochs": 1, "precision": "float32"},
            name="taught by a run",
        )
    )
    student = inline_queue(settings().home).submit(spec)
    assert student.state == "finished"
    with pytest.raises(RunError, match="which the zoo does not have"):
        publish(student.id, "digits-taught", lambda text: None, tmp_path)
    assert not list(tmp_path.iterdir())
