"""Whether a classifier's probabilities are right, and whether it notices what it never saw."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from dlexplain.errors import BAD_JSON, BadInput
from dlexplain.results.explanations import plot
from dlexplain.results.words import csv_of

SCORE_TITLES = {
    "maximum-softmax": "Maximum softmax",
    "energy": "Energy",
    "mahalanobis": "Mahalanobis distance",
    "relative-mahalanobis": "Relative Mahalanobis distance",
}
RARE, UNUSUAL = 0.01, 0.05
"""Parts of the test inputs that lie below the two thresholds of `Familiar`."""


@dataclass(frozen=True)
class ReliabilityBin:
    """Inputs whose confidence lies in (low, high].

    confidence  their mean confidence;  accuracy  the part that is right, with Wilson's interval;
                None where the bin is empty
    """

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None
    accuracy_low: float | None
    accuracy_high: float | None


@dataclass(frozen=True)
class CalibrationScores:
    """How far probabilities and what came of them agree.

    ece, ece_low, ece_high  expected calibration error, with its bootstrap interval
    chance, chance_high     of a perfectly calibrated classifier of the same confidences and n: its
                            mean ECE and the 95% quantile of it
    nll     mean negative log-likelihood, in nats;  brier  mean squared error over all classes, 0-2
    confidence  mean probability of the class that is said
    """

    ece: float
    ece_low: float
    ece_high: float
    chance: float
    chance_high: float
    nll: float
    brier: float
    confidence: float
    bins: tuple[ReliabilityBin, ...]

    @property
    def told_apart(self) -> bool:
        """Whether so large an error is rare (below 5%) in a perfectly calibrated classifier."""
        return self.ece > self.chance_high

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        bins = tuple(ReliabilityBin(**one) for one in told["bins"])
        return cls(**{**told, "bins": bins})


@dataclass(frozen=True)
class ClassifierCalibration:
    """Calibration of a classifier before and after temperature scaling.

    data    what it was tested on, in words;  noun  what one is called, in the plural
    n, accuracy   inputs tested on, and the part that is right
    fitted_on, fitted  what the temperature was fitted on, none of it tested on, and how many; 0
                  where none could be fitted, since all of them are right
    temperature   by which logits are divided: above 1 where the model is too sure
    date, machine, command, versions  where it comes from; date  ISO 8601, UTC
    """

    model: str
    model_fingerprint: str
    modality: str
    data: str
    noun: str
    n: int
    accuracy: float
    fitted_on: str
    fitted: int
    temperature: float
    before: CalibrationScores
    after: CalibrationScores
    seed: int
    date: str
    machine: str
    command: str
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """The answer in a sentence or three."""
        found = self.before
        gap = found.confidence - self.accuracy
        sure = "too sure" if gap > 0 else "not sure enough"
        if abs(gap) < found.ece / 2:
            sure = "too sure in places and not sure enough in others"
        first = (
            f"Its probabilities are off by {100 * found.ece:.1f} percentage points on average "
            f"(95% interval {100 * found.ece_low:.1f} to {100 * found.ece_high:.1f}, "
            f"n = {self.n:,})."
        )
        if not found.told_apart:
            return (
                f"{first} A perfectly calibrated classifier shows {100 * found.chance:.1f} at this "
                "n, so no miscalibration is found."
            )
        second = (
            f"It is {sure}: on average it says {found.confidence:.1%} and is right in "
            f"{self.accuracy:.1%}."
        )
        return f"{first} {second} {self._scaled}"

    @property
    def _scaled(self) -> str:
        if not self.fitted:
            return "No temperature could be fitted."
        after = 100 * self.after.ece
        told = f"A temperature of {self.temperature:.2f} brings that to {after:.1f} points"
        if self.after.ece >= self.before.ece:
            return f"{told}, which does not help."
        rest = "" if self.after.told_apart else ", as low as chance allows"
        return f"{told}{rest}."

    def to_dict(self) -> dict[str, Any]:
        """The form that `calibration --json` prints and that is shipped."""
        return asdict(self)

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """Raises BadInput for anything else."""
        try:
            scores = {key: CalibrationScores.read(told[key]) for key in ("before", "after")}
            return cls(**{**told, **scores, "notes": tuple(told["notes"])})
        except BAD_JSON as error:
            raise BadInput(f"this is no calibration of a classifier: {error}") from error

    def to_csv(self) -> str:
        """A row a bin, before and after the temperature."""
        return csv_of(
            [
                {"model": self.model, "temperature": temperature, **asdict(one)}
                for temperature, scores in ((1.0, self.before), (self.temperature, self.after))
                for one in scores.bins
            ]
        )

    def plot(self) -> Any:
        """The reliability diagram."""
        return plot(self)


@dataclass(frozen=True)
class OutsideCell:
    """How well one score tells one set of other inputs from the model's test inputs.

    n      of the set, and as many test inputs
    auroc  the chance that a test input has the higher score, with its bootstrap interval
    fpr    part of the set that passes where 95% of the test inputs do, with Wilson's interval
    """

    score: str
    outside: str
    n: int
    auroc: float
    auroc_low: float
    auroc_high: float
    fpr: float
    fpr_low: float
    fpr_high: float


@dataclass(frozen=True)
class ScoreHistogram:
    """Counts of a score in equal bins; outside  "" for the test inputs themselves."""

    score: str
    outside: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Familiar:
    """Below which values of a score an input is unlike the n test inputs.

    score  "energy", the negative of it, or "maximum-softmax": the one that told others apart best
    rare, unusual  quantiles of the test inputs' scores, RARE and UNUSUAL
    """

    score: str
    n: int
    rare: float
    unusual: float


@dataclass(frozen=True)
class OutOfDistribution:
    """Whether a classifier's scores tell what it was trained on from what it was not.

    data      what it was trained on, in words;  sets  what it was shown beside, titles by name
    cells     by score, then set;  every score is high for what is like the training data
    familiar  thresholds for a single input
    trained   pictures of the training part that Mahalanobis was fitted on; 0 where it is left out
    own       whether the data are what the model was trained on; of others no picture's
              strangeness is told
    """

    model: str
    model_fingerprint: str
    data: str
    sets: Mapping[str, str]
    cells: tuple[OutsideCell, ...]
    histograms: tuple[ScoreHistogram, ...]
    familiar: Familiar
    trained: int
    seed: int
    date: str
    machine: str
    command: str
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    own: bool = True

    @property
    def scores(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(cell.score for cell in self.cells))

    def cell(self, score: str, outside: str) -> OutsideCell:
        """One of them; raises KeyError."""
        for found in self.cells:
            if (found.score, found.outside) == (score, outside):
                return found
        raise KeyError(f"{score}, {outside}")

    def mean_auroc(self, score: str) -> float:
        """Over the sets."""
        known = [cell.auroc for cell in self.cells if cell.score == score]
        return sum(known) / len(known)

    @property
    def best(self) -> str:
        """The score of the largest mean AUROC."""
        return max(self.scores, key=self.mean_auroc)

    @property
    def told(self) -> str:
        """The answer in a sentence or two."""
        best = self.best
        cells = [cell for cell in self.cells if cell.score == best]
        worst = min(cells, key=lambda cell: cell.auroc)
        return (
            f"{SCORE_TITLES[best]} tells other pictures apart best: AUROC "
            f"{self.mean_auroc(best):.3f} in the mean of {len(cells)} sets. Hardest: "
            f"{self.sets[worst.outside]}, AUROC {worst.auroc:.3f} [{worst.auroc_low:.3f}, "
            f"{worst.auroc_high:.3f}]; {worst.fpr:.0%} of that set pass where 95% of its own "
            f"pictures do (n = {worst.n:,} each)."
        )

    def to_dict(self) -> dict[str, Any]:
        """The form that `out-of-distribution --json` prints and that is shipped."""
        return asdict(self)

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """Raises BadInput for anything else."""
        try:
            return cls(
                **{
                    **told,
                    "cells": tuple(OutsideCell(**one) for one in told["cells"]),
                    "histograms": tuple(_histogram(one) for one in told["histograms"]),
                    "familiar": Familiar(**told["familiar"]),
                    "notes": tuple(told["notes"]),
                }
            )
        except BAD_JSON as error:
            raise BadInput(f"this is no test out of distribution: {error}") from error

    def to_csv(self) -> str:
        """A row a score and set."""
        return csv_of([{"model": self.model, **asdict(cell)} for cell in self.cells])

    def plot(self) -> Any:
        """Histograms of the best score."""
        return plot(self)


def _histogram(told: Mapping[str, Any]) -> ScoreHistogram:
    return ScoreHistogram(
        **{**told, "edges": tuple(told["edges"]), "counts": tuple(told["counts"])}
    )
