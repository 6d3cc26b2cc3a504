"""LIME over words, through Captum."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from dlexplain.explain.base import Attributed, seeded
from dlexplain.explain.linear_fit import fit_evaluations, sparse_fit
from dlexplain.explain.texts.base import Family, TextExplainer, TextRun, register
from dlexplain.explain.texts.precision import precision_param
from dlexplain.explain.texts.removal import groups, removal_param, without
from dlexplain.params import number


@register
class Lime(TextExplainer):
    """Takes words away at random and fits a sparse linear model to the scores near the text; its
    weights are the words' values. They depend on the random draws: change the seed to see how
    much.

    Formula: argmin_w Σ_i π(z_i) (f(z_i) - w·z_i)² + α |w|₁, π(z) = exp(-d(x, z)² / width²)
    with the cosine distance d of the words left to the whole text.
    """

    name = "lime"
    title = "LIME"
    family: ClassVar[Family] = "perturbation"
    unit = "logits (weight of the word)"
    paper = "Ribeiro, Singh, Guestrin 2016, https://arxiv.org/abs/1602.04938"

    @dataclass(frozen=True)
    class Params:
        samples: int = number(300, "Samples", low=10, high=20000, help="Combinations tried.")
        removed: str = removal_param()
        alpha: float = number(
            0.01, "Sparsity", low=0.0, high=10.0, step=0.01, help="Weight of the L1 penalty."
        )
        width: float = number(
            0.25, "Kernel width", low=0.01, high=10.0, step=0.05, help="How local the fit is."
        )
        seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="Same seed, same draws.")
        precision: str = precision_param()

    def attribute(self, run: TextRun, params: Any) -> Attributed:
        numbers = groups(run)
        count = int(numbers.max()) + 1
        evaluator = run.from_ids(params.precision)

        def scores(on: Tensor) -> Tensor:
            return evaluator.all_scores(without(run, on.bool(), numbers, params.removed))

        run.progress.plan(fit_evaluations(count, params.samples))
        chunk = run.chunks.get(run.twin.by_ids(run.ids, params.precision), "forward")
        weights = sparse_fit(
            scores, count, params.samples, params.alpha, params.width, seeded(params.seed), chunk
        )
        note = "" if weights.any() else NOTHING_LEFT.format(params.alpha)
        if count == 1:
            note = ONE_WORD
        return Attributed(shared(weights, numbers), note=note)


ONE_WORD = "The text is one word: its value is what the score loses without it."
NOTHING_LEFT = "A sparsity of {:g} left no word: the scores hardly change; try a smaller one."


def shared(values: Tensor, numbers: Tensor) -> Tensor:
    """(words,) -> (time,): a word's value shared out evenly over its pieces; 0 for marks."""
    own = numbers >= 0
    sizes = torch.bincount(numbers[own], minlength=len(values))
    found = torch.zeros(len(numbers))
    found[own] = (values / sizes)[numbers[own]]
    return found
