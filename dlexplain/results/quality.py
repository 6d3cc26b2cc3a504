"""How far explanations can be believed: what was measured of them."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dlexplain.params import Value
from dlexplain.results.explanations import plot


@dataclass(frozen=True, eq=False)
class RemovalCurve:
    """What a model says while more and more is taken away, or put back.

    shares   (points,) of the parts, 0 to 1;  answers  (points,) in what the model says
    random   (maps, points) the same in the order of random maps of the same smoothness
    """

    name: str
    shares: NDArray[np.float64]
    answers: NDArray[np.float64]
    random: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "shares": self.shares.tolist(),
            "answers": self.answers.tolist(),
            "random": self.random.tolist(),
        }


@dataclass(frozen=True, eq=False)
class LayerCurve:
    """How alike a map stays to itself while layers of the network are given random weights.

    layers  what got random weights, step by step: the name of a layer, or the first and the last
            one of several
    similarities  (draws, steps) of the map to that of the network with weights as they are
    """

    name: str
    layers: tuple[str, ...]
    similarities: NDArray[np.float64]

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "layers": list(self.layers),
            "similarities": self.similarities.tolist(),
        }


@dataclass(frozen=True, eq=False)
class Measurement:
    """One value with its interval.

    low, high  of the 95% interval; None where there is none
    n          of what the interval is made: random maps, repetitions
    note       a sentence that its reader should know, or ""
    random     the values of random maps of the same smoothness, where `value` is no gain over them
    """

    value: float
    low: float | None = None
    high: float | None = None
    n: int = 1
    curves: tuple[RemovalCurve | LayerCurve, ...] = ()
    note: str = ""
    random: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Quality:
    """One metric of one explanation, with the facts of the metric; see evaluation.base.Metric."""

    metric: str
    title: str
    family: str
    higher_is_better: bool | None
    unit: str
    params: dict[str, Value]
    found: Measurement
    evaluations: int
    seconds: float

    @property
    def value(self) -> float:
        return self.found.value

    @property
    def told(self) -> str:
        """Such as "Deletion: 0.21 [0.09 to 0.33], n = 16.", with the better end."""
        return measured_told(self.title, self.found, self.unit, self.higher_is_better)

    def plot(self) -> Any:
        """The curve behind it; raises ValueError for a metric without one."""
        return plot(self)

    def to_dict(self) -> dict[str, Any]:
        """The form that `quality --json` prints."""
        found = self.found
        return {
            "metric": self.metric,
            "title": self.title,
            "family": self.family,
            "value": _number(found.value),
            "low": _number(found.low),
            "high": _number(found.high),
            "n": found.n,
            "unit": self.unit,
            "higher_is_better": self.higher_is_better,
            "params": self.params,
            "evaluations": self.evaluations,
            "seconds": self.seconds,
            "note": found.note,
            "random": list(found.random),
            "curves": [curve.to_dict() for curve in found.curves],
        }


@dataclass(frozen=True, eq=False)
class MapAgreement:
    """How far maps of one input, by several methods, agree, and what they say together.

    methods       their names
    correlations  (methods, methods) Spearman's, -1 to 1
    overlaps      (methods, methods) of the largest `share` of places, how many are in both: 0 to 1,
                  by chance `share`
    consensus     of the maps' shape: the mean of their ranks, from 0 for the least to 1
    spread        the same shape: the standard deviation of these ranks, 0 where all agree, at most
                  0.5
    """

    methods: tuple[str, ...]
    share: float
    correlations: NDArray[np.float64]
    overlaps: NDArray[np.float64]
    consensus: NDArray[np.float64]
    spread: NDArray[np.float64]

    def to_dict(self) -> dict[str, Any]:
        """JSON-serialisable."""
        return {
            "methods": list(self.methods),
            "share": self.share,
            "correlations": self.correlations.tolist(),
            "overlaps": self.overlaps.tolist(),
            "consensus": self.consensus.tolist(),
            "spread": self.spread.tolist(),
        }


def measured_told(title: str, found: Measurement, unit: str, higher: bool | None) -> str:
    """ "Deletion: 0.21 [0.09 to 0.33], n = 16; more is better." """
    words = [f"{title}: {_told(found.value)}"]
    if found.low is not None and found.high is not None:
        words.append(f"[{_told(found.low)} to {_told(found.high)}]")
    words += [unit] if unit else []
    better = {True: "; more is better", False: "; less is better", None: ""}
    return f"{' '.join(words)}, n = {found.n:,}{better[higher]}."


def _told(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def _number(value: float | None) -> float | None:
    """JSON has no NaN."""
    return None if value is None or math.isnan(value) else float(value)


Verdict = Literal["yes", "no", "unclear", "not measured"]


@dataclass(frozen=True, eq=False)
class Fact:
    """One measured fact of an explanation, short.

    name    faithful, stable or depends: on what the model has learnt
    told    one sentence with the figures
    found   None where it was not measured, as `told` says
    """

    name: str
    title: str
    verdict: Verdict
    short: str
    told: str
    found: Measurement | None = None

    def to_dict(self) -> dict[str, Any]:
        about = {"name": self.name, "verdict": self.verdict, "told": self.told}
        if self.found is None:
            return about
        found = self.found
        ends = {"low": _number(found.low), "high": _number(found.high), "n": found.n}
        return {**about, "value": _number(found.value), **ends}


@dataclass(frozen=True, eq=False)
class Badge:
    """What is measured of every explanation that is shown.

    shares       (points,) of the parts that were taken away, the most marked first
    answers      (points,) what the model says then, in `unit`
    pictures     (points, height, width, 3) uint8 what it was asked, of a picture
    texts        the same of a text
    fill         what stood for the parts that were taken away
    """

    facts: tuple[Fact, ...]
    shares: NDArray[np.float64]
    answers: NDArray[np.float64]
    unit: str
    fill: str
    evaluations: int
    seconds: float
    pictures: NDArray[np.uint8] | None = None
    texts: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The form that `explain --json` and downloads have."""
        return {
            "facts": [fact.to_dict() for fact in self.facts],
            "shares": self.shares.tolist(),
            "answers": self.answers.tolist(),
            "unit": self.unit,
            "fill": self.fill,
            "evaluations": self.evaluations,
            "seconds": self.seconds,
        }


@dataclass(frozen=True, eq=False)
class Arbitration:
    """Which of two maps is right where they differ most, by covering what each ranks above the
    other.

    winner   "first", "second", or "" where the losses are not told apart
    size     side of the square that is covered, in pixels of what the model sees; of a text or a
             forecast how many parts
    first, second  what is covered, of what the first map ranks highest above the second, and the
             other way round: of a picture (row, column) where the square begins, of a text or a
             forecast the numbers of the parts
    first_loss, second_loss  what the answer loses with each covered
    random   within which 95% of covers at random places lie
    said     the answer with nothing covered
    n        random places
    """

    winner: str
    size: int
    first: tuple[int, ...]
    second: tuple[int, ...]
    first_loss: float
    second_loss: float
    random: tuple[float, float]
    said: float
    n: int
