"""What is judged: an input, the values that a method gave it, and how it would be asked again."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlexplain.errors import BadInput, Incompatible
from dlexplain.evaluation.random_maps import Over, random_maps
from dlexplain.explainers.base import Explainer, Request
from dlexplain.explainers.inputs.base import Features, ModelInput, Places

OVER: dict[str, Over] = {"picture": "plane", "box": "plane", "series": "time"}
FEW_PARTS = 2
"""Of which an order can be right or wrong."""
AT_ONCE = 64
"""Rows that are made together."""


@dataclass(eq=False)
class Case:
    """An explanation with its input.

    given    the input; its progress counts the evaluations of judging
    values   of the shape that is shown: (channels, height, width), (tokens,) or (window, series)
    signed   whether negative values speak against the target
    method, request  what gave the values, and is asked again where the input is another; None where
             that is not known
    truth    of the shape of `strengths`, True where evidence is known to be; None where unknown
    rival    the same input of a model that learnt random labels, where there is one
    seed     of all that is drawn
    shared   what several metrics use, made once
    answered what the model said of the input without some of its parts: nothing is asked twice,
             and explanations of one input by several methods may have it in common

    Raises BadInput for values that say nothing: not finite, or all the same.
    """

    given: ModelInput
    values: Tensor
    signed: bool
    method: Explainer[Any] | None = None
    request: Request[Any] | None = None
    truth: Tensor | None = None
    seed: int = 0
    rival: ModelInput | None = None
    shared: dict[Any, Any] = field(default_factory=dict)
    answered: dict[bytes, float] = field(default_factory=dict)
    _parts: dict[str, Features] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.values = self.values.detach().float().cpu()
        check_values(self.values)
        check_values(self.strengths)  # channels may cancel

    @cached_property
    def strengths(self) -> Tensor:
        """One value a place, channels joined: (height, width), (tokens,) or (window, series)."""
        return strengths_of(self.values, self.signed)

    def parts(self, fill: str = "") -> Features:
        """The smallest parts of the input; see ModelInput.smallest_parts."""
        fill = fill or self.given.fills[0]
        if fill not in self._parts:
            self._parts[fill] = self.given.smallest_parts(fill)
        found = self._parts[fill]
        if found.count < FEW_PARTS:
            raise Incompatible(
                f"the input has one {self.given.smallest}; an order of what counts needs two"
            )
        return found

    def weights(self, strengths: Tensor | None = None) -> Tensor:
        """(parts,) what each part counts: the sum of its places' values."""
        return self._weights((self.strengths if strengths is None else strengths)[None])[0]

    def _weights(self, maps: Tensor) -> Tensor:
        """(maps, ...) -> (maps, parts)"""
        labels, flat = self.parts().labels.reshape(-1).cpu(), maps.flatten(1)
        own = labels >= 0
        found = torch.zeros((len(flat), self.parts().count))
        if torch.equal(labels, torch.arange(self.parts().count)):  # each place is a part, as pixels
            return found.copy_(flat)
        return found.index_add_(1, labels[own], flat[:, own])

    def random_weights(self, count: int) -> Tensor:
        """(count, parts) of maps that mark nothing, as smooth as this one; see random_maps."""
        generator = torch.Generator().manual_seed(self.seed)
        over = OVER.get(self.given.modality.name, "places")
        if over == "places":
            return random_maps(self.weights(), count, generator, over)
        maps = random_maps(self.strengths, count, generator, over)
        return self._weights(maps)

    @cached_property
    def said(self) -> float:
        """What the model says of the input as it is."""
        return float(self.answers(torch.ones((1, self.parts().count), dtype=torch.bool))[0])

    def answers(self, on: Tensor, fill: str = "") -> Tensor:
        """(n, parts) True where a part stays -> (n,) what the model says."""
        return self.answers_of(len(on), lambda a, b: on[a:b], fill)

    def answers_of(
        self,
        count: int,
        on: Any,
        fill: str = "",
        parts: Features | None = None,
        scored: bool = False,
    ) -> Tensor:
        """The same where `on(start, stop)` makes the rows as they are needed.

        parts   in the place of those with that fill; what they say is not remembered
        scored  rather than what is said: the score that is explained, such as a logit
        """
        if parts is not None:
            return self._ask(count, on, parts, scored)
        keys = list(_keys(count, on, f"{fill or self.given.fills[0]}/{scored}/"))
        new = {key: row for row, key in enumerate(keys) if key not in self.answered}
        rows = list(new.values())

        def make(start: int, stop: int) -> Tensor:
            return torch.cat([on(row, row + 1) for row in rows[start:stop]])

        if rows:
            told = self._ask(len(rows), make, self.parts(fill), scored)
            self.answered.update(zip(new, told.tolist(), strict=True))
        return torch.tensor([self.answered[key] for key in keys], dtype=torch.float64)

    def _ask(self, count: int, on: Any, parts: Features, scored: bool) -> Tensor:
        first = torch.zeros(1, dtype=torch.int64)
        found = torch.empty(count, dtype=torch.float64)
        self.given.progress.plan(count)
        for span, scores in parts.evaluator.scores(
            lambda a, b: parts.make(on(a, b), first.expand(b - a)),
            count,
            None if scored else self.given.said,
        ):
            places: Places = span
            found[places] = scores.double().cpu()
        return found

    def asked(self) -> tuple[Explainer[Any], Request[Any]]:
        """The method and its request; raises Incompatible where they are not known."""
        if self.method is None or self.request is None:
            raise Incompatible("the values came without their method, which cannot be asked again")
        return self.method, self.request

    def again(self, given: ModelInput) -> Tensor:
        """What the same method shows of another input, of the shape of `strengths`."""
        method, request = self.asked()
        found = method.explain(given, request)
        return strengths_of(torch.from_numpy(found.values), self.signed)


def _keys(count: int, on: Any, about: str) -> Iterator[bytes]:
    """One for each row that `on` makes: the same where the model is asked the same."""
    for start in range(0, count, AT_ONCE):
        rows: Tensor = on(start, min(count, start + AT_ONCE))
        for packed in np.packbits(rows.cpu().numpy(), axis=1):
            yield blake2b(about.encode() + packed.tobytes(), digest_size=16).digest()


def strengths_of(values: Tensor, signed: bool) -> Tensor:
    """(channels, height, width) -> (height, width): summed where signed, else the largest; others
    as they are."""
    if values.dim() != 3:
        return values
    return values.sum(0) if signed else values.amax(0)


def check_values(values: Tensor) -> None:
    """Raises BadInput for values of which nothing can be said."""
    bad = int((~values.isfinite()).sum())
    if bad:
        raise BadInput(
            f"{bad:,} of the {values.numel():,} values are not finite numbers; such a map cannot "
            "be judged"
        )
    if values.numel() and bool((values == values.flatten()[0]).all()):
        raise BadInput(
            f"all values of the map are {float(values.flatten()[0]):.3g}: it says nothing of "
            "where, and cannot be judged"
        )
