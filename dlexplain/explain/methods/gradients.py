"""Methods that are one gradient with respect to the input."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.explain.base import Attributed, Explainer, Family, Run, register
from dlexplain.explain.prepare import PreparedModel, replace_modules
from dlexplain.params import flag


class GradientMethod(Explainer):
    """A method that can be averaged over noisy copies of the input."""

    family: ClassVar[Family] = "gradient"

    @abstractmethod
    def maps(self, run: Run, inputs: Tensor, params: Any) -> Iterator[tuple[slice, Tensor]]:
        """Yield (positions, maps) for inputs (count, channels, height, width), map by map or
        chunk by chunk, each map of its input's shape."""

    def evaluations(self, params: Any) -> int:
        """Gradients needed for one map."""
        return 1

    def attribute(self, run: Run, params: Any) -> Attributed:
        run.progress.plan(self.evaluations(params))
        ((_, maps),) = self.maps(run, run.inputs, params)
        return Attributed(maps[0])


@register
class Saliency(GradientMethod):
    """How strongly the score reacts to each pixel: the size of the gradient of the class score
    with respect to the input. One pass, noisy, and blind to evidence that is already saturated.

    Formula: |∂f(x)/∂x|; without "absolute", the gradient itself.
    """

    name = "saliency"
    title = "Saliency"
    unit = "logits per unit of input"
    signed = False
    paper = "Simonyan, Vedaldi, Zisserman 2013, https://arxiv.org/abs/1312.6034"

    @dataclass(frozen=True)
    class Params:
        absolute: bool = flag(
            True, "Absolute value", help="Show the gradient's size, not its sign."
        )

    def is_signed(self, params: Any) -> bool:
        return not params.absolute

    def maps(self, run: Run, inputs: Tensor, params: Any) -> Iterator[tuple[slice, Tensor]]:
        count = inputs.shape[0]
        for span, (gradients, _) in run.evaluator.gradients(lambda a, b: inputs[a:b], count):
            yield span, gradients.abs() if params.absolute else gradients


@register
class InputXGradient(GradientMethod):
    """The gradient times the input: how much each pixel, as it is, adds to the score to first
    order. Dark pixels count little by construction, because zero times anything is zero.

    Formula: x · ∂f(x)/∂x
    """

    name = "input-x-gradient"
    title = "Input × Gradient"
    signed = True
    paper = "Shrikumar et al. 2016, https://arxiv.org/abs/1605.01713"

    def maps(self, run: Run, inputs: Tensor, params: Any) -> Iterator[tuple[slice, Tensor]]:
        count = inputs.shape[0]
        for span, (gradients, _) in run.evaluator.gradients(lambda a, b: inputs[a:b], count):
            yield span, inputs[span] * gradients


class _GuidedReLU(torch.autograd.Function):
    """A ReLU clipped at `top` whose gradient passes only where it is positive."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, top: float) -> Tensor:
        ctx.save_for_backward((x > 0) & (x < top))
        return x.clamp(0, top)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (active,) = ctx.saved_tensors
        return grads[0].clamp_min(0) * active, None


class GuidedReLU(nn.Module):
    """ReLU (top = inf) or ReLU6 (top = 6) under the rule of guided backpropagation."""

    def __init__(self, top: float) -> None:
        super().__init__()
        self.top = top

    def forward(self, x: Tensor) -> Tensor:
        rectified: Tensor = _GuidedReLU.apply(x, self.top)  # type: ignore[no-untyped-call]
        return rectified


RECTIFIERS = (nn.ReLU, nn.ReLU6)


def check_guided(model: PreparedModel) -> None:
    """Raise Incompatible where the guided rule would change nothing."""
    if not any(isinstance(module, RECTIFIERS) for module in model.module.modules()):
        raise Incompatible(
            "Guided Backpropagation changes the gradient at ReLUs, and the model has none"
        )


def guided(model: PreparedModel) -> nn.Module:
    """A copy of the model whose ReLU and ReLU6 modules follow the guided rule.

    Captum's GuidedBackprop knows nn.ReLU alone and would leave every ReLU6 as it is.
    """
    return replace_modules(
        model.module,
        RECTIFIERS,
        lambda module: GuidedReLU(6.0 if isinstance(module, nn.ReLU6) else float("inf")),
    )


@register
class GuidedBackpropagation(GradientMethod):
    """A gradient that, on its way back, is cut wherever it is negative at a ReLU. Gives crisp
    pictures of edges; known to depend more on the picture than on what the model has learnt
    (Adebayo et al. 2018), so read it together with another method.

    Rule at each ReLU: pass the gradient where both the activation and the gradient are positive.
    """

    name = "guided-backprop"
    title = "Guided Backpropagation"
    unit = "guided logits per unit of input"
    signed = True
    paper = "Springenberg et al. 2014, https://arxiv.org/abs/1412.6806"

    def check(self, model: PreparedModel) -> None:
        check_guided(model)

    def maps(self, run: Run, inputs: Tensor, params: Any) -> Iterator[tuple[slice, Tensor]]:
        count, module = inputs.shape[0], guided(run.model)
        for span, (gradients, _) in run.evaluator.gradients(
            lambda a, b: inputs[a:b], count, module
        ):
            yield span, gradients
