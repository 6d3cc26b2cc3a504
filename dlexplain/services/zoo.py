"""The zoo: the trained models that come with dlexplain, verified against their cards, trained anew.

A zoo model is a preset's training, published: its weights in few bytes, what it needs beside
them, and a card whose metrics are those of the weights as they are stored.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from dlexplain.errors import BadInput, DlexplainError, RunError, WeightsError
from dlexplain.execution import paths
from dlexplain.execution.spec import RunSpec
from dlexplain.integrity import digests
from dlexplain.networks.modules.device import choose_device
from dlexplain.params import specs
from dlexplain.results import RunRecord
from dlexplain.services.integrity import check_model
from dlexplain.services.scoring import Tested, run_test
from dlexplain.services.training.generated import learned_from
from dlexplain.services.training.presets import PRESETS, preset
from dlexplain.services.training.runs import launch, run, wait_for
from dlexplain.services.training.worker import build
from dlexplain.services.zoo_seeds import is_near
from dlexplain.settings import local_path, settings
from dlexplain.tasks.base import TASKS
from dlexplain.trained.catalogue import trained
from dlexplain.trained.folder import DIGESTS, Trained
from dlexplain.trained.networks import fill
from dlexplain.trained.stored_weights import pack
from dlexplain.trained.zoo import zoo_models

Told = Callable[[str], None]


@dataclass(frozen=True)
class Verdict:
    """What verifying a zoo model found: `problem` is "" where it does as its card says."""

    name: str
    metrics: Mapping[str, float]
    problem: str = ""
    skipped: str = ""


def zoo_presets() -> list[str]:
    """Names of the presets whose training is a zoo model."""
    return [p.name for p in PRESETS.values() if p.zoo]


def verify(names: list[str], data_path: str, told: Told) -> Iterator[Verdict]:
    """Test each model on its own data again and compare with its card; all where none is named.

    data_path  a folder that holds the data sets in folders of their names, or "" to use what
               pip packages carry and what has been fetched; others are then skipped
    Raises UnknownName for a name that is not in the zoo.
    """
    known = {model.name: model for model in zoo_models()}
    for name in names or list(known):
        model = known[name] if name in known else trained(name)
        told(f"{name}: reading its data")
        yield _verify(model, data_path, told)


def _verify(model: Trained, data_path: str, told: Told) -> Verdict:
    try:
        check_model(model)  # whether or not its data are here
    except WeightsError as error:
        return Verdict(model.name, {}, problem=str(error))
    try:
        spec = with_data(_untaught(model.spec), data_path)
    except BadInput as error:
        return Verdict(model.name, {}, skipped=str(error))
    try:
        tested = retest(model, spec, told)
    except DlexplainError as error:
        return Verdict(model.name, {}, problem=str(error))
    return Verdict(model.name, tested.metrics, _differences(model.card, tested.metrics))


def _untaught(spec: RunSpec) -> RunSpec:
    """The same for a test, to which it does not matter whether the models that it learned from are
    still there."""
    if spec.task_params.get("teacher"):
        spec = replace(spec, task_params={**spec.task_params, "teacher": ""})
    if spec.augmentation.get("generated_by"):
        own = {k: v for k, v in spec.augmentation.items() if not k.startswith("generated")}
        spec = replace(spec, augmentation=own)
    return spec


def retest(model: Trained, spec: RunSpec, told: Told) -> Tested:
    """Validate and test on the model's own data; raises WeightsError where the data are others."""
    device = choose_device(settings().device)
    built = build(spec, device, lambda text, part: told(f"{model.name}: {text}"), learns=False)
    facts = built.data.facts
    if facts["digest"] != model.facts["digest"]:
        raise RunError(
            f"the data are not those of the card: digest {facts['digest']}, "
            f"the card has {model.facts['digest']}"
        )
    if dict(built.data.files) != model.files:
        raise RunError("what is kept beside the weights is not what the data give")
    fill(built.module.network, model)
    told(f"{model.name}: testing")
    return run_test(built.module, built.data)


def _differences(card: Mapping[str, Any], metrics: Mapping[str, float]) -> str:
    """In words; "" where all is as the card says."""
    said: Mapping[str, float] = card["metrics"]
    wrong = [
        f"{key} is {metrics.get(key, float('nan')):.5g}, the card says {value:.5g}"
        for key, value in said.items()
        if not is_near(metrics.get(key, float("nan")), value)
    ]
    return "; ".join(wrong)


def with_data(spec: RunSpec, data_path: str) -> RunSpec:
    """The spec with its data where they are; raises BadInput where they are not there."""
    from dlexplain.services.training.catalogue import complete, data_status

    if "path" in data_params(spec):
        folder = find_data(spec.data, data_path) if data_path else ""
        spec = replace(spec, data_params={**spec.data_params, "path": folder})
    completed = complete(spec)
    status = data_status(completed.data, completed.data_params)
    if not status.there:
        raise BadInput(f"{spec.data} is not here: {status.how}")
    return completed


def data_params(spec: RunSpec) -> dict[str, Any]:
    """The declared parameters of the spec's data set."""
    from dlexplain.data.base import DATA

    return dict(specs(DATA[spec.data].Params))


def find_data(name: str, data_path: str) -> str:
    """The data set's folder in a folder of data sets, "fred-md" as fred-md or fred_md, or ""."""
    root = local_path(data_path)
    places = (root / name, root / name.replace("-", "_"))
    return next((str(place.resolve()) for place in places if place.exists()), "")


def train_zoo(names: list[str], data_path: str, told: Told) -> Iterator[tuple[str, Path]]:
    """Train each zoo preset anew and publish it; all where none is named.

    Raises BadInput where its data are not there, RunError where a training fails.
    """
    for name in names or zoo_presets():
        spec = with_data(preset(name), data_path)
        record = wait_for(launch(replace(spec, name=name)).id, lambda r: told(_progress(r)))
        if record.state != "finished":
            raise RunError(f"the training of {name} is {record.state}: {record.why}")
        yield name, publish(record.id, name, told)


def _progress(record: RunRecord) -> str:
    left = "" if record.left is None else f", {record.left / 60:.1f} minutes left"
    return f"{record.name}: {record.phase}, epoch {record.epoch} of {record.epochs}{left}"


def publish(wanted: str, name: str, told: Told, folder: Path | None = None) -> Path:
    """Put a finished run into the zoo under a name, in few bytes; returns its folder.

    folder  of the zoo; the package's own otherwise
    Raises RunError for a run that learned from, or began with, a model that is not in the zoo.
    """
    record = run(wanted)
    source = trained(record.id)
    there = {model.name for model in zoo_models()}
    missing = next((one for one in learned_from(source.spec) if one not in there), "")
    if missing:
        raise RunError(
            f'run {record.id} learned from "{missing}", which the zoo does not have, so nobody '
            "could repeat it; publish that first and train by its name there"
        )
    parent = source.spec.parent
    if parent and not source.spec.compression and parent not in {m.name for m in zoo_models()}:
        raise RunError(
            f'run {record.id} began with "{parent}", which the zoo does not have, so nobody could '
            "repeat it; publish that first and train by its name there"
        )
    place = (folder or paths.zoo_folder()) / name
    new = place.with_name(f".{name}")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    save_file(pack(load_file(source.weights)), paths.weights_in(new))
    paths.weights_in(new).chmod(0o644)  # safetensors lets only its owner read
    for file, text in source.files.items():
        (new / file).write_text(text)
    card = {key: value for key, value in source.card.items() if key != "metrics"}
    spec = source.spec
    elsewhere = {key: value for key, value in spec.data_params.items() if key != "path"}
    card |= {
        "spec": replace(spec, data_params=elsewhere).to_dict(),
        "headline": TASKS[spec.task].headline,
        "stored": "float16, weights of 50,000 numbers and more in int8 with a scale a row",
        DIGESTS: digests(new, (paths.weights_in(new).name, *source.files)),
        "command": _command(name, spec),
        "training_seconds": record.seconds,  # of all its attempts
        "trained": {"metrics": source.card["metrics"]},
    }
    paths.card_in(new).write_text(json.dumps(card))
    stored = Trained(name, name, "zoo", new, paths.weights_in(new))
    card["metrics"] = dict(retest(stored, spec, told).metrics)
    paths.card_in(new).write_text(json.dumps(card, indent=1))
    shutil.rmtree(place, ignore_errors=True)
    new.rename(place)
    return place


def _command(name: str, spec: RunSpec) -> str:
    """Trains the like of it again."""
    path = " --data-path PATH" if spec.data_params.get("path") else ""
    known = f"--preset {name}" if name in PRESETS else "--spec card.json"
    return f"python -m dlexplain train {known}{path} --seed {spec.seed} --wait"
