"""HSIC: how far the score depends on whether each part is there."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from dlexplain.explainers.base import Attributed, Explainer, Family, register, without_rounding
from dlexplain.explainers.designs import switches
from dlexplain.explainers.inputs.base import ModelInput, Need
from dlexplain.params import number

SAME = 1e-4
"""Of the largest distance of scores: those no farther apart are one, so that rounding does not make
the kernel narrow where the score takes few values."""


@dataclass(frozen=True)
class HsicParams:
    samples: int = number(512, "Samples", low=4, high=2048, help="Combinations tried.")
    seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="Same seed, same draws.")


@register
class Hsic(Explainer[HsicParams]):
    """How far the score depends on whether a part of the input, a cell of the picture or a word, is
    there, when every part is there in half of the combinations tried. It sees any dependence of the
    score on one part, not only a higher mean, and one set of combinations serves all parts. What
    two parts do only together it overlooks. Parts without influence have small values too, up to
    about 1 / n of n samples; the values do not say which way a part moves the score.

    Formula: HSIC_i = tr(K_i H L H) / (n - 1)², K_i = 1[m_i = m_i'] - 1/2 of masks m, of mean 0 over
    m_i; L = exp(-(f(m) - f(m'))² / (2σ²)), σ the median distance of scores that differ, and
    H = I - 1/n.
    """

    name = "hsic"
    title = "HSIC"
    unit = "dependence (HSIC)"
    family: ClassVar[Family] = "perturbation"
    needs: ClassVar[frozenset[Need]] = frozenset({"features", "sensitivities"})
    uses = ("cells", "precision")
    signed = False
    paper = "Novello, Fel, Vigouroux 2022, https://arxiv.org/abs/2206.06219"
    Params = HsicParams

    def attribute(self, given: ModelInput, params: HsicParams) -> Attributed:
        features = given.features()
        on = switches(params.samples, features.count, np.random.default_rng(params.seed))
        given.progress.plan(params.samples)
        scores = torch.zeros(params.samples, dtype=torch.float64)
        done = torch.zeros(params.samples, dtype=torch.bool)

        def shown() -> Tensor:
            return features.shown(dependences(on[done], scores[done]).float())

        for places, found in features.parts(on):
            scores[places], done[places] = found.double(), True
            given.preview(shown)
        return Attributed(shown())


def dependences(on: Tensor, scores: Tensor) -> Tensor:
    """HSIC of each feature and the score, (features,) float64, none below 0.

    on      (n, features) 1 where one is there, else 0
    scores  (n,) float64; where they differ by rounding alone all are 0
    """
    count = len(scores)
    mean = float(scores.mean())
    centred = without_rounding(scores - mean, mean)
    distances = (centred[:, None] - centred).abs()  # (n, n)
    apart = distances[distances > SAME * distances.max()]
    if not len(apart):
        return torch.zeros(on.shape[1], dtype=torch.float64)
    kernel = torch.exp(-(distances**2) / (2 * apart.quantile(0.5) ** 2))
    kernel = kernel - kernel.mean(0) - kernel.mean(1)[:, None] + kernel.mean()  # H L H
    signs = 2 * on.double() - 1  # K_i = signs_i signs_i' / 2, so that tr(K_i H L H) is a product
    products = torch.einsum("ni,ni->i", signs, kernel @ signs) / 2
    return products.clamp_min(0) / (count - 1) ** 2
