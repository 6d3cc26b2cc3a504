"""Methods that are one gradient with respect to the input."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar
from weakref import WeakKeyDictionary

from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.explainers.base import Attributed, Explainer, Family, NoParams, register
from dlexplain.explainers.batching import Evaluator, Score, gradient_of
from dlexplain.explainers.inputs.base import ModelInput, Need
from dlexplain.explainers.one_pass import OnePass
from dlexplain.explainers.operations import (
    LARGER,
    Called,
    Operation,
    Rule,
    Ruled,
    Rules,
    Trace,
    elementwise,
    floor_of,
    slope,
    traced,
)
from dlexplain.explainers.prepare import Prepared, PreparedModel
from dlexplain.params import flag

P = TypeVar("P")


class GradientMethod(Explainer[P]):
    """A method that can be averaged over noisy copies of the input."""

    family: ClassVar[Family] = "gradient"
    needs: ClassVar[frozenset[Need]] = frozenset({"gradients"})

    @abstractmethod
    def maps(
        self, given: ModelInput, evaluator: Evaluator, inputs: Tensor, params: P
    ) -> Iterator[tuple[slice, Tensor]]:
        """Yield (positions, maps) for inputs (count, ...), map by map or chunk by chunk, each of
        its input's shape."""

    def evaluations(self, params: P) -> int:
        """Gradients needed for one map."""
        return 1

    def attribute(self, given: ModelInput, params: P) -> Attributed:
        given.progress.plan(self.evaluations(params))
        evaluator, x = given.differentiable()
        ((_, maps),) = self.maps(given, evaluator, x, params)
        return Attributed(given.fold(maps[0]))


class OneGradient(GradientMethod[P], OnePass[P]):
    """One that is made of the gradient at the input itself."""

    def network(self, model: Prepared) -> nn.Module:
        """Whose gradient it is."""
        return model.module

    @abstractmethod
    def made_of(self, inputs: Tensor, gradients: Tensor, params: P) -> Tensor:
        """(batch, ...) twice -> the maps, of the same shape"""

    def maps(
        self, given: ModelInput, evaluator: Evaluator, inputs: Tensor, params: P
    ) -> Iterator[tuple[slice, Tensor]]:
        count, module = inputs.shape[0], self.network(evaluator.model)
        for span, (gradients, _) in evaluator.gradients(lambda a, b: inputs[a:b], count, module):
            yield span, self.made_of(inputs[span], gradients, params)

    def together(
        self, model: PreparedModel, inputs: Tensor, score: Score, params: P
    ) -> Sequence[Attributed]:
        gradients, _ = gradient_of(self.network(model), inputs, score)
        return [Attributed(values) for values in self.made_of(inputs, gradients, params)]


@dataclass(frozen=True)
class SaliencyParams:
    absolute: bool = flag(True, "Absolute value", help="Show the gradient's size, not its sign.")


@register
class Saliency(OneGradient[SaliencyParams]):
    """How strongly the score reacts to each part of the input: the size of the gradient of the
    score with respect to it. One pass, noisy, and blind to evidence that is already saturated.

    Formula: |∂f(x)/∂x|; without "absolute", the gradient itself.
    """

    name = "saliency"
    title = "Saliency"
    needs = frozenset({"gradients", "sensitivities"})
    unit = "logits per unit of input"
    signed = False
    paper = "Simonyan, Vedaldi, Zisserman 2013, https://arxiv.org/abs/1312.6034"

    Params = SaliencyParams

    def is_signed(self, params: SaliencyParams) -> bool:
        return not params.absolute

    def is_linear(self, params: SaliencyParams) -> bool:
        return not params.absolute

    def made_of(self, inputs: Tensor, gradients: Tensor, params: SaliencyParams) -> Tensor:
        return gradients.abs() if params.absolute else gradients


@register
class InputXGradient(OneGradient[NoParams]):
    """The gradient times the input: how much each part of it, as it is, adds to the score to first
    order. What is near zero, such as dark pixels, counts little by construction.

    Formula: x · ∂f(x)/∂x
    """

    name = "input-x-gradient"
    title = "Input × Gradient"
    linear = True
    Params = NoParams
    paper = "Shrikumar et al. 2016, https://arxiv.org/abs/1605.01713"

    def made_of(self, inputs: Tensor, gradients: Tensor, params: NoParams) -> Tensor:
        return inputs * gradients


def _guided_back(call: Called, x: Tensor, _y: Tensor, gradient: Tensor) -> Tensor:
    return gradient.clamp_min(0) * slope(call, x)


def _guided(call: Called) -> Any:
    """The rule of a ReLU, also of one that is clipped above; other functions have none."""
    return elementwise(call, _guided_back) if floor_of(call) == 0 else None


RECTIFIERS = (
    "relu",
    "relu6",
    "hardtanh",
    "clamp",
    "clip",
    "clamp_min",
    "threshold",
    "_threshold",
    *LARGER,
)
GUIDED: dict[str, Rule] = dict.fromkeys(RECTIFIERS, _guided)
_verdicts: WeakKeyDictionary[PreparedModel, str] = WeakKeyDictionary()


def check_guided(model: PreparedModel) -> None:
    """Raise Incompatible where the guided rule would change nothing, or not every ReLU."""
    if model not in _verdicts:
        with model.lock.turn():
            rules, trace = traced(model.module, model.trial(1), GUIDED)
        _verdicts[model] = _verdict(rules, trace)
    if _verdicts[model]:
        raise Incompatible(_verdicts[model])


def _verdict(rules: Rules, trace: Trace) -> str:
    """Why the rule cannot be used; empty where it can."""
    if any(_is_rectifier(operation) for operation in trace.operations):
        return (
            "Guided Backpropagation changes the gradient at ReLUs, and cannot at one of the "
            "model's: it is in compiled code, has a gradient of its own, or is put together from "
            "comparisons"
        )
    if rules.applied == 0:
        return "Guided Backpropagation changes the gradient at ReLUs, and the model has none"
    return ""


def _is_rectifier(operation: Operation) -> bool:
    name, args = operation.name, operation.args
    if name in ("relu", "gt", "ge", "lt", "le"):
        return True
    return name in ("maximum", "fmax") or (name in RECTIFIERS and len(args) > 1 and args[1] == 0)


def guided(model: Prepared) -> nn.Module:
    """The model under the guided rule at every ReLU that it computes, clipped ones such as ReLU6
    too. Captum's GuidedBackprop changes modules of nn.ReLU alone, each once."""
    return Ruled(model.module, GUIDED)


@register
class GuidedBackpropagation(OneGradient[NoParams]):
    """A gradient that, on its way back, is cut wherever it is negative at a ReLU. Gives crisp
    pictures of edges; known to depend more on the picture than on what the model has learnt
    (Adebayo et al. 2018), so read it together with another method.

    Rule at each ReLU: pass the gradient where both the activation and the gradient are positive.
    """

    name = "guided-backprop"
    title = "Guided Backpropagation"
    needs = frozenset({"gradients", "pixels"})
    Params = NoParams
    unit = "guided logits per unit of input"
    signed = True
    paper = "Springenberg et al. 2014, https://arxiv.org/abs/1412.6806"

    def check(self, model: PreparedModel) -> None:
        check_guided(model)

    def network(self, model: Prepared) -> nn.Module:
        return guided(model)

    def made_of(self, inputs: Tensor, gradients: Tensor, params: NoParams) -> Tensor:
        return gradients
