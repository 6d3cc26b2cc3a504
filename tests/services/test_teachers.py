"""A run that learns from a trained model gets it by its name; a test of it needs no teacher."""

from dataclasses import replace
from typing import Any

import torch

from dlexplain.data.base import silent
from dlexplain.runs.spec import RunSpec
from dlexplain.runs.worker import Built, build
from dlexplain.services.trained.models import trained
from dlexplain.services.trained.networks import load_network
from dlexplain.services.training.catalogue import complete
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
