"""Sobol' indices: which share of the score's variance each part has a hand in."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from dlexplain.explainers.base import Attributed, Explainer, Family, register, without_rounding
from dlexplain.explainers.designs import pair
from dlexplain.explainers.inputs.base import ModelInput, Need
from dlexplain.params import choice, number

ROWS = 256
"""Inputs that are laid out at once, about."""


@dataclass(frozen=True)
class SobolParams:
    designs: str = choice(
        "32",
        "Designs",
        ("8", "16", "32", "64", "128", "256", "512", "1024"),
        help="Combinations in which each part is changed by itself; every one costs as many "
        "evaluations as there are parts, and two.",
    )
    seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="Same seed, same designs.")


@register
class Sobol(Explainer[SobolParams]):
    """How much of the score's variance each part of the input has a hand in, by itself or together
    with others, when all parts come and go by chance. The cells of a picture fade to the baseline
    by a random share, words are there or not. Parts that act together count for each of them, so
    the values may sum to more than 1; they do not say which way a part moves the score.

    Formula: total index ST_i = E[Var(f | all but m_i)] / Var(f) over masks m, estimated after
    Jansen as Σ (f(a) - f(a with b_i))² / (2 n Var(f)) over n pairs (a, b) of masks.
    """

    name = "sobol"
    title = "Sobol' indices"
    unit = "share of the score's variance"
    family: ClassVar[Family] = "perturbation"
    needs: ClassVar[frozenset[Need]] = frozenset({"features", "sensitivities"})
    uses = ("cells", "precision")
    signed = False
    paper = "Fel et al. 2021, https://arxiv.org/abs/2111.04138; Jansen 1999 for the estimator"
    Params = SobolParams

    def attribute(self, given: ModelInput, params: SobolParams) -> Attributed:
        features, designs = given.features(), int(params.designs)
        count = features.count
        a, b = pair(designs, count, features.soft, params.seed)
        given.progress.plan(designs * (count + 2))
        scores = features.scores(torch.cat([a, b])).double()
        changes = torch.zeros(count, designs, dtype=torch.float64)

        def shown() -> Tensor:
            return features.shown(total_indices(scores, changes).float())

        at_once = max(1, ROWS // designs)
        for start in range(0, count, at_once):
            numbers = torch.arange(start, min(start + at_once, count))
            on = a.repeat(len(numbers), 1, 1)  # (parts, designs, count)
            on[torch.arange(len(numbers)), :, numbers] = b.T[numbers]
            before = scores[:designs].repeat(len(numbers))
            block = torch.zeros(len(before), dtype=torch.float64)
            for places, found in features.parts(on.flatten(0, 1)):
                block[places] = found - before[places]
                changes[numbers] = block.view(len(numbers), designs)
                given.preview(shown)
        return Attributed(shown())


def total_indices(scores: Tensor, changes: Tensor) -> Tensor:
    """Total-order Sobol' indices by Jansen's estimator, (features,), none below 0.

    scores   (n,) of independent combinations, from which the variance is taken; where they differ
             by rounding alone all indices are 0
    changes  (features, pairs) what each combination's score changes by when one feature is drawn
             anew
    """
    mean = float(scores.mean())
    variance = without_rounding(scores - mean, mean).square().mean()
    if variance == 0:
        return torch.zeros(len(changes), dtype=changes.dtype)
    return changes.square().mean(1) / (2 * variance)
