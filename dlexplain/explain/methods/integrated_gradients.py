"""Integrated Gradients, with a tolerance that adds steps where the path needs them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from dlexplain.explain.base import Attributed, Run, register
from dlexplain.explain.baselines import baseline_choice
from dlexplain.explain.methods.gradients import GradientMethod
from dlexplain.explain.path import integrated, path_gradients, tolerance_param
from dlexplain.params import number


@register
class IntegratedGradients(GradientMethod):
    """Follows the straight path from a baseline, where nothing is to be seen, to the picture, and
    adds up the gradients on the way. What is added up must equal the difference of the two scores
    (completeness); the error beside the map says how nearly it does. With a tolerance, steps are
    added where the path is rough until the error is small enough or the budget is spent.

    Formula: (x - x') · ∫ ∂f(x' + α(x - x'))/∂x dα, by Gauss-Legendre quadrature; refined by
    halving the parts of the path over which it misses the change of the score the most.
    """

    name = "integrated-gradients"
    title = "Integrated Gradients"
    signed = True
    complete = True
    paper = "Sundararajan, Taly, Yan 2017, https://arxiv.org/abs/1703.01365"

    @dataclass(frozen=True)
    class Params:
        steps: int = number(50, "Steps", low=2, high=1000, help="Points on the path at first.")
        baseline: str = baseline_choice()
        tolerance: float = tolerance_param(0.05)
        max_steps: int = number(
            600, "Budget", low=2, high=10000, help="Most gradients to spend on one map."
        )
        seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="For the noise baseline.")

    def evaluations(self, params: Any) -> int:
        return int(params.steps)

    def maps(self, run: Run, inputs: Tensor, params: Any) -> Iterator[tuple[slice, Tensor]]:
        for i in range(inputs.shape[0]):
            x = inputs[i : i + 1]
            found = path_gradients(run.evaluator, x, self._baseline(run, x, params), params.steps)
            yield slice(i, i + 1), found[None]

    def attribute(self, run: Run, params: Any) -> Attributed:
        baseline = self._baseline(run, run.inputs, params)
        return integrated(
            run.evaluator, run.inputs, baseline, params.steps, params.tolerance, params.max_steps
        )

    @staticmethod
    def _baseline(run: Run, inputs: Tensor, params: Any) -> Tensor:
        return run.baseline(params.baseline, params.seed, inputs)
