"""Methods that differentiate the score by the word vectors; a token's value is the sum over its
vector's numbers."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from dlexplain.explain.base import Attributed, seeded
from dlexplain.explain.baselines import UNDECIDED
from dlexplain.explain.path import expected_gradients, integrated, tolerance_param
from dlexplain.explain.texts.base import (
    Family,
    TextExplainer,
    TextRun,
    baseline_param,
    register,
)
from dlexplain.explain.texts.precision import precision_param
from dlexplain.explain.texts.removal import removal_param
from dlexplain.params import number

TAKEN_AWAY = 0.75
"""Share of the words that a baseline lacks."""


class _Gradient(TextExplainer):
    family: ClassVar[Family] = "gradient"


@register
class InputXGradient(_Gradient):
    """The gradient of the score with respect to each word's vector, times that vector: how much
    each word, as it is, adds to the score to first order. One pass, and blind to evidence that is
    already saturated.

    Formula: Σ_d x_d · ∂f(x)/∂x_d
    """

    name = "input-x-gradient"
    title = "Input × Gradient"
    paper = "Shrikumar et al. 2016, https://arxiv.org/abs/1605.01713"

    def attribute(self, run: TextRun, params: Any) -> Attributed:
        evaluator, vectors = run.from_vectors()
        run.progress.plan(1)
        gradients, _ = evaluator.all_gradients(vectors)
        return Attributed((vectors * gradients)[0].sum(1))


@register
class IntegratedGradients(_Gradient):
    """Follows the straight path from a text without words to the text, in the space of word
    vectors, and adds up the gradients on the way. What is added up must equal the difference of
    the two scores (completeness); the error says how nearly it does, and steps are added where
    the path is rough until the tolerance is met or the budget is spent.

    Formula: (x - x') · ∫ ∂f(x' + α(x - x'))/∂x dα, by Gauss-Legendre quadrature
    """

    name = "integrated-gradients"
    title = "Integrated Gradients"
    complete = True
    paper = "Sundararajan, Taly, Yan 2017, https://arxiv.org/abs/1703.01365"

    @dataclass(frozen=True)
    class Params:
        steps: int = number(20, "Steps", low=2, high=1000, help="Points on the path at first.")
        baseline: str = baseline_param()
        tolerance: float = tolerance_param()
        max_steps: int = number(
            400, "Budget", low=2, high=10000, help="Most gradients to spend on one text."
        )
        precision: str = precision_param()

    def attribute(self, run: TextRun, params: Any) -> Attributed:
        evaluator, vectors = run.from_vectors(params.precision)
        found = integrated(
            evaluator,
            vectors,
            run.baseline(params.baseline, vectors, evaluator),
            params.steps,
            params.tolerance,
            params.max_steps,
        )
        return replace(found, values=found.values.sum(1))


@register
class GradientShap(_Gradient):
    """Integrated Gradients from many baselines at once: the text with three of four words, drawn
    at random, taken away, and a random point on each path. No single baseline colours the result.
    Promises to sum to f(x) less the mean score of the baselines, up to sampling error.

    Formula: E over b, α of (x - b) · ∂f(b + α(x - b))/∂x
    """

    name = "gradient-shap"
    title = "Gradient SHAP"
    complete = True
    paper = "Lundberg, Lee 2017, https://arxiv.org/abs/1705.07874; Erion et al. 2021"

    @dataclass(frozen=True)
    class Params:
        samples: int = number(200, "Samples", low=10, high=5000, help="Gradients to average.")
        baselines: int = number(16, "Baselines", low=1, high=200, help="How many texts.")
        removed: str = removal_param(ways=("blank", UNDECIDED))
        seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="Same seed, same draws.")
        precision: str = precision_param()

    def attribute(self, run: TextRun, params: Any) -> Attributed:
        evaluator, vectors = run.from_vectors(params.precision)
        generator = seeded(params.seed)
        nothing = run.baseline(params.removed, vectors, evaluator)
        background = self.background(run, vectors, nothing, params.baselines, generator)
        found = expected_gradients(evaluator, vectors, background, params.samples, generator)
        return replace(found, values=found.values.sum(1))

    @staticmethod
    def background(
        run: TextRun, vectors: Tensor, nothing: Tensor, count: int, generator: torch.Generator
    ) -> Tensor:
        """(count, time, width) of the text, most of its words replaced by `nothing`'s vectors."""
        gone = torch.rand((count, len(run.marks)), generator=generator) < TAKEN_AWAY
        return torch.where((gone & ~run.marks)[..., None].to(vectors.device), nothing, vectors)
