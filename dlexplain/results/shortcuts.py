"""Whether explanations point at a planted shortcut: what a model says, and what methods mark."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BAD_JSON, BadInput

Floats = NDArray[np.float64]
SHARE = "share"
"""What a score is measured in that is a share of examples."""


@dataclass(frozen=True)
class ShortcutScore:
    """What a model does on test examples, without or with the mark.

    key    "clean", "marked" or "against": as they are, each with the mark of its class's shortcut,
           or the mark where it is wrong; "called" and "called-clean": how many of the last are
           called what the mark stands for, with it and without it
    unit   SHARE, or what an error is measured in
    low, high  of the 95% interval: Wilson's of a share, of an error the bootstrap's
    """

    key: str
    title: str
    value: float
    low: float
    high: float
    n: int
    unit: str = SHARE

    @property
    def told(self) -> str:
        """ "93.0% [92.5–93.5%], n = 200"; an error "0.812 [0.700–0.921], n = 37"."""
        if self.unit == SHARE:
            value, within = f"{self.value:.1%}", f"[{100 * self.low:.1f}–{self.high:.1%}]"
        else:
            value, within = f"{self.value:.3f}", f"[{self.low:.3f}–{self.high:.3f}]"
        return f"{value} {within}, n = {self.n:,}"


@dataclass(frozen=True, eq=False)
class MarkedRelevance:
    """How much of what a method marks lies in the mark.

    values     (n,) relevance mass of each example, 0 to 1; 0 where a map has nothing above 0
    low, high  of the 95% interval of the mean, by the bootstrap
    silent     how many of the maps had nothing above 0
    """

    method: str
    title: str
    family: str
    values: Floats
    mean: float
    low: float
    high: float
    silent: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        return {**vars(self), "values": self.values.tolist()}


@dataclass(frozen=True, eq=False)
class MarkedExample:
    """A test example whose answer the mark has turned, with what some methods say of it.

    name     which one it is;  before, after  what the model says without and with the mark
    mask     True where the mark is, of the shape of the maps: (height, width), (tokens,) or
             (window, series)
    maps     by method, what explained it: Attribution, TextAttribution or SeriesAttribution
    """

    name: str
    before: str
    after: str
    mask: NDArray[np.bool_]
    maps: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, eq=False)
class ShortcutTest:
    """A model that was trained with a shortcut, and which methods point at it.

    kind      what is planted, as data.shortcuts.Shortcut has it;  planted  the same in words
    turned    test examples whose answer the mark turned, of `against` that could have been: only
              of these it is certain that the mark decided
    methods   the largest mean first
    chance    what a map that marks nothing has: the mark's mean share of the places
    refused   why methods are missing, a sentence each
    """

    model: str
    title: str
    data: str
    kind: str
    planted: str
    scores: tuple[ShortcutScore, ...]
    turned: int
    against: int
    methods: tuple[MarkedRelevance, ...]
    chance: float
    examples: tuple[MarkedExample, ...] = field(default=(), repr=False)
    names: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def told(self) -> str:
        """In a sentence: which method points at the mark best; "" where none was asked."""
        if not self.methods:
            return ""
        best = self.methods[0]
        return (
            f"{best.title} points at the mark best: {best.mean:.0%} "
            f"[{100 * best.low:.0f}–{best.high:.0%}] of what it marks lies in it, where chance "
            f"would be {self.chance:.1%}, n = {len(self.names):,}."
        )

    def rows(self) -> list[dict[str, Any]]:
        """One a method and example: its relevance mass."""
        return [
            {"method": found.method, "example": name, "relevance mass": float(value)}
            for found in self.methods
            for name, value in zip(self.names, found.values.tolist(), strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        """The form that `shortcuts --json` prints; without the maps."""
        return {
            "model": self.model,
            "title": self.title,
            "data": self.data,
            "kind": self.kind,
            "planted": self.planted,
            "scores": [dict(vars(score)) for score in self.scores],
            "turned": self.turned,
            "against": self.against,
            "chance": self.chance,
            "methods": [found.to_dict() for found in self.methods],
            "examples": list(self.names),
            "refused": list(self.refused),
            "notes": list(self.notes),
            "seconds": self.seconds,
        }

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> "ShortcutTest":
        """From what `to_dict` gave, so without examples; raises BadInput for anything else."""
        try:
            scores = tuple(ShortcutScore(**score) for score in told["scores"])
            methods = tuple(
                MarkedRelevance(**{**one, "values": np.asarray(one["values"], np.float64)})
                for one in told["methods"]
            )
            names = tuple(map(str, told["examples"]))
            if any(one.values.shape != (len(names),) for one in methods):
                raise BadInput("this is no result of a planted shortcut: an example has no value")
            model, title, data, kind, planted = (
                str(told[key]) for key in ("model", "title", "data", "kind", "planted")
            )
            return cls(
                model, title, data, kind, planted, scores=scores,
                turned=int(told["turned"]), against=int(told["against"]),
                methods=methods, chance=float(told["chance"]), names=names,
                refused=tuple(map(str, told["refused"])), notes=tuple(map(str, told["notes"])),
                seconds=float(told["seconds"]),
            )  # fmt: skip
        except BAD_JSON as error:
            raise BadInput(f"this is no result of a planted shortcut: {error!r}") from error
