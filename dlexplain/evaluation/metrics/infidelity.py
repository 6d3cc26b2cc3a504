"""Infidelity: how far what a map says of a change is from what the change does to the score."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dlexplain.errors import Incompatible
from dlexplain.evaluation.base import Metric, register
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.fills import fill_param, read_fill
from dlexplain.evaluation.intervals import bootstrap_mean
from dlexplain.evaluation.random_maps import random_maps
from dlexplain.evaluation.subsets import drops_without, moved, neighbours, sums_over
from dlexplain.explainers.base import seeded
from dlexplain.params import choice, flag, number
from dlexplain.results.quality import Measurement

REMOVED, NOISE = "removed", "noise"


@dataclass(frozen=True)
class InfidelityParams:
    samples: int = number(64, "Changes", low=8, high=2000, help="How many are tried.")
    change: str = choice(
        REMOVED,
        "Change",
        (REMOVED, NOISE),
        help="Parts that lie together are taken away (removed), for maps that are sums of "
        "contributions; or normal noise is added to the input (noise), for gradients.",
    )
    normalised: bool = flag(
        True, "Normalised", help="A factor on the whole map does not matter: the best one is used."
    )
    deviation: float = number(
        0.1, "Deviation", low=1e-3, high=10.0, help="Of the noise, of the input's own deviation."
    )
    maps: int = number(
        16,
        "Random maps",
        low=3,
        high=200,
        help="Compared with the map; they cost no evaluation.",
    )
    fill: str = fill_param()


def squared_errors(sums: Tensor, drops: Tensor, normalised: bool = False) -> Tensor:
    """(..., n), (n,) -> (..., n) of each change I, (β I·Φ - (f(x) - f(x - I)))², whose mean is the
    infidelity.

    sums   I·Φ, what a map Φ says of each change;  drops  f(x) - f(x - I)
    normalised  β is the mean of I·Φ (f(x) - f(x - I)) over that of (I·Φ)², with which the mean of
                the errors is least; else it is 1
    """
    if not normalised:
        return (sums - drops) ** 2
    squares = (sums**2).sum(-1, keepdim=True)
    least = torch.finfo(sums.dtype).tiny
    factor = (sums * drops).sum(-1, keepdim=True) / squares.clamp_min(least)
    return (factor * sums - drops) ** 2


@register
class Infidelity(Metric[InfidelityParams]):
    """How far what the map says of a change is from what the change does to the score, squared.

    Squares of a picture, stretches of a series or some words of a text are taken away, and the sum
    of the map's values there is compared with the fall of the score; the mean of the squared
    differences is shown, and that of random maps of the same smoothness beside it. 0 is exact,
    less is better. Normalised, the map is first multiplied by the number that suits best, so maps
    in units of their own can be compared; the score differs from input to input, and so does the
    size of what is measured.
    """

    name = "infidelity"
    title = "Infidelity"
    family = "faithfulness"
    higher_is_better = False
    limits = (0.0, float("inf"))
    unit = "score²"
    paper = "Yeh et al. 2019, https://arxiv.org/abs/1901.09392"
    Params = InfidelityParams

    def check(self, case: Case) -> None:
        case.parts()

    def measure(self, case: Case, params: InfidelityParams) -> Measurement:
        if params.change == NOISE:
            sums, drops = _of_noise(case, params)
        else:
            sums, drops = _of_removal(case, params)
        errors = squared_errors(sums, drops, params.normalised)
        value, low, high = bootstrap_mean(errors[0].numpy(), case.seed)
        random = tuple(errors[1:].mean(1).tolist())
        return Measurement(value, low, high, params.samples, random=random)


def _of_removal(case: Case, params: InfidelityParams) -> tuple[Tensor, Tensor]:
    """(1 + maps, samples) what the map and random ones say; (samples,) what happens."""
    fill = read_fill(case.given, params.fill)
    labels, modality = case.parts(fill).labels.cpu(), case.given.modality.name
    taken = neighbours(params.samples, labels, modality, seeded(case.seed + 3))
    drops = drops_without(case, taken, fill)
    weights = torch.cat([case.weights()[None], case.random_weights(params.maps)])
    return sums_over(weights, taken), drops


def _of_noise(case: Case, params: InfidelityParams) -> tuple[Tensor, Tensor]:
    evaluator, x = case.given.differentiable()
    values = _as_input(case.values, x)
    generator = seeded(case.seed + 3)
    deviation = params.deviation * float(x.std(correction=0))
    changes = deviation * torch.randn((params.samples, *x.shape[1:]), generator=generator)
    changes = torch.cat([torch.zeros_like(changes[:1]), changes])
    case.given.progress.plan(len(changes))
    scores = torch.cat(
        [
            part.double().cpu()
            for _, part in evaluator.scores(lambda a, b: x - changes[a:b].to(x), len(changes))
        ]
    )
    drops = moved(scores)
    # Channels stay together, so that a random map is as smooth in each.
    drawn = random_maps(case.strengths, params.maps, generator, "plane" if x.dim() == 4 else "time")
    random = drawn[:, None] if x.dim() == 4 else drawn
    # A map of one channel speaks of each channel of the input.
    maps = torch.cat([values[None], random.expand(-1, *x.shape[1:])])
    return sums_over(maps.flatten(1), changes[1:].flatten(1)), drops


def _as_input(values: Tensor, x: Tensor) -> Tensor:
    """The map in the shape of x[0]; raises Incompatible where it has none such."""
    shape = tuple(x.shape[1:])
    same = values.dim() == len(shape) and values.shape[1:] == shape[1:]
    if not same or values.shape[0] not in (1, shape[0]):
        raise Incompatible(
            f"the map has the shape {tuple(values.shape)} and the input {shape}; noise is compared "
            f"value by value, {REMOVED} is accepted"
        )
    return values.expand(shape)
