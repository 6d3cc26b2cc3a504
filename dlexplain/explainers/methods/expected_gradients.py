"""Expected Gradients: Integrated Gradients from many baselines at once."""

from dataclasses import dataclass, replace
from typing import ClassVar

from dlexplain.explainers.base import Attributed, Explainer, Family, register, seeded
from dlexplain.explainers.inputs.base import ModelInput, Need
from dlexplain.explainers.path import expected_gradients
from dlexplain.params import number


@dataclass(frozen=True)
class ExpectedParams:
    samples: int = number(200, "Samples", low=10, high=10000, help="Gradients to average.")
    seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="Same seed, same draws.")


class _OverBaselines(Explainer[ExpectedParams]):
    family: ClassVar[Family] = "gradient"
    complete = True
    linear = True
    Params = ExpectedParams

    def attribute(self, given: ModelInput, params: ExpectedParams) -> Attributed:
        evaluator, x = given.differentiable()
        generator = seeded(params.seed)
        background = given.background(evaluator, x, params.seed, generator)
        found = expected_gradients(evaluator, x, background, params.samples, generator)
        return replace(found, values=given.fold(found.values))


@register
class ExpectedGradients(_OverBaselines):
    """Integrated Gradients from many baselines at once, at random points that are spread over all
    their paths. No single baseline colours the result. Promises to sum to f(x) less the mean score
    of the baselines, up to sampling error.

    Formula: E over b, α of (x - b) · ∂f(b + α(x - b))/∂x
    """

    name = "expected-gradients"
    title = "Expected Gradients"
    needs: ClassVar[frozenset[Need]] = frozenset({"gradients", "baselines", "pixels"})
    uses = ("background",)
    paper = "Erion et al. 2021, https://arxiv.org/abs/1906.10670"


@register
class GradientShap(_OverBaselines):
    """Expected Gradients as SHAP has them. The baselines are real: earlier windows of the same
    series, or the text with three of four words, drawn at random, taken away; a random point on
    each path is taken. No single baseline colours the result. Promises to sum to f(x) less the mean
    score of the baselines, up to sampling error.

    Formula: E over b, α of (x - b) · ∂f(b + α(x - b))/∂x
    """

    name = "gradient-shap"
    title = "Gradient SHAP"
    needs: ClassVar[frozenset[Need]] = frozenset({"gradients", "baselines", "real baselines"})
    uses = ("background", "precision")
    usual: ClassVar = {"series": {"samples": 256}}
    paper = "Lundberg, Lee 2017, https://arxiv.org/abs/1705.07874; Erion et al. 2021"
