"""What an explanation method is, and the register of them.

A method is one class: facts as class attributes, a Params dataclass, a docstring that the page
shows to its users, and `attribute`, which does the work on an input of whatever modality meets its
needs. docs/adding-an-explainer.md walks through one.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.errors import Incompatible, UnknownName, known_names
from dlexplain.explainers.inputs.base import MODALITIES, ModelInput, Need, Option
from dlexplain.params import Spec, Value, as_dict, read_values, specs
from dlexplain.registry import Registry
from dlexplain.results.words import missed
from dlexplain.server_files import serves_others
from dlexplain.settings import settings

P = TypeVar("P")
Family = Literal["gradient", "layer", "attention", "perturbation"]
FAMILIES: tuple[Family, ...] = ("gradient", "layer", "attention", "perturbation")
SMALLEST_DIFFERENCE = 1e-3
"""Floor, in logits, of the difference that a completeness error is relative to."""
NOTHING: Mapping[str, Value] = MappingProxyType({})


@dataclass(frozen=True)
class NoParams:
    """For methods without parameters."""


class OfModality(Protocol):
    """A model that is explained, as far as methods are chosen for it."""

    @property
    def modality(self) -> str: ...


@dataclass(frozen=True)
class Request(Generic[P]):
    """What a method is asked with: its own parameters, and those of the modality that it uses."""

    params: P
    options: Mapping[str, Value] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Value]:
        """The values of all, JSON-serialisable."""
        return {**as_dict(self.params), **self.options}


@dataclass(frozen=True)
class Ready(Generic[P]):
    """A request as it is used on one model.

    used  the values of all parameters;  note  a sentence where one was changed, or ""
    """

    params: P
    used: dict[str, Value]
    note: str


@dataclass(frozen=True, eq=False)
class Attributed:
    """What a method hands back.

    values   of the shape that is shown
    baseline_score  of methods that promise completeness: f(baseline), or the baselines' mean
    score    f(x), where the values are differences of such scores
    """

    values: Tensor
    completeness_error: float | None = None
    note: str = ""
    baseline_score: float | None = None
    score: float | None = None


@dataclass(frozen=True, eq=False)
class Explanation:
    """The values of an input with the facts of the method; services add what was explained.

    values  of the shape that is shown, float32;  the others as in results.Attribution
    """

    method: str
    title: str
    params: dict[str, Value]
    values: NDArray[np.float32]
    signed: bool
    seconds: float
    evaluations: int
    completeness_error: float | None
    note: str
    unit: str
    baseline_score: float | None
    score: float | None


class Explainer(ABC, Generic[P]):
    """Base of all methods.

    needs     what an input must offer; the method is offered wherever that is met
    uses      groups of parameters that the modality declares for it
    usual     defaults of parameters other than declared, by modality
    signed    whether negative values speak against the target
    complete  whether the values promise to sum to f(x) - f(baseline)
    linear    whether the values of a sum of scores promise to be the sum of the scores' values
    unit      what the values are measured in; the score f is a logit, or a difference of two
    units     the same, by modality, where it is another
    """

    name: ClassVar[str]
    title: ClassVar[str]
    family: ClassVar[Family]
    needs: ClassVar[frozenset[Need]]
    uses: ClassVar[tuple[Option, ...]] = ()
    usual: ClassVar[Mapping[str, Mapping[str, Value]]] = MappingProxyType({})
    signed: ClassVar[bool] = True
    complete: ClassVar[bool] = False
    linear: ClassVar[bool] = False
    unit: ClassVar[str] = "logits"
    units: ClassVar[Mapping[str, str]] = MappingProxyType({})
    paper: ClassVar[str]
    Params: type[P]

    def is_signed(self, params: P) -> bool:
        """Whether the values are signed under these params."""
        return self.signed

    def is_linear(self, params: P) -> bool:
        """Whether they promise that under these params."""
        return self.linear

    def unit_of(self, modality: str, params: P) -> str:
        """What the values are measured in under these params."""
        return self.units.get(modality, self.unit)

    def suits(self, modality: str) -> bool:
        """Whether inputs of the modality offer what the method needs."""
        return self.needs <= MODALITIES[modality].offers

    def check(self, model: Any) -> None:
        """Raise Incompatible, saying why, where the method's rule does not hold on the model."""

    def check_all(self, model: Any) -> None:
        """Raise Incompatible where the model gives no gradients and the method needs some, or where
        `check` does."""
        if "gradients" in self.needs and not getattr(model, "differentiable", True):
            raise Incompatible(
                f"{self.title} needs gradients, and the model gives none, as no ONNX file does; "
                f"methods that need none: {', '.join(_without_gradients(model.modality))}"
            )
        self.check(model)

    def is_compatible(self, model: OfModality) -> bool:
        """Whether the method suits the model's modality, and `check_all` passes."""
        if not self.suits(model.modality):
            return False
        try:
            self.check_all(model)
        except Incompatible:
            return False
        return True

    def specs(self, modality: str) -> dict[str, Spec]:
        """Its parameters for inputs of the modality, with the defaults that are usual there."""
        known = {**self._options(modality), **specs(self.Params)}
        order = [*specs(self.Params), *known]
        usual = self.usual.get(MODALITIES[modality].name, {})
        return {
            key: replace(known[key], default=usual.get(key, known[key].default))
            for key in dict.fromkeys(order)
        }

    def _options(self, modality: str) -> dict[str, Spec]:
        """Parameters of the modality that the method uses."""
        groups = [MODALITIES[modality].params(group) for group in self.uses]
        return {key: spec for group in groups for key, spec in group.items()}

    def request(
        self,
        modality: str,
        given: Mapping[str, Value] = NOTHING,
        usual: Mapping[str, Value] = NOTHING,
    ) -> Request[P]:
        """From text or typed values; raises ParamError.

        usual  defaults that stand for those of `specs`
        """
        known = self.specs(modality)
        values = {key: spec.default for key, spec in known.items()} | dict(usual)
        values |= read_values(known, given)
        params = self.Params(**{key: values[key] for key in specs(self.Params)})
        return Request(params, {key: values[key] for key in self._options(modality)})

    def defaults(self, model: Any) -> dict[str, Value]:
        """Defaults of the parameters whose own do not suit the size of this model's inputs."""
        modality = MODALITIES[model.modality]
        return dict(modality.sized(model, self.specs(modality.name)))

    def fit(self, model: Any, params: P) -> tuple[P, str]:
        """The params as they are used on this model, and a sentence where a value was changed.

        A layer "auto" becomes the layer's name, and what is larger than the picture is clamped.
        """
        return params, ""

    def choices(self, model: Any) -> dict[str, tuple[str, ...]]:
        """Accepted values, for this model, of the parameters declared with params.name()."""
        return {}

    @classmethod
    def description(cls) -> str:
        """The docstring, which is what the user reads."""
        return inspect.getdoc(cls) or ""

    @abstractmethod
    def attribute(self, given: ModelInput, params: P) -> Attributed:
        """Do the work: announce evaluations with given.progress.plan, evaluate through the input's
        evaluator, return the values."""

    def explain(self, given: ModelInput, request: Request[P]) -> Explanation:
        """Attribute the target's score to the parts of the input.

        Raises Incompatible, Cancelled, or ParamError for a name the model does not know, and for
        parameters that take more evaluations than `most_evaluations`.
        """
        if not self.needs <= given.modality.offers:
            raise Incompatible(
                f"{self.title} cannot explain a {given.modality.name}; it needs "
                f"{', '.join(sorted(self.needs - given.modality.offers))}"
            )
        with given.progress.at_most(most_evaluations(), self.title):
            ready = self.ready(given, request)
            return self.told(given, ready, self.attribute(given, ready.params))

    def ready(self, given: ModelInput, request: Request[P]) -> Ready[P]:
        """The request as it is used on this model; raises as `explain` does."""
        self.check_all(given.model)
        changed = given.prepare(request.options, self.family)
        params, fitted = self.fit(given.model, request.params)
        # A method may ask another, with its options, so what is used is noted now.
        used = Request(params, dict(given.options))
        return Ready(params, used.to_dict(), " ".join(filter(None, (changed, fitted))))

    def told(self, given: ModelInput, ready: Ready[P], found: Attributed) -> Explanation:
        """What was found, with the facts."""
        values: NDArray[np.float32] = found.values.detach().float().cpu().contiguous().numpy()
        return Explanation(
            method=self.name,
            title=self.title,
            params=ready.used,
            values=values,
            signed=self.is_signed(ready.params),
            seconds=given.progress.seconds,
            evaluations=given.progress.done,
            completeness_error=found.completeness_error,
            note=" ".join(filter(None, (ready.note, note_of(found, self.uses)))),
            unit=given.unit(self.unit_of(given.modality.name, ready.params)),
            baseline_score=found.baseline_score,
            score=found.score,
        )


MOST_SHARED = 10_000
"""Evaluations for one map where others use the server too, if its owner has set nothing."""


def most_evaluations() -> int:
    """That one map may take in this process; 0 for as many as are asked for."""
    told = settings().max_evaluations
    return (MOST_SHARED if serves_others() else 0) if told is None else told


METHODS: Registry[Explainer[Any]] = Registry("method")


def register(method: type[Explainer[Any]]) -> type[Explainer[Any]]:
    """Class decorator: makes the method known under its `name`."""
    METHODS.add(method.name, method())
    return method


def methods_for(modality: str) -> dict[str, Explainer[Any]]:
    """By name, in the order of the families: those whose needs inputs of the modality meet."""
    found = sorted(METHODS.values(), key=lambda method: FAMILIES.index(method.family))
    return {method.name: method for method in found if method.suits(modality)}


def _without_gradients(modality: str) -> list[str]:
    known = methods_for(modality).values()
    return [method.name for method in known if not {"gradients", "attention"} & method.needs]


def find_method(modality: str, name: str) -> Explainer[Any]:
    """Raises UnknownName, which says what there is for the modality."""
    known = methods_for(modality)
    if name not in known:
        what = (
            "method"
            if modality in ("picture", "box")
            else f"method for a {modality.replace('-', ' ')}"
        )
        raise UnknownName(f'unknown {what} "{name}"; {known_names(name, sorted(known))}')
    return known[name]


def clamped(params: P, name: str, most: int, what: str) -> tuple[P, str]:
    """`params` with the value `name` at most `most`, and a sentence if it was more.

    what  begins the sentence, such as "A patch of"
    """
    value = getattr(params, name)
    if value <= most:
        return params, ""
    said = f"{what} {value} is more than the picture has; {most} was used."
    return replace(params, **{name: most}), said  # type: ignore[type-var]


def completeness_error(values: Tensor, score: float, baseline_score: float) -> float:
    """|sum of values - (score - baseline_score)| relative to |score - baseline_score|."""
    difference = score - baseline_score
    total = float(values.double().sum())
    return abs(total - difference) / max(abs(difference), SMALLEST_DIFFERENCE)


def summed_up(
    values: Tensor, score: float, baseline_score: float, note: str = "", because: str = ""
) -> Attributed:
    """What a method that promises completeness hands back, with its error, which the note says
    where it is large; `because` ends that sentence."""
    error = completeness_error(values, score, baseline_score)
    told = " ".join(filter(None, (note, missed(error, because))))
    return Attributed(values, error, told, baseline_score, score)


NOTHING_COUNTS = "Every value is 0: to this method nothing in the input counts for the score."
ITS_OWN_BASELINE = "It may be what the method compares it with; another baseline tells more."


ROUNDING = 1e-6
"""Of a score, or of LEAST_SCORE: differences of scores that are no larger are 0."""
LEAST_SCORE = 0.1


def without_rounding(drops: Tensor, score: float) -> Tensor:
    """Differences to `score`; all 0 where they are rounding alone, which, shown against the largest
    of them, would look like much."""
    bound = ROUNDING * max(abs(score), LEAST_SCORE)
    return torch.zeros_like(drops) if float(drops.abs().max()) <= bound else drops


def note_of(found: Attributed, uses: tuple[Option, ...]) -> str:
    """The note, also where there is nothing to be seen and the method has said nothing of it."""
    if found.note or bool(found.values.any()):
        return found.note
    compared = {*uses} - {"precision"}
    return f"{NOTHING_COUNTS} {ITS_OWN_BASELINE}" if compared else NOTHING_COUNTS


def seeded(seed: int) -> torch.Generator:
    """A generator on the CPU, so that every device draws the same numbers."""
    return torch.Generator().manual_seed(seed)
