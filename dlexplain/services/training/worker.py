"""Trains one run: python -m dlexplain.services.training.worker RUN.

The composition root: of what has to do with runs it alone knows tasks, networks and data. It takes
the run from the states file, trains with Lightning, tests, records, and says how it ended.
"""

import json
import logging
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import torch
from lightning.pytorch.callbacks import Callback

import dlexplain.data.modules
import dlexplain.data.sets
import dlexplain.networks
import dlexplain.tasks  # noqa: F401, these four register what a spec can name
from dlexplain.data.augmentations import read_augmentation
from dlexplain.data.base import DATA, LoadedData, ModuleOptions, Report, silent
from dlexplain.data.few import few_of_each_class
from dlexplain.data.modules.base import module_of
from dlexplain.data.shortcuts import Shortcut
from dlexplain.errors import CheckpointError, RunError
from dlexplain.execution import paths
from dlexplain.execution.attempt import as_worker, attempt
from dlexplain.execution.checkpoints import newest_good, read_checkpoint
from dlexplain.execution.crew import with_crew
from dlexplain.execution.environment import environment
from dlexplain.execution.files import remove_parts, write_whole
from dlexplain.execution.fitting import Fitting, make_trainer, quiet
from dlexplain.execution.measuring import SMALLEST_BATCH, Measured, is_out_of_memory, measure
from dlexplain.execution.parallel import own_threads
from dlexplain.execution.recording import (
    Outcome,
    keep_only_best,
    save_environment,
    save_facts,
    save_outcome,
)
from dlexplain.execution.reporting import Reporter
from dlexplain.execution.resources import ALONE, Seat, nodes_of, sharding_of, workers_of
from dlexplain.execution.rows import RunRow
from dlexplain.execution.saving import OnTheWay
from dlexplain.execution.spec import RunSpec
from dlexplain.memory import keep_memory
from dlexplain.networks.base import ARCHITECTURES
from dlexplain.networks.modules.base import SeesData, kept_state
from dlexplain.networks.modules.device import choose_device, describe_device
from dlexplain.params import parse
from dlexplain.services.training.compressing import Compressing
from dlexplain.services.training.generating import generated_for
from dlexplain.services.training.parallel import parallel_notes
from dlexplain.services.training.private import fit_for_privacy, make_private
from dlexplain.services.training.transferring import Transferring, read_by
from dlexplain.settings import settings
from dlexplain.tasks.base import TASKS, Training
from dlexplain.tasks.modules.base import TaskModule, task_module
from dlexplain.tasks.modules.distilling import HasTeacher
from dlexplain.tasks.modules.together import Together
from dlexplain.tasks.private import is_private
from dlexplain.trained.catalogue import trained
from dlexplain.trained.networks import load_network

SEEN_FIRST = 5000
"""Training inputs that a network may look at before it is trained."""
NICE = 19
_log = logging.getLogger("dlexplain.worker")


@dataclass(eq=False)
class Built:
    """A spec made real: the data, the module over a network to train, and how to train it."""

    data: Any
    module: TaskModule
    training: Training
    device: torch.device
    accumulate: int = 1
    notes: tuple[str, ...] = ()
    seat: Seat = ALONE
    compressing: Compressing | None = None
    transferring: Transferring | None = None

    @property
    def workers(self) -> int:
        """How many train it."""
        return self.seat.count

    @property
    def files(self) -> dict[str, str]:
        """Texts that the model needs beside its weights, by file name."""
        more = {} if self.compressing is None else self.compressing.files(self.module.network)
        return {**self.data.files, **more}


def build(
    spec: RunSpec,
    device: torch.device,
    report: Report,
    batch_size: int = 0,
    home: Path | None = None,
    learns: bool = True,
) -> Built:
    """Raises BadInput where the spec, its data or its teacher cannot be used, WeightsError where
    the teacher's weights cannot.

    batch_size  examples in memory at once, where fewer fit than the spec has in a step
    home        where downloaded data and the teacher's run are; the settings' home otherwise
    learns      whether it is to be trained; a test needs no teacher
    """
    source = DATA[spec.data]
    data = source.load(
        parse(source.Params, spec.data_params), paths.data_folder(home or settings().home), report
    )
    return assembled(spec, data, device, report, batch_size, home, learns)


def assembled(
    spec: RunSpec,
    data: LoadedData,
    device: torch.device,
    report: Report = silent,
    batch_size: int = 0,
    home: Path | None = None,
    learns: bool = True,
) -> Built:
    """The same over data that are loaded, whatever the spec says of them."""
    task, architecture = TASKS[spec.task], ARCHITECTURES[spec.model]
    training: Training = parse(Training, spec.training)
    task_params: Any = parse(task.Params, spec.task_params)
    transferring = Transferring.of(spec, home)
    report("building the network", None)
    few = few_of_each_class(data, training.examples_per_class, spec.seed)
    generated = generated_for(spec, few, report, home) if learns else None
    options = ModuleOptions(
        task=dict(spec.task_params) | asdict(task_params),
        augmentation=read_augmentation(spec.task, spec.augmentation),
        batch_size=batch_size or training.batch_size,
        seed=spec.seed,
        epochs=training.epochs,
        shortcut=parse(Shortcut, spec.shortcut),
        generated=None if generated is None else generated.pictures,
        files=read_by(spec, transferring, home),
    )
    module_of_data = module_of(few, options)
    if generated is not None:
        module_of_data.facts["notes"].append(generated.note)
    L.seed_everything(spec.seed, verbose=False)
    shape = task.shape(module_of_data.facts, task_params)
    params: Any = parse(architecture.Params, spec.model_params)
    network = architecture.build(shape, params, module_of_data.files)
    compressing = Compressing.of(spec, home) if spec.compression and learns else None
    if compressing is not None:
        network = compressing.prepare(module_of_data)
    notes: tuple[str, ...] = () if compressing is None else compressing.notes
    if transferring is not None and learns:
        begun = transferring.begin(network, module_of_data.facts, module_of_data.files)
        more = transferring.told(module_of_data.facts)
        module_of_data.facts["notes"] += [begun, *more, transferring.restrain(network)]
    if training.target_epsilon:
        training = replace(training, precision="float32")
        notes = fit_for_privacy(network, spec.model)
    if isinstance(network, SeesData) and not spec.parent:
        network.see_data(module_of_data.some_inputs(SEEN_FIRST, spec.seed))
    convolves = any(isinstance(m, torch.nn.Conv2d) for m in network.modules())
    if convolves and not training.target_epsilon:  # whose gradients come in torch's usual layout
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    # A task that steps by itself takes the smaller batch as it is.
    parts = batch_size and not task.manual
    accumulate = module_of_data.in_parts_of(training.batch_size) if parts else 1
    steps = -(-len(module_of_data.loader) // accumulate) * training.epochs
    module = task_module(task, network, module_of_data.facts, task_params, training, steps)
    if transferring is not None:
        transferring.guide(module)
    module.prepare(module_of_data)
    if training.target_epsilon:
        make_private(module, module_of_data.loader)
    if learns and isinstance(module, HasTeacher) and module.teacher_name:
        teacher = trained(module.teacher_name, home)
        module.take_teacher(load_network(teacher), teacher.facts, teacher.files)
    workers = workers_of(spec)
    if learns and workers > 1:
        notes += parallel_notes(module, module_of_data.loader, workers, device)
    return Built(
        module_of_data,
        module,
        training,
        device,
        accumulate,
        notes,
        Seat(count=workers, nodes=nodes_of(spec)),
        compressing,
        transferring,
    )


def measure_built(built: Built) -> Measured:
    """A few steps on the first training examples, as many as a worker takes at once."""
    examples = next(iter(built.data.loader))

    def batch_of(size: int) -> Mapping[str, Any]:
        cut: dict[str, Any] = {
            key: value[:size].to(built.device) if isinstance(value, torch.Tensor) else value
            for key, value in examples.items()
        }
        found: Mapping[str, Any] = built.data.on_after_batch_transfer(cut, 0)
        return found

    size = -(-min(built.training.batch_size, built.data.loader.batch_size) // built.workers)
    with own_threads(built.seat.of_node):
        return measure(built.module, batch_of, size, built.training.precision, built.device)


def work(run: str, home: Path | None = None) -> str:
    """Train the run to its end; returns the state that it ended in.

    home  that of the settings otherwise
    Raises UnknownName or RunError, changing nothing, where the run is not this process's to train.
    """
    home = home or settings().home
    with quiet():
        return attempt(run, home, _train)


def _train(home: Path, reporter: Reporter) -> None:
    row = reporter.row
    device = choose_device(row.device or row.spec.device)
    reporter.usage.gpu = device.index
    env = environment(describe_device(device))
    save_environment(home, row.id, env)
    built, trainer, precision, seconds = _fit(home, device, reporter)
    if built.compressing is not None:
        reporter.phase("compressing")
        built.module.network = built.compressing.finish(built.module.network, built.data)
    if built.transferring is not None:
        built.module.network = built.transferring.finish(built.module.network)
    if built.training.patience and trainer.current_epoch < built.training.epochs:
        reporter.note(
            f"stopped after epoch {trainer.current_epoch} of {built.training.epochs}: "
            f"{built.training.patience} epochs without improvement"
        )
    reporter.phase("testing")
    metrics = dict(trainer.test(built.module, datamodule=built.data, verbose=False)[0])
    more, arrays = built.module.results()
    metrics |= more
    if built.module.private is not None:
        metrics |= built.module.private.metrics(trainer.global_step)
    if built.compressing is not None:
        metrics |= built.compressing.metrics(built.module.network)
        arrays |= built.compressing.arrays(built.module.network)
    reporter.add(metrics, trainer.global_step)
    reporter.phase("saving")
    outcome = Outcome(
        state=kept_state(built.module.network),
        parameters=sum(p.numel() for p in built.module.network.parameters()),
        facts=built.data.facts,
        files=built.files,
        metrics=metrics,
        arrays=arrays,
        precision=precision,
        seconds=seconds,
        environment=env,
    )
    save_outcome(home, reporter, outcome)


def _fit(
    home: Path, device: torch.device, reporter: Reporter
) -> tuple[Built, L.Trainer, str, float]:
    """Train from the newest good checkpoint; returns what was trained and by what, precision and
    seconds."""
    row = reporter.row
    folder = paths.checkpoint_folder(home, row.id)
    built, precision = _prepare(home, row, device, reporter)
    save_facts(home, row, built.data.facts, built.files)
    reporter.phase("getting ready to train")
    remove_parts(folder)  # as large as a checkpoint each
    while True:
        more: list[Callback] = [] if built.compressing is None else [built.compressing.callback()]
        if built.training.keep_every:
            own = paths.run_folder(home, row.id)
            more.append(OnTheWay(own, built.training.keep_every, kept_state, reporter.note))
        trainer, keeper = make_trainer(fitting(row.spec, built, precision), home, reporter, more)
        if not built.training.epochs:
            return built, trainer, precision, 0.0
        checkpoint = newest_good(folder, reporter.note)
        start = time.monotonic()
        built.module.together = Together(0, built.workers)
        try:
            with with_crew(home, reporter, built.seat, device, checkpoint):
                trainer.fit(
                    built.module, datamodule=built.data, ckpt_path=checkpoint, weights_only=True
                )
        except (RuntimeError, MemoryError) as error:
            half = built.data.loader.batch_size // 2
            if not is_out_of_memory(error) or any(folder.glob("*.ckpt")) or half < SMALLEST_BATCH:
                raise
        else:
            if keeper is not None:
                _take_best(Path(keeper.best_model_path), built, reporter)
            return built, trainer, precision, time.monotonic() - start
        # Measuring a few steps had not shown it; nothing is learned yet, so nothing is lost.
        del trainer, keeper
        built = _smaller(home, row, device, reporter, half, precision)


def _prepare(
    home: Path, row: RunRow, device: torch.device, reporter: Reporter
) -> tuple[Built, str]:
    """Build, and choose precision and batch by measuring; a resumed run keeps what it had."""

    def report(text: str, part: float | None) -> None:
        reporter.phase(text)

    reporter.phase("reading the data")
    file = paths.chosen_file(home, row.id)
    if file.exists():
        try:
            chosen = json.loads(file.read_text())
            batch, precision = int(chosen["batch"]), str(chosen["precision"])
        except (ValueError, KeyError, TypeError):
            reporter.note("what was chosen at its start cannot be read, and is chosen anew")
        else:
            return build(row.spec, device, report, batch, home), precision
    built = build(row.spec, device, report, home=home)
    for note in (*built.data.facts.get("notes", ()), *built.notes):
        reporter.note(note)
    if not built.training.epochs:
        return built, "float32"
    reporter.phase("measuring a few steps")
    measured = measure_built(built)
    if measured.note:
        reporter.note(measured.note)
    fits = measured.batch * built.workers
    if fits < built.data.loader.batch_size:
        built = _smaller(home, row, device, reporter, fits, measured.precision)
    else:
        _choose(home, row, measured.precision, 0)
    return built, measured.precision


def _smaller(
    home: Path, row: RunRow, device: torch.device, reporter: Reporter, batch: int, precision: str
) -> Built:
    """Build again with fewer examples at once, and say so."""
    if is_private(row.spec.training):
        raise RunError(
            f"{row.spec.training['batch_size']} examples, each with a gradient of its own, do not "
            "fit into memory; a private training takes a smaller batch_size"
        )
    if device.type == "cuda":
        torch.cuda.empty_cache()
    built = build(row.spec, device, lambda text, part: reporter.phase(text), batch, home)
    added = "" if TASKS[row.spec.task].manual else " and their gradients added up"
    reporter.note(
        f"a batch of {built.training.batch_size} does not fit into memory; "
        f"{batch} are taken at once{added}"
    )
    _choose(home, row, precision, batch)
    return built


def _choose(home: Path, row: RunRow, precision: str, batch: int) -> None:
    file = paths.chosen_file(home, row.id)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, json.dumps({"precision": precision, "batch": batch}).encode())


def fitting(spec: RunSpec, built: Built, precision: str) -> Fitting:
    """How it is trained, with the precision that was chosen."""
    task, training = TASKS[spec.task], built.training
    return Fitting(
        epochs=training.epochs,
        steps=built.module.steps,
        accumulate=built.accumulate,
        precision=precision,
        device=built.device,
        clip=0.0 if task.manual else training.clip,
        patience=training.patience,
        averaging=training.averaging,
        keep_best=training.keep_best,
        monitor=task.monitor,
        mode=task.mode,
        seat=built.seat,
        sharding=sharding_of(spec),
    )


def _take_best(best: Path, built: Built, reporter: Reporter) -> None:
    """Put the weights of the best epoch into the network."""
    try:
        built.module.load_state_dict(read_checkpoint(best)["state_dict"])
        keep_only_best(best.parent, best)
    except CheckpointError as error:
        reporter.note(f"{error}; the last epoch is tested instead of the best")


def main(run: str, niceness: int = NICE) -> int:
    """Train the run named, then start what is queued behind it."""
    if settings().keep_memory:
        keep_memory()
    return as_worker(run, niceness, work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
