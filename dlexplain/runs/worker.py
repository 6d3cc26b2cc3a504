"""Trains one run: python -m dlexplain.runs.worker RUN.

The composition root: it alone in runs/ knows tasks, models and data. It takes the run from the
states file, trains with Lightning, tests, records, and says how it ended.
"""

import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import numpy as np
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from safetensors.torch import save_file

import dlexplain.data.sets
import dlexplain.models
import dlexplain.tasks  # noqa: F401, these three register what a spec can name
from dlexplain.data.base import DATA, Augmentation, ModuleOptions, Report
from dlexplain.data.loading import module_of
from dlexplain.errors import CheckpointError, DlexplainError
from dlexplain.models.base import ARCHITECTURES, SeesData
from dlexplain.models.device import choose_device, describe_device
from dlexplain.params import parse
from dlexplain.runs import paths
from dlexplain.runs.callbacks import (
    EpochPictures,
    Stopped,
    Watch,
    checkpoint_callbacks,
    early_stopping,
)
from dlexplain.runs.checkpoints import SafeCheckpoints, newest_good, read_checkpoint, write_whole
from dlexplain.runs.environment import environment
from dlexplain.runs.measuring import PRECISIONS, Measured, measure
from dlexplain.runs.reporting import Reporter, ReportingLogger
from dlexplain.runs.spec import RunSpec
from dlexplain.runs.states import RunRow, States
from dlexplain.runs.store import Tracking
from dlexplain.settings import settings
from dlexplain.tasks.base import TASKS, TaskModule, Training

SEEN_FIRST = 5000
"""Training inputs that a network may look at before it is trained."""
POINTS = 500
"""Points a curve of training steps has, about."""
NICE = 19
_log = logging.getLogger("dlexplain.worker")


@dataclass(eq=False)
class Built:
    """A spec made real: the data, the module over a fresh network, and how to train it."""

    data: Any
    module: TaskModule
    training: Training
    device: torch.device
    accumulate: int = 1


def build(spec: RunSpec, device: torch.device, report: Report, batch_size: int = 0) -> Built:
    """Raises BadInput where the spec or its data cannot be used.

    batch_size  examples in memory at once, where fewer fit than the spec has in a step
    """
    task, architecture, source = TASKS[spec.task], ARCHITECTURES[spec.model], DATA[spec.data]
    training: Training = parse(Training, spec.training)
    task_params: Any = parse(task.Params, spec.task_params)
    data = source.load(
        parse(source.Params, spec.data_params), paths.data_folder(settings().home), report
    )
    options = ModuleOptions(
        task=dict(spec.task_params) | asdict(task_params),
        augmentation=parse(Augmentation, spec.augmentation),
        batch_size=batch_size or training.batch_size,
        seed=spec.seed,
        epochs=training.epochs,
    )
    module_of_data = module_of(data, options)
    L.seed_everything(spec.seed, verbose=False)
    shape = task.shape(module_of_data.facts, task_params)
    network = architecture.build(shape, parse(architecture.Params, spec.model_params))
    if isinstance(network, SeesData):
        network.see_data(module_of_data.some_inputs(SEEN_FIRST, spec.seed))
    if any(isinstance(m, torch.nn.Conv2d) for m in network.modules()):
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    accumulate = -(-training.batch_size // batch_size) if batch_size else 1
    steps = -(-len(module_of_data.loader) // accumulate) * training.epochs
    module = task.make(network, module_of_data.facts, task_params, training, steps)
    return Built(module_of_data, module, training, device, accumulate)


def measure_built(built: Built) -> Measured:
    """A few steps on the first training examples."""
    examples = next(iter(built.data.loader))

    def batch_of(size: int) -> Mapping[str, Any]:
        cut: dict[str, Any] = {
            key: value[:size].to(built.device) if isinstance(value, torch.Tensor) else value
            for key, value in examples.items()
        }
        found: Mapping[str, Any] = built.data.on_after_batch_transfer(cut, 0)
        return found

    size = min(built.training.batch_size, built.data.loader.batch_size)
    return measure(built.module, batch_of, size, built.training.precision, built.device)


def work(run: str) -> str:
    """Train the run to its end; returns the state that it ended in."""
    home = settings().home
    states = States(paths.states_file(home))
    row = states.attach(run)
    tracking = Tracking(home, settings().tracking_uri)
    reporter = Reporter(states, tracking, row)
    reporter.start()
    state, why = "failed", ""
    try:
        _train(row, reporter, tracking, states)
        state, why = "finished", "trained and tested"
    except Stopped as stop:
        state, why = stop.state, stop.why
    except (DlexplainError, OSError) as error:
        why = str(error)
        _log.error("%s", error)
    except Exception as error:  # nobody is above to tell, so the state tells
        why = f"{type(error).__name__}: {error}"
        _log.exception("run %s failed", run)
    reporter.stop()
    if state != "gone" and not reporter.gone:
        row = states.move(run, state, why)  # type: ignore[arg-type]
        try:
            tracking.set_state(row)
        except Exception as error:  # a server that is away; the state file has it
            _log.warning("MLflow was not told that the run is %s: %s", state, error)
    return state


def _train(row: RunRow, reporter: Reporter, tracking: Tracking, states: States) -> None:
    home, spec = settings().home, row.spec
    reporter.phase("preparing data")
    device = choose_device(row.device or spec.device)
    built, precision = _prepare(row, device, reporter)
    reporter.phase("opening the store")
    env = environment(describe_device(device))
    row = _begin(row, states, tracking, env)
    reporter.row = row
    folder = paths.checkpoint_folder(home, row.id)
    task = TASKS[spec.task]
    watch = Watch(reporter, folder, task.monitor, task.mode)
    trainer = _trainer(row, built, precision, [watch], reporter)
    checkpoint = newest_good(folder, reporter.note) if folder.exists() else None
    if folder.exists() and any(folder.glob("*.ckpt")) and checkpoint is None:
        raise CheckpointError(f"none of the checkpoints in {folder} can be read")
    start = time.monotonic()
    trainer.fit(built.module, datamodule=built.data, ckpt_path=checkpoint, weights_only=True)
    seconds = time.monotonic() - start
    reporter.phase("testing")
    _take_best(trainer, built, reporter)
    metrics = dict(trainer.test(built.module, datamodule=built.data, verbose=False)[0])
    more, arrays = built.module.results()
    metrics |= more
    reporter.add(metrics, trainer.global_step)
    reporter.phase("saving")
    _save(row, built, metrics, arrays, env, precision, seconds)
    run_files = [paths.weights_file(home, row.id), paths.card_file(home, row.id)]
    for file in [*run_files, paths.results_file(home, row.id)]:
        tracking.artifact(row.tracking, file)
    for file in folder.glob("*.ckpt"):
        tracking.artifact(row.tracking, file, "checkpoints")
    pictures = paths.pictures_folder(home, row.id)
    for file in pictures.glob("*/*.png"):
        tracking.artifact(row.tracking, file, f"pictures/{file.parent.name}")


def _prepare(row: RunRow, device: torch.device, reporter: Reporter) -> tuple[Built, str]:
    """Build, and choose precision and batch by measuring; a resumed run keeps what it had."""

    def report(text: str, part: float | None) -> None:
        reporter.phase(text)

    file = paths.run_folder(settings().home, row.id) / "chosen.json"
    if file.exists():
        chosen = json.loads(file.read_text())
        return build(row.spec, device, report, chosen["batch"]), str(chosen["precision"])
    built = build(row.spec, device, report)
    for note in built.data.facts.get("notes", ()):
        reporter.note(note)
    reporter.phase("measuring a few steps")
    measured = measure_built(built)
    batch = 0
    if measured.batch < built.data.loader.batch_size:
        batch = measured.batch
        reporter.note(
            f"a batch of {built.training.batch_size} does not fit into memory; "
            f"{batch} are taken at once and their gradients added up"
        )
        built = build(row.spec, device, report, batch)
    file.parent.mkdir(parents=True, exist_ok=True)
    chosen = {"precision": measured.precision, "batch": batch, "seconds": dict(measured.seconds)}
    write_whole(file, json.dumps(chosen).encode())
    return built, measured.precision


def _begin(row: RunRow, states: States, tracking: Tracking, env: Mapping[str, str]) -> RunRow:
    told = tracking.begin(row, {f"dlexplain.{key}": value for key, value in env.items()})
    if not row.tracking:
        states.tracked(row.id, told)
    return states.get(row.id)


def _trainer(
    row: RunRow, built: Built, precision: str, first: list[L.Callback], reporter: Reporter
) -> L.Trainer:
    home, task, training = settings().home, TASKS[row.spec.task], built.training
    folder = paths.checkpoint_folder(home, row.id)
    callbacks = [
        *first,
        EpochPictures(paths.pictures_folder(home, row.id)),
        *early_stopping(task.monitor, task.mode, training.patience),
        *checkpoint_callbacks(folder, task.monitor, task.mode),
    ]
    if training.averaging:
        callbacks.insert(0, L.callbacks.EMAWeightAveraging(decay=training.averaging))
    cuda = built.device.type == "cuda"
    return L.Trainer(
        accelerator="gpu" if cuda else built.device.type,
        devices=[built.device.index or 0] if cuda else 1,
        precision=PRECISIONS[precision],  # type: ignore[arg-type]
        max_epochs=training.epochs,
        accumulate_grad_batches=built.accumulate,
        gradient_clip_val=training.clip or None,
        callbacks=callbacks,
        logger=ReportingLogger(reporter),
        plugins=[SafeCheckpoints(reporter.note)],
        log_every_n_steps=max(1, built.module.steps // POINTS),
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
        deterministic=not cuda,
        benchmark=cuda,
        default_root_dir=paths.run_folder(home, row.id),
    )


def _take_best(trainer: L.Trainer, built: Built, reporter: Reporter) -> None:
    """Put the weights of the best epoch into the network, if the spec wants them."""
    best = next(
        c
        for c in trainer.checkpoint_callbacks
        if isinstance(c, ModelCheckpoint) and c.monitor not in (None, "step")
    )
    path = Path(best.best_model_path)
    if not built.training.keep_best or not best.best_model_path:
        return
    try:
        built.module.load_state_dict(read_checkpoint(path)["state_dict"])
    except CheckpointError as error:
        reporter.note(f"{error}; the last epoch is tested instead of the best")


def _save(
    row: RunRow,
    built: Built,
    metrics: Mapping[str, float],
    arrays: Mapping[str, Any],
    env: Mapping[str, str],
    precision: str,
    seconds: float,
) -> None:
    """Weights, card and results, each written whole."""
    home, network = settings().home, built.module.network
    weights = paths.weights_file(home, row.id)
    part = weights.with_name(f".{weights.name}.part")
    state = {key: t.detach().cpu().contiguous() for key, t in network.state_dict().items()}
    save_file(state, part)
    os.replace(part, weights)
    card = {
        "run": row.id,
        "spec": row.spec.to_dict(),
        "facts": built.data.facts,
        "metrics": metrics,
        "parameters": sum(p.numel() for p in network.parameters()),
        "precision": precision,
        "training_seconds": seconds,
        "environment": dict(env),
    }
    write_whole(paths.card_file(home, row.id), json.dumps(card, indent=1).encode())
    results = paths.results_file(home, row.id)
    part = results.with_name(f".{results.stem}.part.npz")
    np.savez_compressed(part, **arrays)
    os.replace(part, results)


def main(arguments: list[str]) -> int:
    """Train the run named."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    warnings.filterwarnings("ignore", module="lightning|torch")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for name in ("lightning.pytorch", "lightning.pytorch.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)
    state = work(arguments[0])
    from dlexplain.runs.executor import next_in_line

    next_in_line()
    return 0 if state in ("finished", "cancelled") else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
