"""LIME, through Captum."""

from dataclasses import dataclass
from typing import ClassVar

from dlexplain.explainers.base import Attributed, Explainer, Family, register, seeded
from dlexplain.explainers.inputs.base import ModelInput, Need
from dlexplain.explainers.linear_fit import Seen, fit_evaluations, sparse_fit
from dlexplain.explainers.methods.ablation import ONE_REGION
from dlexplain.params import number

ONE_FEATURE = "There is one part to switch: its value is what the score loses without it."
NOTHING_LEFT = "A sparsity of {:g} left no {}: the scores hardly change; try a smaller one."


@dataclass(frozen=True)
class LimeParams:
    samples: int = number(500, "Samples", low=10, high=20000, help="Combinations tried.")
    alpha: float = number(
        0.01, "Sparsity", low=0.0, high=10.0, step=0.01, help="Weight of the L1 penalty."
    )
    width: float = number(
        0.25, "Kernel width", low=0.01, high=10.0, step=0.05, help="How local the fit is."
    )
    seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="Same seed, same draws.")


@register
class Lime(Explainer[LimeParams]):
    """Switches parts of the input, superpixels or words, on and off at random and fits a sparse
    linear model to the scores near the input; its weights are the values. They depend on the random
    draws: change the seed to see how much.

    Formula: argmin_w Σ_i π(z_i) (f(z_i) - w·z_i)² + α |w|₁, π(z) = exp(-d(x, z)² / width²)
    with the cosine distance d of the parts left to the whole input.
    """

    name = "lime"
    title = "LIME"
    family: ClassVar[Family] = "perturbation"
    needs: ClassVar[frozenset[Need]] = frozenset({"features"})
    uses = ("features", "precision")
    usual: ClassVar = {key: {"samples": 300} for key in ("text", "token")}
    unit = "logits (weight of the part)"
    paper = "Ribeiro, Singh, Guestrin 2016, https://arxiv.org/abs/1602.04938"
    Params = LimeParams

    def attribute(self, given: ModelInput, params: LimeParams) -> Attributed:
        features = given.features()
        given.progress.plan(fit_evaluations(features.count, params.samples))
        weights = sparse_fit(
            Seen(given, features).scores,
            features.count,
            params.samples,
            params.alpha,
            params.width,
            seeded(params.seed),
            features.at_once,
        )
        note = "" if weights.any() else NOTHING_LEFT.format(params.alpha, given.feature)
        if features.count == 1:
            note = ONE_REGION if given.modality.name == "picture" else ONE_FEATURE
        return Attributed(features.shown(weights), note=note)
