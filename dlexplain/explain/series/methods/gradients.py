"""Methods that differentiate the forecast by the window's values."""

from dataclasses import dataclass
from typing import Any, ClassVar

from dlexplain.explain.base import Attributed, seeded
from dlexplain.explain.path import expected_gradients, integrated, tolerance_param
from dlexplain.explain.series.base import (
    Family,
    SeriesExplainer,
    SeriesRun,
    baseline_param,
    register,
)
from dlexplain.params import number


@register
class IntegratedGradients(SeriesExplainer):
    """Follows the straight path from a past without news to the past as it was, and adds up the
    gradients of the forecast on the way. What is added up must equal the difference of the two
    forecasts (completeness); the error says how nearly it does, and steps are added where the path
    is rough until the tolerance is met or the budget is spent.

    Formula: (x - x') · ∫ ∂f(x' + α(x - x'))/∂x dα, by Gauss-Legendre quadrature
    """

    name = "integrated-gradients"
    title = "Integrated Gradients"
    family: ClassVar[Family] = "gradient"
    complete = True
    paper = "Sundararajan, Taly, Yan 2017, https://arxiv.org/abs/1703.01365"

    @dataclass(frozen=True)
    class Params:
        steps: int = number(20, "Steps", low=2, high=1000, help="Points on the path at first.")
        baseline: str = baseline_param()
        tolerance: float = tolerance_param()
        max_steps: int = number(
            400, "Budget", low=2, high=10000, help="Most gradients to spend on one forecast."
        )

    def attribute(self, run: SeriesRun, params: Any) -> Attributed:
        baseline = run.baseline(params.baseline)
        return integrated(
            run.evaluator, run.x, baseline, params.steps, params.tolerance, params.max_steps
        )


@register
class GradientShap(SeriesExplainer):
    """Integrated Gradients from many real pasts at once: earlier windows of the same series are the
    baselines, and a random point on each path is taken. It answers why this forecast differs from
    the usual one, and promises to sum to that difference, up to sampling error.

    Formula: E over b, α of (x - b) · ∂f(b + α(x - b))/∂x
    """

    name = "gradient-shap"
    title = "Gradient SHAP"
    family: ClassVar[Family] = "gradient"
    complete = True
    paper = "Lundberg, Lee 2017, https://arxiv.org/abs/1705.07874; Erion et al. 2021"

    @dataclass(frozen=True)
    class Params:
        samples: int = number(256, "Samples", low=10, high=10000, help="Gradients to average.")
        seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="Same seed, same draws.")

    def attribute(self, run: SeriesRun, params: Any) -> Attributed:
        return expected_gradients(
            run.evaluator, run.x, run.background, params.samples, seeded(params.seed)
        )
