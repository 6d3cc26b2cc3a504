"""What a metric of an explanation is, and the register of them.

A metric is one class: facts as class attributes, a Params dataclass, a docstring that the page
shows, and `measure`. What it computes is a pure function in the same file.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Literal, TypeVar

from dlexplain.errors import DlexplainError, Incompatible, known_names
from dlexplain.evaluation.case import Case
from dlexplain.explainers.base import NOTHING
from dlexplain.explainers.inputs.base import ModelInput
from dlexplain.params import Spec, Value, as_dict, read_values, specs
from dlexplain.registry import Registry
from dlexplain.results.quality import Measurement, Quality

P = TypeVar("P")
Family = Literal[
    "faithfulness", "robustness", "sanity", "localisation", "complexity", "axioms"
]  # fmt: skip
FAMILIES: tuple[Family, ...] = (
    "faithfulness", "robustness", "sanity", "localisation", "complexity", "axioms"
)  # fmt: skip


class Metric(ABC, Generic[P]):
    """Base of all metrics.

    modalities  names of kinds of input that it is for; () for all
    higher_is_better  whether more of it is better; None where neither end is
    limits      the least and largest values that it can have
    unit        what it is measured in; "" where it has none, and "said" for what the model says
    """

    name: ClassVar[str]
    title: ClassVar[str]
    family: ClassVar[Family]
    modalities: ClassVar[tuple[str, ...]] = ()
    higher_is_better: ClassVar[bool | None]
    limits: ClassVar[tuple[float, float]]
    unit: ClassVar[str] = ""
    paper: ClassVar[str]
    Params: type[P]

    @classmethod
    def description(cls) -> str:
        """The docstring, which is what the user reads."""
        return inspect.getdoc(cls) or ""

    def specs(self) -> dict[str, Spec]:
        """Its parameters."""
        return specs(self.Params)

    def params(self, given: Mapping[str, Value] = NOTHING) -> P:
        """From text or typed values; raises ParamError."""
        return self.Params(**read_values(self.specs(), given))

    def check(self, case: Case) -> None:
        """Raise Incompatible, saying why, where nothing can be measured of the case."""

    def unit_for(self, given: ModelInput) -> str:
        """What it is measured in, of an input."""
        return given.told_in if self.unit == "said" else self.unit

    @abstractmethod
    def measure(self, case: Case, params: P) -> Measurement:
        """Raises Incompatible, or Cancelled."""

    def judge(self, case: Case, params: P) -> Quality:
        """What is measured, with the facts of the metric; raises as `measure` and `check` do."""
        self.check(case)
        progress = case.given.progress
        before, started = progress.done, progress.seconds
        found = self.measure(case, params)
        return Quality(
            metric=self.name,
            title=self.title,
            family=self.family,
            higher_is_better=self.higher_is_better,
            unit=self.unit_for(case.given),
            params=as_dict(params),
            found=found,
            evaluations=progress.done - before,
            seconds=progress.seconds - started,
        )


METRICS: Registry[Metric[Any]] = Registry("metric")


def register(metric: type[Metric[Any]]) -> type[Metric[Any]]:
    """Class decorator: makes the metric known under its `name`."""
    METRICS.add(metric.name, metric())
    return metric


def metrics_for(modality: str) -> dict[str, Metric[Any]]:
    """By name, family by family: those for a kind of input."""
    found = sorted(METRICS.values(), key=lambda metric: FAMILIES.index(metric.family))
    return {m.name: m for m in found if not m.modalities or modality in m.modalities}


def metric_for(name: str, modality: str) -> Metric[Any]:
    """By its name; raises UnknownName, or Incompatible where it is not for that kind of input."""
    metric, known = METRICS[name], metrics_for(modality)
    if metric.name not in known:
        raise Incompatible(
            f"{metric.title} is not for a {modality}; {known_names(name, sorted(known))}"
        )
    return metric


def refusal(metric: Metric[Any], case: Case) -> str:
    """Why it cannot be measured of the case, one sentence; "" where it can."""
    try:
        metric.check(case)
    except DlexplainError as error:
        return str(error)
    return ""
