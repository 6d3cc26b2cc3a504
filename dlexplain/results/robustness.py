"""How robust a classifier is over a data set: under attack, and where its inputs get worse."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from dlexplain.errors import BAD_JSON, BadInput
from dlexplain.params import Value
from dlexplain.results.attacks import budget_told
from dlexplain.results.explanations import plot
from dlexplain.results.words import csv_of

ANY = "any"
"""The curve of all attacks together: an example is fooled where one of them fools it."""


@dataclass(frozen=True)
class Estimate:
    """A value over n examples with its 95% interval; None where there is none."""

    value: float | None
    low: float | None
    high: float | None
    n: int

    def __str__(self) -> str:
        """ "61.0% [51.2–70.0%]", of parts of one"""
        if self.value is None:
            return "–"
        if self.low is None or self.high is None:
            return f"{self.value:.1%}"
        return f"{self.value:.1%} [{100 * self.low:.1f}–{self.high:.1%}]"


@dataclass(frozen=True)
class AttackCurve:
    """One attack over budgets.

    gradients  whether it uses the model's gradient, rather than scores alone
    accuracy   robust accuracy at each of the budgets: the part of the examples that the model gets
               right as they are and under attack, with Wilson's interval
    unbounded  the same where any change is allowed, which no model can withstand; None where that
               was not tried
    """

    name: str
    title: str
    params: Mapping[str, Value]
    gradients: bool
    accuracy: tuple[Estimate, ...]
    unbounded: Estimate | None = None


@dataclass(frozen=True)
class CorruptionScore:
    """One corruption at one severity.

    accuracy  with Wilson's interval;  ece  expected calibration error
    map_correlation  Spearman's, of the map of each example with that of it as it was, -1 to 1, the
              mean with its bootstrap interval
    """

    name: str
    title: str
    family: str
    severity: int
    accuracy: Estimate
    ece: float | None
    map_correlation: Estimate


@dataclass(frozen=True)
class SeverityScore:
    """All corruptions at one severity; intervals by a bootstrap of the examples, each with all its
    corruptions. Severity 0 is the examples as they are."""

    severity: int
    accuracy: Estimate
    ece: Estimate
    map_correlation: Estimate


@dataclass(frozen=True)
class ClassRobustness:
    """The examples of one class.

    attacked   under all attacks together, at each of the budgets
    corrupted  mean over corruptions and severities, with its bootstrap interval
    """

    label: str
    clean: Estimate
    attacked: tuple[Estimate, ...]
    corrupted: Estimate


@dataclass(frozen=True)
class Flag:
    """A sign that the numbers mislead. name  "masked", "one-step" or "unbounded"; told  why"""

    name: str
    told: str


@dataclass(frozen=True)
class Robustness:
    """What was measured of one model.

    data      what the examples are, in words;  noun  what one is called, in the plural
    labelled  whether the right classes are known; else what the model says of each example as it
              is counts as right
    count     examples that were asked for;  found  that there are;  done  that are measured
    norm, budgets  how far attacks may go, see results.attacks;  attacks  the last is ANY of several
    clean     accuracy on the examples as they are, with Wilson's interval
    corrupted mean over corruptions and severities, with a bootstrap interval over the examples
    map_method  whose maps are compared, "" for none
    date      ISO 8601, UTC;  notes  sentences that its reader should know
    """

    model: str
    model_fingerprint: str
    modality: str
    data: str
    noun: str
    labelled: bool
    count: int
    found: int
    done: int
    seed: int
    norm: str
    budgets: tuple[float, ...]
    clean: Estimate
    attacks: tuple[AttackCurve, ...]
    corruptions: tuple[CorruptionScore, ...]
    severities: tuple[SeverityScore, ...]
    corrupted: Estimate
    classes: tuple[ClassRobustness, ...]
    flags: tuple[Flag, ...]
    map_method: str
    date: str
    machine: str
    command: str
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def under(self, attack: str, budget: float) -> Estimate | None:
        """Robust accuracy under an attack at a budget; None where it was not measured."""
        for curve in self.attacks:
            for known, found in zip(self.budgets, curve.accuracy, strict=True):
                if curve.name == attack and abs(known - budget) < 1e-9:
                    return found
        return None

    def to_dict(self) -> dict[str, Any]:
        """The form that `robustness --json` prints and that is shipped."""
        return asdict(self)

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """Raises BadInput for anything else."""
        try:
            lists = {
                "budgets": tuple(map(float, told["budgets"])),
                "notes": tuple(told["notes"]),
                "clean": _estimate(told["clean"]),
                "corrupted": _estimate(told["corrupted"]),
                "attacks": tuple(map(_curve, told["attacks"])),
                "corruptions": tuple(
                    CorruptionScore(**_estimates(one, "accuracy", "map_correlation"))
                    for one in told["corruptions"]
                ),
                "severities": tuple(
                    SeverityScore(**_estimates(one, "accuracy", "ece", "map_correlation"))
                    for one in told["severities"]
                ),
                "classes": tuple(map(_class, told["classes"])),
                "flags": tuple(Flag(**one) for one in told["flags"]),
            }
            return cls(**{**told, **lists})
        except BAD_JSON as error:
            why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise BadInput(f"this is no result on robustness: {why}") from error

    def plot(self) -> Any:
        """Robust accuracy over budgets, a line an attack."""
        return plot(self)

    def to_csv(self) -> str:
        """A row a number."""
        return csv_of(list(self._rows()))

    def _rows(self) -> Iterator[dict[str, Any]]:
        yield self._row("clean", "accuracy", self.clean)
        for curve in self.attacks:
            for budget, found in zip(self.budgets, curve.accuracy, strict=True):
                yield self._row("attack", "accuracy", found, name=curve.name, budget=budget)
            if curve.unbounded is not None:
                name = curve.name
                yield self._row("attack", "accuracy", curve.unbounded, name=name, budget=1.0)
        for one in self.corruptions:
            at: dict[str, Any] = {"name": one.name, "severity": one.severity}
            yield self._row("corruption", "accuracy", one.accuracy, **at)
            yield self._row(
                "corruption", "ece", Estimate(one.ece, None, None, one.accuracy.n), **at
            )
            yield self._row("corruption", "map_correlation", one.map_correlation, **at)
        for level in self.severities:
            for metric in ("accuracy", "ece", "map_correlation"):
                found = getattr(level, metric)
                yield self._row("severity", metric, found, severity=level.severity)
        if self.corruptions:
            yield self._row("corruptions", "accuracy", self.corrupted)
        for known in self.classes:
            yield self._row("class", "accuracy", known.clean, name=known.label)
            for budget, found in zip(self.budgets, known.attacked, strict=False):
                yield self._row("class under attack", "accuracy", found, name=known.label,
                                budget=budget)  # fmt: skip
            if known.corrupted.n:
                yield self._row("class corrupted", "accuracy", known.corrupted, name=known.label)

    def _row(
        self, what: str, metric: str, found: Estimate, name: str = "",
        budget: float | None = None, severity: int | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        return {
            "model": self.model, "data": self.data, "what": what, "name": name,
            "norm": self.norm if budget is not None else "", "budget": budget,
            "severity": severity, "metric": metric, **asdict(found),
        }  # fmt: skip


def card_figures(found: Robustness) -> list[tuple[str, Estimate]]:
    """What a model's card says of it: clean, FGSM at 2/255 and 8/255, PGD at 8/255, corruptions;
    those that were measured."""
    asked = [("fgsm", 2 / 255), ("fgsm", 8 / 255), ("pgd", 8 / 255), ("square", 8 / 255)]
    curves = {curve.name: curve for curve in found.attacks}
    figures = [("as they are", found.clean)]
    for name, budget in asked:
        if (accuracy := found.under(name, budget)) is not None:
            steps = curves[name].params.get("steps")
            title = curves[name].title + (f"-{steps}" if steps else "")
            figures.append((f"{title}, {budget_told(found.norm, budget)}", accuracy))
    if found.corruptions:
        figures.append(("corrupted, mean", found.corrupted))
    return figures


def _estimate(told: Mapping[str, Any]) -> Estimate:
    return Estimate(**told)


def _estimates(told: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {**told, **{key: _estimate(told[key]) for key in keys}}


def _curve(told: Mapping[str, Any]) -> AttackCurve:
    unbounded = told["unbounded"]
    return AttackCurve(
        **{
            **told,
            "accuracy": tuple(map(_estimate, told["accuracy"])),
            "unbounded": None if unbounded is None else _estimate(unbounded),
        }
    )


def _class(told: Mapping[str, Any]) -> ClassRobustness:
    attacked = tuple(map(_estimate, told["attacked"]))
    return ClassRobustness(**{**_estimates(told, "clean", "corrupted"), "attacked": attacked})
