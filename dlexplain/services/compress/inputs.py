"""Inputs of a model, drawn at random: what they show changes neither how long a model takes nor
whether an exported one says the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

import dlexplain.tasks  # noqa: F401, registers them
from dlexplain.errors import BadInput
from dlexplain.networks.base import LanguageShape, PictureShape, SeriesShape, TextShape
from dlexplain.networks.modules.text_shapes import PAD
from dlexplain.params import parse
from dlexplain.results.words import listed
from dlexplain.services.loading import card_read
from dlexplain.tasks.base import TASKS
from dlexplain.trained.folder import Trained

TEXT_TOKENS = 32
"""Of a text, where the model takes so many."""


@dataclass(frozen=True)
class Inputs:
    """What a model takes.

    told    what one is, in words
    shape   of one, without the batch
    draw    (count, generator) -> (count, *shape)
    longest tokens of a text at most; 0 where the shape is fixed, or any length will do
    tokens  whether it reads token ids, so that another length will do
    """

    told: str
    shape: tuple[int, ...]
    draw: Callable[[int, torch.Generator], Tensor]
    longest: int = 0
    tokens: bool = False

    def some(self, count: int, seed: int) -> Tensor:
        """(count, *shape); the same for the same seed."""
        return self.draw(count, torch.Generator().manual_seed(seed))


def inputs_of(model: Trained) -> Inputs:
    """Raises BadInput for a task whose models are not measured, WeightsError for a damaged card."""
    spec = model.spec
    if spec.task not in KINDS:
        known = listed([TASKS[task].noun + "s" for task in KINDS])
        raise BadInput(f"{model.owner} is of the task {spec.task}; {known} are accepted")
    task = TASKS[spec.task]
    with card_read(model):
        params: Any = parse(task.Params, spec.task_params)
        return KINDS[spec.task](task.shape(model.facts, params), params)


def _pictures(shape: PictureShape, params: Any) -> Inputs:
    dims = (shape.channels, shape.side, shape.side)
    told = f"a picture of {shape.channels} × {shape.side} × {shape.side}"
    return Inputs(told, dims, lambda n, g: torch.randn(n, *dims, generator=g))


def _texts(shape: TextShape, params: Any) -> Inputs:
    count = min(TEXT_TOKENS, shape.longest)
    draw = _ids(shape.vocabulary, count)
    return Inputs(f"a text of {count} tokens", (count,), draw, shape.longest, tokens=True)


def _windows_of_tokens(shape: LanguageShape, params: Any) -> Inputs:
    count = int(params.time)
    draw = _ids(shape.vocabulary, count)
    return Inputs(f"a text of {count} tokens", (count,), draw, tokens=True)


def _windows(shape: SeriesShape, params: Any) -> Inputs:
    dims = (shape.window, shape.series)
    told = f"{shape.window} periods of {shape.series} series"
    return Inputs(told, dims, lambda n, g: torch.randn(n, *dims, generator=g))


def _ids(vocabulary: int, count: int) -> Callable[[int, torch.Generator], Tensor]:
    def draw(n: int, generator: torch.Generator) -> Tensor:
        return torch.randint(PAD + 1, vocabulary, (n, count), generator=generator)

    return draw


KINDS: Mapping[str, Callable[[Any, Any], Inputs]] = {
    "classify-image": _pictures,
    "classify-text": _texts,
    "language-model": _windows_of_tokens,
    "forecast": _windows,
}
"""By task."""


class FirstOutput(nn.Module):
    """What the network says, without the state that a language model gives beside it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        said = self.network(x)
        first: Tensor = said[0] if isinstance(said, tuple) else said
        return first
