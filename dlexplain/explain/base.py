"""What an explanation method is, and the register of them.

A method is one class: facts as class attributes, a Params dataclass, a docstring that the page
shows to its users, and `attribute`, which does the work through a Run. docs/adding-an-explainer.md
walks through one.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.errors import Incompatible
from dlexplain.explain.baselines import UNDECIDED, make_baseline, undecided
from dlexplain.explain.batching import ChunkBook, Evaluator, Target
from dlexplain.explain.prepare import PreparedModel
from dlexplain.explain.progress import Progress
from dlexplain.params import Value, as_dict
from dlexplain.registry import Registry
from dlexplain.results import Attribution
from dlexplain.results.words import missed

Family = Literal["gradient", "layer", "perturbation"]
PREVIEW_SECONDS = 0.4
SMALLEST_DIFFERENCE = 1e-3
"""Floor, in logits, of the difference that a completeness error is relative to."""


@dataclass(frozen=True)
class NoParams:
    """For methods without parameters."""


@dataclass
class Run:
    """One explanation under way: the input, the way to the model, and the count of its work.

    inputs  (1, channels, height, width) on the model's device
    """

    model: PreparedModel
    inputs: Tensor
    evaluator: Evaluator
    _last_preview: float = 0.0

    @property
    def target(self) -> Target:
        return self.evaluator.target

    @property
    def progress(self) -> Progress:
        return self.evaluator.progress

    def score(self, inputs: Tensor | None = None) -> float:
        """The target's score of one input (1, ...); by default of the one explained."""
        self.progress.plan(1)
        return float(self.evaluator.all_scores(self.inputs if inputs is None else inputs)[0])

    def baseline(self, kind: str, seed: int, inputs: Tensor | None = None) -> Tensor:
        """Of the input explained, or of another one (1, channels, height, width)."""
        x, span = self.inputs if inputs is None else inputs, self.model.value_range
        if kind != UNDECIDED:
            return make_baseline(kind, x, span, seed)
        plain = [make_baseline(one, x, span, seed) for one in ("black", "white", "mean", "blur")]
        return undecided(self.evaluator, plain)

    def preview(self, heatmap: Callable[[], Tensor]) -> None:
        """Offer a coarse map, (height, width); `heatmap` is called only when it is time."""
        if self.progress.seconds - self._last_preview < PREVIEW_SECONDS:
            return
        self.progress.preview(heatmap().float().cpu().numpy())
        self._last_preview = self.progress.seconds


@dataclass(frozen=True, eq=False)
class Attributed:
    """What a method hands back.

    values   (channels, height, width); signed None means as the class says
    baseline_score  of methods that promise completeness: f(baseline), or the baselines' mean
    score    f(x), where the values are differences of such scores
    """

    values: Tensor
    completeness_error: float | None = None
    note: str = ""
    baseline_score: float | None = None
    score: float | None = None


class Explainer(ABC):
    """Base of all methods.

    signed    whether negative values speak against the target
    complete  whether the values promise to sum to f(x) - f(baseline)
    unit      what the values are measured in; the score f is a logit, or a difference of two
    """

    name: ClassVar[str]
    title: ClassVar[str]
    family: ClassVar[Family]
    signed: ClassVar[bool]
    complete: ClassVar[bool] = False
    unit: ClassVar[str] = "logits"
    paper: ClassVar[str]
    Params: ClassVar[type] = NoParams

    def is_signed(self, params: Any) -> bool:
        """Whether the values are signed under these params."""
        return self.signed

    def check(self, model: PreparedModel) -> None:  # noqa: B027, most methods suit every model
        """Raise Incompatible, saying why, where the method's rule does not hold on the model."""

    def is_compatible(self, model: PreparedModel) -> bool:
        """Whether `check` passes."""
        try:
            self.check(model)
        except Incompatible:
            return False
        return True

    def defaults(self, model: PreparedModel) -> dict[str, Value]:
        """Defaults of the parameters whose own suit a picture of 224 pixels and not this model's;
        the others are as Params says."""
        return {}

    def fit(self, model: PreparedModel, params: Any) -> tuple[Any, str]:
        """The params as they are used on this model, and a sentence where a value was changed.

        A layer "auto" becomes the layer's name, and what is larger than the picture is clamped.
        """
        return params, ""

    def choices(self, model: PreparedModel) -> dict[str, tuple[str, ...]]:
        """Accepted values, for this model, of the parameters declared with params.name()."""
        return {}

    @classmethod
    def description(cls) -> str:
        """The docstring, which is what the user reads."""
        return inspect.getdoc(cls) or ""

    @abstractmethod
    def attribute(self, run: Run, params: Any) -> Attributed:
        """Do the work: announce evaluations with run.progress.plan, evaluate through
        run.evaluator, return the values."""

    def explain(
        self,
        model: PreparedModel,
        inputs: Tensor,
        target: Target,
        params: Any,
        progress: Progress | None = None,
        chunks: ChunkBook | None = None,
    ) -> Attribution:
        """Attribute the target's score to the values of `inputs`, (1, channels, height, width).

        Raises Incompatible, Cancelled, or ParamError for a name the model does not know.
        """
        self.check(model)
        progress = progress or Progress()
        evaluator = Evaluator(model, target, progress, chunks or ChunkBook())
        run = Run(model, model.to_device(inputs), evaluator)
        params, changed = self.fit(model, params)
        found = self.attribute(run, params)
        values: NDArray[np.float32] = found.values.detach().float().cpu().contiguous().numpy()
        return Attribution(
            method=self.name,
            title=self.title,
            params=as_dict(params),
            values=values,
            signed=self.is_signed(params),
            seconds=progress.seconds,
            evaluations=progress.done,
            completeness_error=found.completeness_error,
            note=" ".join(filter(None, (changed, note_of(found, params)))),
            unit=self.unit,
            baseline_score=found.baseline_score,
            score=found.score,
        )


METHODS: Registry[Explainer] = Registry("method")


def register(method: type[Explainer]) -> type[Explainer]:
    """Class decorator: makes the method known under its `name`."""
    METHODS.add(method.name, method())
    return method


def side_of(model: PreparedModel) -> int:
    """The shorter side of the model's pictures, in pixels."""
    return min(model.input_shape[-2:])


def clamped(params: Any, name: str, most: int, what: str) -> tuple[Any, str]:
    """`params` with the value `name` at most `most`, and a sentence if it was more.

    what  begins the sentence, such as "A patch of"
    """
    value = getattr(params, name)
    if value <= most:
        return params, ""
    said = f"{what} {value} is more than the picture has; {most} was used."
    return replace(params, **{name: most}), said


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


def note_of(found: Attributed, params: Any) -> str:
    """The note, also where there is nothing to be seen and the method has said nothing of it."""
    if found.note or bool(found.values.any()):
        return found.note
    compared = any(hasattr(params, name) for name in ("baseline", "removed", "background"))
    return f"{NOTHING_COUNTS} {ITS_OWN_BASELINE}" if compared else NOTHING_COUNTS


def seeded(seed: int) -> torch.Generator:
    """A generator on the CPU, so that every device draws the same numbers."""
    return torch.Generator().manual_seed(seed)
