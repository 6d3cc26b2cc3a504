"""Models exported for elsewhere: ONNX, a program of torch.export, or safetensors with a card; each
is read again and compared with the model before it counts."""

import copy
import os
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dlexplain.compression.modules.narrow import FLOAT, Narrow
from dlexplain.errors import BadInput, DlexplainError
from dlexplain.execution.paths import card_in, weights_in
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.networks.modules.text_shapes import PAD
from dlexplain.results.exports import Export
from dlexplain.rights import check
from dlexplain.services.auditing import note_audit
from dlexplain.services.compress.exports import note_export
from dlexplain.services.compress.inputs import FirstOutput, Inputs, inputs_of
from dlexplain.services.compress.programs import About, Written, to_onnx, to_program
from dlexplain.services.pictures.bundle import versions
from dlexplain.settings import output_path
from dlexplain.trained.catalogue import trained
from dlexplain.trained.folder import CHECKPOINT, Trained
from dlexplain.trained.networks import load_network

TOLERANCE = 1e-3
"""Largest difference that is taken for rounding, of the largest magnitude of the outputs."""
SEEDS = (1, 2, 3)
HALVES = (torch.float16, torch.bfloat16)
WHOLE = (torch.int8, torch.uint8, torch.qint8, torch.quint8)
FACTS = (
    "classes", "mean", "scale", "series", "targets", "codes", "logs", "input_mean", "input_scale",
    "change_mean", "change_scale", "vocabulary", "longest",
)  # fmt: skip
"""Of the data, that go into a file: what makes its inputs, and reads its outputs."""
ENDINGS = {".onnx": "onnx", ".pt2": "pt2", "": "safetensors"}


@random_state_kept()
def export(model: Any, path: str | Path) -> Export:
    """Write a trained model into a file that others can read, and check it.

        FILE.onnx   ONNX, by torch.onnx; run again by onnxruntime
        FILE.pt2    a program of torch.export; read again by torch.export
        FOLDER      safetensors with the model's card and its other files, as `dx.load` reads it

    model  from `dx.load`, or its name: any that has a card; a run's id, or a path

    The file is compared with the model on inputs drawn at random, with several sizes of the batch
    where the batch is open, and texts also padded; the largest difference is told, and one beyond
    1e-3 of the largest output is refused. A model in half precision is written, and compared, in
    float32, with the weights as they were rounded. Batch and, of texts, length are open where they
    can be. What is written stands in the list of exports.

    Raises UnknownName, WeightsError, or BadInput for another ending, for a file that is there
    already, a model that computes in whole numbers, or an operation that the format lacks, which is
    named.
    """
    check("export")
    found, target = _found(model), output_path(path)
    form = _format(target)
    inputs = inputs_of(found)
    if form == "safetensors":
        written = _to_folder(found, inputs, target)
        network = FirstOutput(load_network(found)).eval()
    else:
        network = FirstOutput(_floating(found, inputs)).eval()
        written = _to_file(found, network, inputs, target, form)
    try:
        compared = _compared(network, inputs, written)
    except BadInput:
        _take_away(target)
        raise
    notes = (*written.notes, *_notes(found, form, network, inputs))
    done = Export(
        model=found.name,
        title=found.title,
        format=form,
        path=str(target.absolute()),
        bytes=_bytes(target),
        inputs=_taken(found, inputs),
        free=written.free,
        opset=written.opset,
        difference=compared[0],
        scale=compared[1],
        checked=compared[2],
        notes=notes,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=versions(),
    )
    note_export(done)
    note_audit("export", f"model {found.name}", done.path)
    return done


def _found(model: Any) -> Trained:
    name = model if isinstance(model, str) else getattr(model, "name", None)
    if not isinstance(name, str) or not name:
        raise BadInput(f"a {type(model).__name__} is no model of dlexplain; dx.load gives one")
    return trained(name)


def _format(target: Path) -> str:
    ending = target.suffix.lower()
    if ending not in ENDINGS:
        raise BadInput(
            f'the file is "{target.name}"; a name that ends in .onnx or .pt2, or a new folder, is '
            "accepted"
        )
    if target.exists():
        raise BadInput(f"{target} is there already; choose another name")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(target, error) from error
    return ENDINGS[ending]


def _unwritable(target: Path, error: OSError) -> BadInput:
    return BadInput(f"{target} cannot be written: {error.strerror or error}")


def _floating(model: Trained, inputs: Inputs) -> nn.Module:
    """Its network in float32; raises BadInput for one that computes in whole numbers."""
    network = load_network(model)
    if _in_whole_numbers(network):
        raise BadInput(
            f"{model.name} computes in whole numbers by torch's own operations, which ONNX files "
            f"and programs do not carry over; export {model.spec.parent or 'what it was made of'} "
            "and quantise it there, or export this one into a folder"
        )
    if not _in_half(network):
        return network
    floating = copy.deepcopy(network).float()
    for module in floating.modules():
        if isinstance(module, Narrow):
            module.computes = FLOAT
    with torch.no_grad():  # what layers compute once of their weights is there before the tracing
        FirstOutput(floating)(inputs.some(1, 0))
    return floating


def _in_whole_numbers(network: nn.Module) -> bool:
    quantised = any("quantized" in type(m).__module__ for m in network.modules())
    tensors = [*network.parameters(), *network.buffers()]
    # A tensor of torchao says the type that it stands for, and has a class of its own.
    classes = any("torchao" in type(t.data).__module__ for t in tensors)
    return quantised or classes or any(t.dtype in WHOLE for t in tensors)


def _in_half(network: nn.Module) -> bool:
    return any(t.dtype in HALVES for t in (*network.parameters(), *network.buffers()))


def _notes(model: Trained, form: str, written: nn.Module, inputs: Inputs) -> tuple[str, ...]:
    notes = []
    network = load_network(model)
    if form != "safetensors" and _in_half(network):
        x = inputs.some(8, 0)
        with torch.no_grad():
            apart = float((FirstOutput(network)(x).float() - written(x)).abs().max())
        notes.append(
            "the model computes in half precision; the file does in float32 with the same weights, "
            f"and was compared with that: it says up to {apart:.2g} otherwise than the model"
        )
    if form != "safetensors" and model.spec.task == "language-model":
        notes.append("each text is read from its beginning; the state after it is not given")
    return tuple(notes)


def _to_file(
    model: Trained, network: nn.Module, inputs: Inputs, target: Path, form: str
) -> Written:
    about: About = {
        "model": model.name,
        "task": model.spec.task,
        "spec": model.spec.to_dict(),
        "inputs": _taken(model, inputs),
        "facts": {key: model.facts[key] for key in FACTS if key in model.facts},
    }
    write = to_onnx if form == "onnx" else to_program
    try:
        return write(network, inputs, target, about)
    except OSError as error:
        raise _unwritable(target, error) from error


def _to_folder(model: Trained, inputs: Inputs, target: Path) -> Written:
    """The model's files as they lie; one that lies as a checkpoint has no card yet."""
    if model.weights.suffix == CHECKPOINT:
        raise BadInput(f"{model.owner} is a checkpoint; a finished run is exported into a folder")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.mkdir()
        for file in (model.weights, card_in(model.folder), *(model.folder / n for n in model.kept)):
            shutil.copyfile(file, part / file.name)
        os.replace(part / model.weights.name, weights_in(part))
        os.replace(part, target)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise _unwritable(target, error) from error
    again = FirstOutput(load_network(trained(str(target)))).eval()
    return Written(again, ("batch", "tokens") if inputs.tokens else ("batch",))


def _compared(network: nn.Module, inputs: Inputs, written: Written) -> tuple[float, float, int]:
    """Largest difference, largest magnitude, and inputs; raises BadInput where they differ."""
    difference = scale = 0.0
    count = 0
    for x in _batches(inputs, written.free):
        with torch.no_grad():
            wanted = network(x).float()
        try:
            with torch.no_grad():
                said = written.run(x).float()
        except Exception as error:  # onnxruntime's C++ raises classes of its own
            if isinstance(error, DlexplainError):
                raise
            why = " ".join(str(error).split())
            raise BadInput(f"the exported file cannot be run: {why[:300]}") from error
        if said.shape != wanted.shape:
            raise BadInput(
                f"the exported file gives {tuple(said.shape)} where the model gives "
                f"{tuple(wanted.shape)}; it is not kept"
            )
        difference = max(difference, float((said - wanted).abs().max()))
        scale = max(scale, float(wanted.abs().max()))
        count += len(x)
    if not difference <= TOLERANCE * max(scale, 1e-6):  # also of NaN
        raise BadInput(
            f"the exported file differs from the model by {difference:.2g}, of outputs up to "
            f"{scale:.3g}; it is not kept"
        )
    return difference, scale, count


def _batches(inputs: Inputs, free: Sequence[str]) -> list[Tensor]:
    """Of several sizes where the batch is open; of texts also one that ends earlier, and shorter
    ones."""
    sizes = (1, 2, 5) if "batch" in free else (1, 1, 1)
    found = [inputs.some(size, seed) for size, seed in zip(sizes, SEEDS, strict=True)]
    if inputs.tokens and inputs.longest:  # of a classifier; a language model's text has no end
        padded = found[1].clone()
        padded[:, -(-padded.shape[1] // 2) :] = PAD
        found.append(padded)
    if "tokens" in free:
        found.append(found[0][:, : -(-found[0].shape[1] // 3)])
    return found


def _taken(model: Trained, inputs: Inputs) -> str:
    """What an input is, in words that suffice to make one."""
    facts: Mapping[str, Any] = model.facts
    if "mean" in facts and "scale" in facts and model.spec.task == "classify-image":
        return f"{inputs.told}, each value (0 to 255 - {facts['mean']:.4g}) / {facts['scale']:.4g}"
    if model.spec.task == "forecast":
        return f"{inputs.told}, transformed and scaled as the card's codes, mean and scale say"
    return f"{inputs.told}, as ids of its tokeniser"


def _bytes(target: Path) -> int:
    files = [target] if target.is_file() else [f for f in target.rglob("*") if f.is_file()]
    return sum(file.stat().st_size for file in files)


def _take_away(target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target, ignore_errors=True)
    else:
        target.unlink(missing_ok=True)
