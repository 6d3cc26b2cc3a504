"""Shapley values by sampling orders."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from dlexplain.explainers.base import Attributed, Explainer, Family, register, seeded, summed_up
from dlexplain.explainers.inputs.base import Features, ModelInput, Need
from dlexplain.params import number


@dataclass(frozen=True)
class SamplingParams:
    orders: int = number(16, "Orders", low=2, high=1000, help="Random orders, rather even.")
    seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="Same seed, same draws.")


@register
class ShapleySampling(Explainer[SamplingParams]):
    """Shapley values: the parts of the input, superpixels, words or blocks of periods, are put in
    place of a baseline's, one after the other in a random order, and each is credited with how far
    it moved the score. Every second order is the one before it backwards, which halves the noise.
    The values sum to f(x) less the mean score of the baselines, whatever the number of orders.

    Formula: E over orders, b of f(b with x up to and with i) - f(b with x up to i)
    """

    name = "shap-sampling"
    title = "Shapley Value Sampling"
    family: ClassVar[Family] = "perturbation"
    needs: ClassVar[frozenset[Need]] = frozenset({"features"})
    uses = ("players", "precision")
    complete = True
    linear = True
    paper = "Štrumbelj, Kononenko 2010; Lundberg, Lee 2017, https://arxiv.org/abs/1705.07874"
    Params = SamplingParams

    def attribute(self, given: ModelInput, params: SamplingParams) -> Attributed:
        generator = seeded(params.seed)
        features = given.features()
        count = features.count
        ranks = ranks_of(params.orders, count, generator)  # (orders, players)
        baselines = _baselines(params.orders, features, generator)
        given.progress.plan(params.orders * (count + 1))
        known = torch.arange(count + 1).repeat(params.orders)  # how many are in place
        order = torch.arange(params.orders).repeat_interleave(count + 1)
        scores = torch.empty(len(known))
        for places, part in features.parts(ranks[order] < known[:, None], baselines[order]):
            scores[places] = part
        steps = scores.view(params.orders, count + 1)
        values = steps.diff(dim=1).gather(1, ranks).mean(0)  # (players,)
        return summed_up(features.shared(values), float(steps[0, -1]), float(steps[:, 0].mean()))


def _baselines(orders: int, features: Features, generator: torch.Generator) -> Tensor:
    """(orders,) which baseline each begins with; an order and the one backwards share it."""
    pairs = (torch.arange(orders) // 2) % features.baselines
    return torch.randperm(features.baselines, generator=generator)[pairs]


def ranks_of(orders: int, players: int, generator: torch.Generator) -> Tensor:
    """(orders, players) the place of each; every second order is the one before, backwards."""
    found: list[Tensor] = []
    while len(found) < orders:
        rank = torch.randperm(players, generator=generator)
        found += [rank, players - 1 - rank]
    return torch.stack(found[:orders])
