"""Which learning rate a training may begin with: Lightning's range test on exactly its spec.

`find_rate` does it in the calling process; `find_rate_apart` in a niced process of its own: python
-m dlexplain.services.training.rate_finding reads a spec on standard input and writes one JSON
object a line.
"""

import logging
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BadInput, RunError
from dlexplain.execution.process import lower_priority
from dlexplain.execution.resources import here
from dlexplain.execution.spec import RunSpec
from dlexplain.explainers.progress import Progress
from dlexplain.memory import keep_memory
from dlexplain.results.rates import RateSearch
from dlexplain.rights import check
from dlexplain.services.apart import answer, said_apart
from dlexplain.settings import settings
from dlexplain.tasks.base import TASKS
from dlexplain.tasks.private import is_private

LOWEST, HIGHEST, STEPS = 1e-6, 1.0, 100
DIVERGED = 4.0
"""Times the best loss so far: there the search ends."""
FIRST, AVERAGED = 10, 0.98
"""Steps that suggest nothing yet; how much of the running average stays at each step."""
NICE = 10
Told = Callable[[str], None]


def check_rate_search(spec: RunSpec) -> None:
    """Raises BadInput for a training whose rate cannot be found so."""
    if TASKS[spec.task].manual:
        raise BadInput(
            f"{spec.task} steps several optimisers by itself; a learning rate can be found where "
            "one optimiser learns everything"
        )
    if is_private(spec.training):
        raise BadInput(
            "a private training would spend of its budget; a learning rate can be found where "
            "target_epsilon is 0"
        )
    if spec.compression:
        raise BadInput("a compression keeps its own schedule; a plain training is accepted")


def find_rate(spec: RunSpec, told: Told = lambda text: None, steps: int = STEPS) -> RateSearch:
    """Raise the rate over `steps` steps of a completed spec's training, from LOWEST to HIGHEST, and
    say where the loss falls most steeply.

    The weights are thrown away. All layers learn at the one rate that is tried. Raises BadInput or
    DataError.
    """
    import lightning.pytorch as L
    from lightning.pytorch.tuner.tuning import Tuner

    from dlexplain.execution.fitting import quiet
    from dlexplain.networks.modules.device import choose_device
    from dlexplain.services.training.worker import build

    check_rate_search(spec)
    device = choose_device(here(spec.device))
    built = build(spec, device, lambda text, part: told(text))
    loader = built.data.loader

    def seen(*of_batch: Any) -> None:
        loader.seen += 1  # as the worker counts, so that batches and their seeds go on

    built.module.on_train_batch_end = seen  # type: ignore[method-assign, assignment]
    told("raising the learning rate")
    cuda = device.type == "cuda"
    level = logging.getLogger("lightning.pytorch.tuner.lr_finder")
    with tempfile.TemporaryDirectory() as folder, quiet():
        level.setLevel(logging.CRITICAL)
        trainer = L.Trainer(
            accelerator="gpu" if cuda else device.type,
            devices=[device.index or 0] if cuda else 1,
            max_epochs=-1,
            gradient_clip_val=built.training.clip or None,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            deterministic=not cuda,
            default_root_dir=folder,
        )
        found = Tuner(trainer).lr_find(
            built.module,
            datamodule=built.data,
            min_lr=LOWEST,
            max_lr=HIGHEST,
            num_training=steps,
            early_stop_threshold=DIVERGED,
            update_attr=False,
        )
    if found is None:
        raise RunError("the search ended without an answer")
    rates, losses = (np.array(found.results[key], float) for key in ("lr", "loss"))
    # Lightning divides its average by the weight of one step more: at first by twice too much.
    weight = 1 - AVERAGED ** np.arange(1, len(losses) + 2)
    losses = losses * weight[1:] / weight[:-1]
    return RateSearch(rates, losses, steepest(rates, losses), len(losses) < steps)


def steepest(rates: NDArray[np.float64], losses: NDArray[np.float64]) -> float | None:
    """The rate at which the loss falls most steeply over the rate, as Lightning suggests it:
    without the first FIRST steps and the last; None where fewer than two are left."""
    inside = np.arange(len(losses))[FIRST:-1]
    inside = inside[np.isfinite(losses[inside])]
    if len(inside) < 2:
        return None
    slopes = np.gradient(losses[inside], rates[inside])
    return float(rates[inside[slopes.argmin()]])


def find_rate_apart(
    spec: RunSpec, progress: Progress, told: Told = lambda text: None
) -> RateSearch:
    """The same in a niced process of its own; raises BadInput, RunError, Cancelled, or NotAllowed,
    as a training does."""
    check("train")
    check_rate_search(spec)
    for said in said_apart("dlexplain.services.training.rate_finding", spec.to_json(), progress):
        if "found" in said:
            found = said["found"]
            losses = [np.nan if loss is None else loss for loss in found["losses"]]
            return RateSearch(
                np.array(found["rates"]), np.array(losses), found["suggestion"], found["diverged"]
            )
        told(said["phase"])
    raise RunError("the search of a learning rate ended without an answer")


def _answer(asked: str, say: Callable[..., None]) -> None:
    """The process's side."""
    lower_priority(NICE)
    if settings().keep_memory:  # as the worker does
        keep_memory()
    say(found=find_rate(RunSpec.from_json(asked), lambda text: say(phase=text)).to_dict())


if __name__ == "__main__":
    sys.exit(answer(_answer))
