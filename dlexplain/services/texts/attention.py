"""Attention of text models, window by window; rollout; and whether it agrees with attributions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.data.text_reading import Reading, taken
from dlexplain.errors import ParamError
from dlexplain.evaluation.ranks import spearman
from dlexplain.explainers.attention import attention as weights_of
from dlexplain.explainers.attention import check_attends, read_out
from dlexplain.explainers.attention import rollout as rolled
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value
from dlexplain.results import Agreement, AttentionMaps, TextAttribution, TokenWeights
from dlexplain.results.words import capital, layers_told
from dlexplain.services.loading import load
from dlexplain.services.texts.attention_facts import Head, head_name
from dlexplain.services.texts.explain import explain_text
from dlexplain.services.texts.models import TextModel

MOST = 512
"""Tokens of a window at most, whatever the model could read."""
COMPARED: dict[str, dict[str, Value]] = {
    "input-x-gradient": {},
    "leave-one-out": {"unit": "tokens"},  # as attention has them
}
"""What attention is compared with: methods that ask the model's score."""


@dataclass(frozen=True, eq=False)
class Window:
    """A stretch of a text that the model reads at once.

    number, of    from 1, and how many there are
    first, last   its tokens in the text, from 1, marks not counted; total, of the whole text
    """

    reading: Reading
    number: int
    of: int
    first: int
    last: int
    total: int


def check_model(model: TextModel) -> None:
    """Raises Incompatible where the model has no attention that can be shown."""
    check_attends(model.prepared)


def text_windows(model: TextModel, text: str) -> "Windows":
    """The text in stretches of which each begins in the middle of the one before.

    A text that fits is one window. Raises TextError, or Incompatible where nothing attends.
    """
    check_model(model)
    return _windows(model, text)


@lru_cache(maxsize=8)
def _windows(model: TextModel, text: str) -> "Windows":
    whole = replace(model.reader, longest=len(text) + MOST).read(text)  # nothing is cut
    return Windows(whole, min(model.reader.longest, MOST))


class Windows:
    """Window k of a text, made when it is asked for."""

    def __init__(self, whole: Reading, longest: int) -> None:
        """longest  tokens of a window at most, marks included"""
        own = np.flatnonzero(~whole.special)
        self.whole = whole
        self._head, self._tail = int(own[0]), len(whole) - int(own[-1]) - 1
        self._body = len(whole) - self._head - self._tail
        self._room = max(1, min(longest - self._head - self._tail, self._body))
        self._step = max(1, self._room // 2)

    def __len__(self) -> int:
        return 1 + -(-(self._body - self._room) // self._step)

    def get(self, number: int) -> Window:
        """`number` from 1; raises ParamError."""
        if not 1 <= number <= len(self):
            raise ParamError(
                f"window {number} is not there; the text has {len(self)}, counted from 1"
            )
        begin = min((number - 1) * self._step, self._body - self._room)
        places = np.r_[
            0 : self._head,
            self._head + begin : self._head + begin + self._room,
            len(self.whole) - self._tail : len(self.whole),
        ]
        reading = taken(self.whole, places)
        return Window(reading, number, len(self), begin + 1, begin + self._room, self._body)


def reading_maps(model: TextModel, reading: Reading) -> AttentionMaps:
    """Attention of every layer and head over a text as the model reads it; raises Incompatible."""
    return maps_from(
        model, reading, weights_of(model.prepared, torch.from_numpy(reading.ids)[None])
    )


def maps_from(model: TextModel, reading: Reading, layers: Sequence[Tensor]) -> AttentionMaps:
    """The same from the weights of each layer, (heads, queries, keys)."""
    weights = torch.stack(list(layers)).float().cpu().numpy()
    weights.setflags(write=False)
    own = weights.shape[3] - len(reading)  # marks that the network puts before the tokens
    return AttentionMaps(
        model=model.name,
        text=reading.text,
        tokens=("[first]",) * own + reading.tokens,
        words=np.concatenate([np.full(own, -1), reading.words]),
        weights=weights,
        left=reading.left,
    )


@random_state_kept()
def attention(model: TextModel | str, text: str, window: int = 1) -> AttentionMaps:
    """Where each token of `text` looks, for each layer and head.

    model   or its name
    window  which stretch of a text that is longer than the model reads, from 1; windows overlap
            by half

    Raises TextError, ParamError, UnknownName, or Incompatible where the model has no attention.
    """
    known = load(TextModel, model) if isinstance(model, str) else model
    return reading_maps(known, text_windows(known, text).get(window).reading)


def rollout(maps: AttentionMaps, layers: int | None = None) -> TokenWeights:
    """What the first `layers` amount to, by default all; see explainers.attention.rollout."""
    count = len(maps.weights) if layers is None else layers
    joined = rolled(_tensors(maps.weights[:count])).numpy()
    return TokenWeights(f"rollout of {layers_told(count)}", joined, maps.queries, maps.tokens)


def told_classes(model: TextModel, weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """(queries, tokens) with the network's own marks -> (tokens of the reading,): the rows that
    go on to the classes, averaged."""
    found: NDArray[np.float32] = read_out(model.prepared, torch.tensor(weights)).numpy()
    return found


def compared(
    model: TextModel, reading: Reading, progress: Progress | None = None
) -> tuple[TextAttribution, ...]:
    """The attributions of this very text that attention is compared with; raises Cancelled."""
    progress = progress or Progress()
    return tuple(
        explain_text(model, reading, method, None, None, progress, False, **params)
        for method, params in COMPARED.items()
    )


def agreement(
    model: TextModel, maps: AttentionMaps, attributions: Sequence[TextAttribution], head: Head
) -> Agreement:
    """Rank correlation of the attention that the classes are told with the attributions' sizes.

    Rows: `head`; where attention does not pool, the mean of the last layer's heads, and rollout of
    all layers; then, to compare with, the first method itself. Marks are left out. As Jain and
    Wallace, "Attention is not Explanation", 2019, https://arxiv.org/abs/1902.10186, with
    Spearman's correlation.
    """
    rows = {"Attention" if maps.pooled else capital(head_name(head)): maps.weights[head]}
    if not maps.pooled:
        rows["Mean of the last layer"] = maps.weights[-1].mean(0)
        rows["Rollout"] = rollout(maps).weights
    told = {name: told_classes(model, weights) for name, weights in rows.items()}
    told[attributions[0].title] = np.abs(attributions[0].values)
    own = attributions[0].words >= 0
    sizes = [np.abs(found.values[own]).astype(np.float64) for found in attributions]
    table = [
        [spearman(row[own].astype(np.float64), size) for size in sizes] for row in told.values()
    ]
    return Agreement(
        tuple(told), tuple(a.title for a in attributions), np.array(table), int(own.sum())
    )


def _tensors(layers: NDArray[np.float32]) -> list[Tensor]:
    return [torch.tensor(layer) for layer in layers]
