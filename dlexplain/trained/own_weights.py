"""Weights that a user brings for an architecture that is here, with classes of his own."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

import dlexplain.networks  # noqa: F401, registers architectures
from dlexplain.errors import BadInput, ModelError
from dlexplain.networks.base import ARCHITECTURES, PictureShape
from dlexplain.params import parse
from dlexplain.trained.networks import read_weights
from dlexplain.trained.own_file_card import OwnFileCard
from dlexplain.trained.own_files import TASK, beside
from dlexplain.trained.stored_weights import SCALE

NAMED = 3
"""Weights that a message names."""
Shapes = Mapping[str, tuple[int, ...]]


def own_network(path: Path, card: OwnFileCard) -> nn.Module:
    """The architecture that the card names, with the weights of the file, in eval mode.

    Shapes are compared before memory is taken. Raises ModelError, one sentence.
    """
    called = beside(path).name
    try:
        architecture = ARCHITECTURES[card.architecture]
        if TASK not in architecture.tasks:
            fit = [name for name, one in ARCHITECTURES.items() if TASK in one.tasks]
            raise ModelError(
                f'{called} names "{card.architecture}", which classifies no pictures; '
                f"{', '.join(fit)} do"
            )
        params: Any = parse(architecture.Params, card.params)
    except ModelError:
        raise
    except BadInput as error:
        raise ModelError(f"{called} cannot be followed: {error}") from error
    shape = PictureShape(card.channels, card.side, len(card.classes))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that weights which come along cannot be copied there
            with torch.device("meta"):
                expected = _shapes(architecture.build(shape, params))
        _compare(_held(path), expected, path.name, called)
        network = architecture.build(shape, params)
        network.load_state_dict(read_weights(path), strict=True)
    except ModelError:
        raise
    except (BadInput, OSError, RuntimeError, SafetensorError) as error:
        why = " ".join(str(error).split())
        raise ModelError(f"{path.name} cannot be read as {called} says: {why}") from error
    return network.eval()


def _shapes(network: nn.Module) -> Shapes:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def _held(path: Path) -> Shapes:
    """From the file's header; what the zoo packs, see stored_weights, counts as what it becomes."""
    with safe_open(path, "pt") as opened:
        names = opened.keys()  # it is no mapping
        shapes = {name: tuple(opened.get_slice(name).get_shape()) for name in names}
    return {name: shape for name, shape in shapes.items() if not name.endswith(SCALE)}


def _compare(held: Shapes, expected: Shapes, file: str, called: str) -> None:
    both = held.keys() & expected.keys()
    other = [
        f"{name} {held[name]} rather than {expected[name]}"
        for name in expected
        if name in both and held[name] != expected[name]
    ]
    wrong = {
        "lacks": [name for name in expected if name not in both],
        "has besides": [name for name in held if name not in both],
        "has of another shape": other,
    }
    told = [f"{verb} {_some(names)}" for verb, names in wrong.items() if names]
    if told:
        raise ModelError(f"{file} does not fit what {called} says: it {'; it '.join(told)}")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
