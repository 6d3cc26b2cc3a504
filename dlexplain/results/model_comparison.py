"""Two models on the same examples: what they say, why, and how far the reasons drift apart."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BAD_JSON, BadInput
from dlexplain.params import Value
from dlexplain.results.explanations import plot
from dlexplain.results.robustness import Estimate
from dlexplain.results.words import csv_of

ControlKind = Literal["model", "random", "none"]
"""What the drift is held against: that to a third model, that of the method's own random draws, or
nothing."""
CHANGES = {
    "both": "Both right",
    "lost": "First right, second wrong",
    "gained": "First wrong, second right",
    "wrong": "Both wrong, same class",
    "other": "Both wrong, other classes",
    "same": "Same class",
    "apart": "Other classes",
}
"""What became of an example's class; the last two where the right class is not known."""
FLIPPED = ("lost", "gained", "other", "apart")
"""Those in which the two models say different classes."""
SHOWN = 6
"""Examples whose maps are kept to be seen: so many that drift most, and that flip."""
Maps = NDArray[np.float32]


@dataclass(frozen=True)
class ComparedExample:
    """One example.

    place    in the order of the draw, from 0;  name  what it is called; a text is its own name
    label    its right class, "" where that is not known;  target  the class that is explained
    said     classes that the first, the second and the control say; () of forecasts
    change   a key of CHANGES, "" of forecasts
    spearman Spearman's correlation of the two maps, -1 to 1; None where one has no order
    top      of the most marked tenth of the one, the part that is so in the other, 0 to 1
    control  Spearman's correlation of the first's map with the control's; None without one
    """

    place: int
    name: str
    label: str
    target: str
    said: tuple[str, ...]
    change: str
    spearman: float | None
    top: float | None
    control: float | None

    @property
    def drift(self) -> float | None:
        """1 - spearman, 0 to 2."""
        return None if self.spearman is None else 1 - self.spearman

    @property
    def control_drift(self) -> float | None:
        """The same of the control."""
        return None if self.control is None else 1 - self.control


@dataclass(frozen=True)
class PackedMap:
    """A map of one model as it is kept to be drawn.

    model   whose;  shape  (height, width), (words,) or (periods, series)
    values  float16, base64: each place's value over the mean of all |values|, so that maps of
            models whose scores have no common unit are on one scale
    words   of a text: what its places are;  rows, columns  of a series: its periods, its names
    """

    model: str
    shape: tuple[int, ...]
    values: str
    words: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    @classmethod
    def of(cls, model: str, values: NDArray[Any], **names: tuple[str, ...]) -> Self:
        """A map that is 0 everywhere stays so."""
        mean = float(np.abs(values).mean()) if values.size else 0.0
        scaled = (values / mean if mean > 0 else values).astype(np.float16)
        return cls(model, values.shape, base64.b64encode(scaled.tobytes()).decode(), **names)

    @property
    def map(self) -> Maps:
        """Of its shape, float32."""
        found = np.frombuffer(base64.b64decode(self.values), np.float16).reshape(self.shape)
        return found.astype(np.float32)


@dataclass(frozen=True)
class ShownExample:
    """An example with its maps.

    place    as ComparedExample has it;  maps  of the first, the second, and the control if any
    picture  (side, side, 3) uint8 in base64, "" where there is none
    """

    place: int
    maps: tuple[PackedMap, ...]
    picture: str = ""
    side: int = 0

    @property
    def pixels(self) -> NDArray[np.uint8] | None:
        """(side, side, 3), None where there is none."""
        if not self.picture:
            return None
        found = np.frombuffer(base64.b64decode(self.picture), np.uint8)
        return found.reshape(self.side, self.side, 3)


@dataclass(frozen=True)
class ClassChange:
    """How many examples a change has become of. name  a key of CHANGES; share  with Wilson's
    interval"""

    name: str
    title: str
    count: int
    share: Estimate


@dataclass(frozen=True)
class ClassDrift:
    """Examples of one right class, or of what the first says where that is not known.

    drift  mean with its bootstrap interval;  same  of how many both say the same class
    """

    label: str
    drift: Estimate
    same: Estimate


@dataclass(frozen=True)
class ModelComparison:
    """Two models' reasons on the same examples.

    model, other  the two;  control  the third, "" where there is none, see ControlKind
    data      what the examples are, in words;  noun  what one is called, in the plural
    labelled  whether right classes are known: these are explained, else what the first says
    count     examples that were asked for;  found  that there are;  done  that are compared
    method, title, params, signed  by which they are explained
    spearman  mean over the examples of Spearman's correlation of the two maps;  top  mean of the
              part of the most marked tenth that both have
    drift     mean of 1 - Spearman's correlation, 0 to 2, with its bootstrap interval
    control_drift  the same of the first with the control
    beyond    mean over the examples of drift less control_drift, with its bootstrap interval
    same      of how many both say the same class;  control_same  likewise with the control
    date      ISO 8601, UTC;  notes  sentences that its reader should know
    """

    model: str
    other: str
    control: str
    control_kind: ControlKind
    fingerprints: tuple[str, ...]
    modality: str
    data: str
    noun: str
    labelled: bool
    count: int
    found: int
    done: int
    seed: int
    method: str
    title: str
    params: Mapping[str, Value]
    signed: bool
    spearman: Estimate
    top: Estimate
    drift: Estimate
    control_drift: Estimate
    beyond: Estimate
    same: Estimate
    control_same: Estimate
    changes: tuple[ClassChange, ...]
    classes: tuple[ClassDrift, ...]
    examples: tuple[ComparedExample, ...]
    shown: tuple[ShownExample, ...]
    date: str
    machine: str
    command: str
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def lost_most(self) -> tuple[ComparedExample, ...]:
        """Examples of which the maps are least alike, first."""
        known = [one for one in self.examples if one.drift is not None]
        return tuple(sorted(known, key=lambda one: -(one.drift or 0.0)))

    @property
    def flipped(self) -> tuple[ComparedExample, ...]:
        """Examples of which the two say different classes, those that the second loses first."""
        found = [one for one in self.examples if one.change in FLIPPED]
        return tuple(sorted(found, key=lambda one: FLIPPED.index(one.change)))

    def to_dict(self) -> dict[str, Any]:
        """The form that `compare-models --json` prints and that is shipped."""
        return asdict(self)

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """Raises BadInput for anything else."""
        try:
            means = ("spearman", "top", "drift", "control_drift", "beyond", "same", "control_same")
            read: dict[str, Any] = {key: Estimate(**told[key]) for key in means}
            read |= {
                "fingerprints": tuple(map(str, told["fingerprints"])),
                "notes": tuple(told["notes"]),
                "changes": tuple(
                    ClassChange(**{**one, "share": Estimate(**one["share"])})
                    for one in told["changes"]
                ),
                "classes": tuple(map(_class, told["classes"])),
                "examples": tuple(
                    ComparedExample(**{**one, "said": tuple(one["said"])})
                    for one in told["examples"]
                ),
                "shown": tuple(map(shown_of, told["shown"])),
            }
            return cls(**{**told, **read})
        except BAD_JSON as error:
            why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise BadInput(f"this is no comparison of models: {why}") from error

    def plot(self) -> Any:
        """The drift of each example, and that of the control."""
        return plot(self)

    def rows(self) -> list[dict[str, Any]]:
        """A row an example."""
        return [self._row(one) for one in self.examples]

    def _row(self, one: ComparedExample) -> dict[str, Any]:
        says = dict(zip(("first", "second", "control"), one.said, strict=False))
        return {
            "model": self.model, "other": self.other, "control": self.control,
            "method": self.method, "example": one.place, "name": one.name, "label": one.label,
            "target": one.target, "change": one.change,
            **{f"{which} says": says.get(which, "") for which in ("first", "second", "control")},
            "spearman": one.spearman, "drift": one.drift, "top": one.top,
            "control drift": one.control_drift,
        }  # fmt: skip

    def to_csv(self) -> str:
        """A row an example."""
        return csv_of(self.rows())

    def means(self) -> Iterator[tuple[str, Estimate]]:
        """What was measured, by its name."""
        yield "rank correlation of the maps", self.spearman
        yield "most marked tenth in common", self.top
        yield "drift", self.drift
        if self.control_kind != "none":
            yield "drift of the control", self.control_drift
            yield "drift beyond the control", self.beyond


def shown_of(told: Mapping[str, Any]) -> ShownExample:
    """From JSON; raises KeyError, TypeError or ValueError for anything else."""
    found = ShownExample(**{**told, "maps": tuple(map(_packed, told["maps"]))})
    _ = found.pixels, [one.map for one in found.maps]  # what is damaged is found here
    return found


def _packed(told: Mapping[str, Any]) -> PackedMap:
    lists: dict[str, Sequence[Any]] = {
        key: tuple(told[key]) for key in ("shape", "words", "rows", "columns")
    }
    return PackedMap(**{**told, **lists})


def _class(told: Mapping[str, Any]) -> ClassDrift:
    return ClassDrift(told["label"], Estimate(**told["drift"]), Estimate(**told["same"]))
