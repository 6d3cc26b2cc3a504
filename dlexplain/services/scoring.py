"""How well a trained model does: tested anew as its training did, on its data or another's."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lightning.pytorch as L

import dlexplain.data.modules
import dlexplain.data.sets  # noqa: F401, these two register data and who reads what is given
from dlexplain.data.modules.base import GIVEN, DataModule
from dlexplain.errors import BadInput
from dlexplain.execution.fitting import quiet
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.networks.modules.device import choose_device
from dlexplain.params import parse
from dlexplain.results import Score
from dlexplain.settings import settings
from dlexplain.tasks.base import TASKS, Arrays, Training
from dlexplain.tasks.modules.base import TaskModule, task_module
from dlexplain.trained.catalogue import trained
from dlexplain.trained.heads import MARK, heads_of
from dlexplain.trained.networks import load_network

SEED = 0


@dataclass(frozen=True, eq=False)
class Tested:
    """What a test found: metrics by split/name, and the arrays that the run's page draws."""

    metrics: Mapping[str, float]
    arrays: Arrays


def evaluate(model: str, data: str) -> Score:
    """Score a model on any data in its task's format.

    model  a zoo model's name, a finished run's id, or the path of a run's folder or checkpoint
    data   a path, or two with a comma between for a pair of aligned text files
    Raises UnknownName, WeightsError, or BadInput for data that is not in the task's format.
    """
    found = trained(model)
    spec, facts = found.spec, found.facts
    task = TASKS[spec.task]
    if heads := heads_of(found):
        one = f"{model}{MARK}{next(iter(heads))}"
        raise BadInput(f"{model} has several heads; score one of them, such as {one}")
    if task.name not in GIVEN:
        raise BadInput(f"models of the task {task.name} cannot be scored on given data")
    given = GIVEN[task.name](data, facts, found.files, spec.task_params)
    params: Any = parse(task.Params, spec.task_params)
    module = task_module(task, load_network(found), given.facts, params, Training(), 1)
    tested = run_test(module, given, validate=False)
    count = int(given.facts["sizes"]["test"])
    metrics = {key.removeprefix("test/"): value for key, value in tested.metrics.items()}
    return Score(model, data, count, metrics, task.details(tested.arrays), given.notes)


@random_state_kept()
def run_test(module: TaskModule, data: DataModule, validate: bool = True) -> Tested:
    """Validate, where wanted, and test, in float32 on the settings' device."""
    device = choose_device(settings().device)
    L.seed_everything(SEED, verbose=False)
    metrics: dict[str, float] = {}
    with quiet(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The '.*_dataloader' does not have many workers")
        trainer = L.Trainer(
            accelerator="gpu" if device.type == "cuda" else device.type,
            devices=[device.index or 0] if device.type == "cuda" else 1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            deterministic=device.type != "cuda",
        )
        if validate:
            metrics |= trainer.validate(module, datamodule=data, verbose=False)[0]
        metrics |= trainer.test(module, datamodule=data, verbose=False)[0]
        more, arrays = module.results()
    return Tested({k: float(v) for k, v in (metrics | more).items()}, arrays)
