"""Integrated Gradients, with a tolerance that adds steps where the path needs them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from torch import Tensor

from dlexplain.explainers.base import Attributed, register
from dlexplain.explainers.batching import Evaluator
from dlexplain.explainers.inputs.base import ModelInput
from dlexplain.explainers.methods.gradients import GradientMethod
from dlexplain.explainers.path import integrated, path_gradients, tolerance_param
from dlexplain.params import number

FEWER = {"steps": 20, "tolerance": 0.01, "max_steps": 400}
"""Where paths are shorter than through a picture."""
FINER = {"steps": 32, "tolerance": 0.005, "max_steps": 512}


@dataclass(frozen=True)
class PathParams:
    steps: int = number(50, "Steps", low=2, high=1000, help="Points on the path at first.")
    tolerance: float = tolerance_param(0.05)
    max_steps: int = number(
        600, "Budget", low=2, high=10000, help="Most gradients to spend on one explanation."
    )


@register
class IntegratedGradients(GradientMethod[PathParams]):
    """Follows the straight path from a baseline, where nothing is to be seen, to the input, and
    adds up the gradients on the way. What is added up must equal the difference of the two scores
    (completeness); the error says how nearly it does. With a tolerance, steps are added where the
    path is rough until the error is small enough or the budget is spent.

    Formula: (x - x') · ∫ ∂f(x' + α(x - x'))/∂x dα, by Gauss-Legendre quadrature; refined by
    halving the parts of the path over which it misses the change of the score the most.
    """

    name = "integrated-gradients"
    title = "Integrated Gradients"
    needs = frozenset({"gradients", "baselines"})
    uses = ("baseline", "precision")
    usual: ClassVar = {
        **dict.fromkeys(("text", "token", "series"), FEWER),
        **dict.fromkeys(("next-token", "translation"), FINER),
    }
    complete = True
    linear = True
    paper = "Sundararajan, Taly, Yan 2017, https://arxiv.org/abs/1703.01365"
    Params = PathParams

    def evaluations(self, params: PathParams) -> int:
        return params.steps

    def maps(
        self, given: ModelInput, evaluator: Evaluator, inputs: Tensor, params: PathParams
    ) -> Iterator[tuple[slice, Tensor]]:
        for i in range(inputs.shape[0]):
            x = inputs[i : i + 1]
            found = path_gradients(evaluator, x, given.baseline(evaluator, x), params.steps)
            yield slice(i, i + 1), found[None]

    def attribute(self, given: ModelInput, params: PathParams) -> Attributed:
        evaluator, x = given.differentiable()
        baseline = given.baseline(evaluator, x)
        found = integrated(evaluator, x, baseline, params.steps, params.tolerance, params.max_steps)
        return replace(found, values=given.fold(found.values))
