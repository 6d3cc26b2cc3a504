"""A picture classifier that a user brings as one file: opened, tried, and what is assumed of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from dlexplain.errors import ModelError, ParamError
from dlexplain.networks.base import ModelSpec
from dlexplain.networks.modules.exported_program import ExportedProgram
from dlexplain.networks.modules.in_batches import InBatches
from dlexplain.networks.modules.onnx_checks import onnx_facts
from dlexplain.networks.modules.onnx_file import OnnxFile
from dlexplain.services.pictures.module_spec import module_spec
from dlexplain.trained.own_file_card import LARGEST_SIDE, OwnFileCard, own_file_card
from dlexplain.trained.own_files import ONNX, PROGRAM, WEIGHTS, beside, check_file
from dlexplain.trained.own_weights import own_network

NO_GRADIENTS = "an ONNX file gives no gradients, so methods that need some are not offered"
SAME = 1e-4
"""Of the largest score: differences of two answers up to it are rounding."""


@dataclass(frozen=True, eq=False)
class Opened:
    """module       (batch, *input_shape) -> scores, or several outputs"""

    module: nn.Module
    input_shape: tuple[int, int, int]
    notes: tuple[str, ...] = ()


def own_file_spec(name: str) -> ModelSpec:
    """Of a file; raises UnknownName, or ModelError, one sentence, before anything is explained."""
    path = check_file(name)
    card = own_file_card(path)
    opened = OPENERS[path.suffix.lower()](path, card)
    try:
        spec = module_spec(
            opened.module, name, card.classes or None, opened.input_shape, title=path.name,
            mean=card.mean, std=card.std, resize=card.resize, fit=card.fit, output=card.output,
            notes=(*opened.notes, *_unknown(path, card)),
        )  # fmt: skip
    except (ModelError, ParamError) as error:
        raise ModelError(f"{path.name}: {error}") from error
    if spec.preprocessing.resize < spec.preprocessing.crop:
        raise ModelError(
            f"{beside(path).name} resizes to {spec.preprocessing.resize}; at least the side of "
            f"what {path.name} takes, {spec.preprocessing.crop}, is accepted"
        )
    _check_answers(spec, path.name)
    return spec


def _unknown(path: Path, card: OwnFileCard) -> tuple[str, ...]:
    """What is assumed since nothing says it."""
    if not card.there:
        return (
            f"there is no {beside(path).name} beside it, so its classes have no names, and pixels "
            "from 0 to 1 are assumed",
        )
    if card.mean is None and card.std is None:
        return (f"{beside(path).name} gives no mean and std, so pixels from 0 to 1 are assumed",)
    return ()


def _onnx(path: Path, card: OwnFileCard) -> Opened:
    facts = onnx_facts(path)
    batch, shape, last = _input(facts.dims, card, path)
    return Opened(
        InBatches(OnnxFile(path, facts), batch, last), shape, (NO_GRADIENTS, *_at_a_time(batch))
    )


def _program(path: Path, card: OwnFileCard) -> Opened:
    module = ExportedProgram(path)
    batch, shape, last = _input(module.dims, card, path)
    if batch > 1:
        raise ModelError(
            f"{path.name} takes {batch} pictures at a time; a program for one, or for any number "
            "of them, is accepted"
        )
    try:
        module.check((1, *(shape[1:] + shape[:1] if last else shape)))
    except ModelError as error:
        raise ModelError(f"{path.name}: {error}") from error
    return Opened(InBatches(module, batch, last), shape, _at_a_time(batch))


def _weights(path: Path, card: OwnFileCard) -> Opened:
    return Opened(own_network(path, card), (card.channels, card.side, card.side))


OPENERS: dict[str, Callable[[Path, OwnFileCard], Opened]] = {
    ONNX: _onnx,
    PROGRAM: _program,
    WEIGHTS: _weights,
}


def _at_a_time(batch: int) -> tuple[str, ...]:
    many = "one picture" if batch == 1 else f"{batch} pictures"
    return (f"its file takes {many} at a time, so methods take longer",) if batch else ()


def _input(
    dims: tuple[int | None, ...], card: OwnFileCard, path: Path
) -> tuple[int, tuple[int, int, int], bool]:
    """(batch or 0 for any, (channels, side, side), whether channels are last) of what a file takes.

    dims  None where the file leaves a side open
    """
    shown = f"({', '.join('any' if dim is None else str(dim) for dim in dims)})"
    if len(dims) != 4:
        raise ModelError(
            f"{path.name} takes {shown}; pictures, (batch, 1 or 3, side, side), are accepted"
        )
    batch, *rest = dims
    last = card.channels_last
    if last is None:
        last = rest[0] not in (None, 1, 3) and rest[2] in (1, 3)
    channels, high, wide = (rest[2], rest[0], rest[1]) if last else rest
    told = card.input_shape
    if told is None and None in (channels, high, wide):
        raise ModelError(
            f"{path.name} takes {shown}, which leaves the size open; say it in "
            f'{beside(path).name}: "input_shape": [3, side, side]'
        )
    known = (channels, high, wide)
    shape = told or (channels or 0, high or 0, wide or 0)
    fits = all(dim in (None, one) for dim, one in zip(known, shape, strict=True))
    side = shape[1]
    if not fits or shape[0] not in (1, 3) or side != shape[2] or not 1 <= side <= LARGEST_SIDE:
        asked = f" and {beside(path).name} says {told}" if told else ""
        raise ModelError(
            f"{path.name} takes {shown}{asked}; pictures, (batch, 1 or 3, side, side) or channels "
            f"last, of sides from 1 to {LARGEST_SIDE}, are accepted"
        )
    return batch or 0, shape, last


def _check_answers(spec: ModelSpec, file: str) -> None:
    """Whether a picture is answered again as before, and alone as beside another."""
    network = spec.network()
    pictures = torch.rand((2, *spec.input_shape), generator=torch.Generator().manual_seed(0))
    try:
        with torch.inference_mode():
            together, again, alone = network(pictures), network(pictures), network(pictures[:1])
    except Exception as error:  # whatever a runtime raises
        why = " ".join(str(error).split())
        raise ModelError(f"{file} fails on one picture: {why}") from error
    largest = together.abs().max().clamp_min(1e-6)
    if float((again - together).abs().max() / largest) > SAME:
        raise ModelError(f"{file} answers otherwise when it is asked again: it draws at random")
    if float((alone - together[:1]).abs().max() / largest) > SAME:
        raise ModelError(f"{file} answers otherwise for a picture in a batch")
