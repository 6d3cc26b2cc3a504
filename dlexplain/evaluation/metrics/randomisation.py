"""Whether a map depends on what the model has learnt: random weights, random labels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor

from dlexplain.errors import BadInput, Incompatible, ParamError
from dlexplain.evaluation.base import Metric, register
from dlexplain.evaluation.case import Case, strengths_of
from dlexplain.evaluation.intervals import mean_of
from dlexplain.evaluation.random_networks import (
    DRAWS,
    ORDERS,
    Draw,
    Order,
    layers_of,
    random_networks,
)
from dlexplain.evaluation.similarity import Kind, sizes_alike
from dlexplain.explainers.inputs.base import ModelInput
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.one_pass import OnePass, explain_together, scores_of_rows
from dlexplain.params import choice, number
from dlexplain.results.quality import LayerCurve, Measurement

UNCHANGED = 0.9
"""Similarity from which on a map counts as one that does not change."""
STAYS = (
    "The map hardly changes, whichever weights are random: it shows the input, not what the model "
    "has learnt."
)
ALIKE = (
    "The map is hardly another one than that of a model which learnt nothing but random labels: it "
    "shows the input, not what the model has learnt."
)
NO_MAP = "The map of that model says nothing, and counts as 0."
OTHER_DRAW = 1000
"""Between the seeds of two draws: each layer of one has its own."""
SOME_STAY = "{} of the {} steps leave the map almost as it is, first random weights in {}."
SAYS_NOTHING = "{} of the {} maps of networks with random weights say nothing, and count as 0."


def similarity_choice() -> str:
    """The field that metrics of this file declare."""
    chosen: str = choice(
        "spearman",
        "Similarity",
        ("spearman", "ssim"),
        help="Of the maps' absolute values: rank correlation, or, of pictures, structural "
        "similarity.",
    )
    return chosen


@dataclass(frozen=True)
class RandomisationParams:
    order: str = choice(
        "cascading",
        "Order",
        ORDERS,
        help="Layers get random weights from the last one down, and keep them (cascading), or each "
        "step by itself (independent).",
    )
    similarity: str = similarity_choice()
    steps: int = number(
        8, "Steps", low=1, high=1000, help="Of so many groups of layers, at most one a layer."
    )
    draw: str = choice(
        "deviation",
        "Weights",
        DRAWS,
        help="Normal with each layer's own mean and deviation, or as the layer is first made.",
    )
    draws: int = number(
        1, "Draws", low=1, high=50, help="Of all random weights; 3 for an interval."
    )


def maps_of_random_networks(
    cases: Sequence[Case], params: RandomisationParams, seed: int
) -> Iterator[tuple[str, Tensor]]:
    """Yield what got random weights, and (cases, ...) what the method then shows of each.

    cases  of one model, one method and one request; pictures of a method that takes one pass are
           explained together
    """
    given = cases[0].given
    order, draw = cast(Order, params.order), cast(Draw, params.draw)
    network = given.copied_network()
    for step, one in enumerate(random_networks(network, order, draw, params.steps, seed)):
        name = f"random-{seed}-{step}"
        yield one.layers, _maps(cases, [c.given.of_network(one.network, name) for c in cases])


def _maps(cases: Sequence[Case], inputs: Sequence[ModelInput]) -> Tensor:
    method, request = cases[0].asked()
    pictures = [one for one in inputs if isinstance(one, PictureInput)]
    if not isinstance(method, OnePass) or len(pictures) < len(inputs) or len(inputs) == 1:
        return torch.stack([case.again(one) for case, one in zip(cases, inputs, strict=True)])
    points = torch.cat([picture.inputs for picture in pictures])
    targets = [picture.target for picture in pictures]
    pictures[0].progress.plan(len(points))
    _, told = explain_together(method, pictures[0], points, request, scores_of_rows(targets))
    signed = cases[0].signed
    return torch.stack([strengths_of(torch.from_numpy(one.values), signed) for one in told])


def measure_together(cases: Sequence[Case], params: RandomisationParams) -> list[Measurement]:
    """What `ParameterRandomisation` measures of each of several cases of one model, one method and
    one request, with the same random networks for all: those of the first one's seed.

    Raises Incompatible, ParamError or Cancelled.
    """
    found: list[list[tuple[Tensor, int]]] = [[] for _ in cases]
    layers: tuple[str, ...] = ()
    for draw in range(params.draws):
        seed = cases[0].seed + OTHER_DRAW * draw
        steps = list(maps_of_random_networks(cases, params, seed))
        layers = tuple(name for name, _ in steps)
        for place, case in enumerate(cases):
            maps = torch.stack([maps[place] for _, maps in steps])
            kind = cast(Kind, params.similarity)
            found[place].append(sizes_alike(case.strengths, maps, kind))
    return [_measured(one, layers, case.seed) for one, case in zip(found, cases, strict=True)]


def _measured(
    found: Sequence[tuple[Tensor, int]], layers: tuple[str, ...], seed: int
) -> Measurement:
    """The mean over layers; with enough draws, its interval over these."""
    curve = LayerCurve("similarity", layers, torch.stack([alike for alike, _ in found]).numpy())
    empty = sum(count for _, count in found)
    notes = [
        _unchanged(curve),
        SAYS_NOTHING.format(empty, curve.similarities.size) if empty else "",
    ]
    note = " ".join(filter(None, notes))
    return replace(mean_of(curve.similarities.mean(1), seed), curves=(curve,), note=note)


def _unchanged(curve: LayerCurve) -> str:
    """A sentence on the steps that leave the map as it is, or ""."""
    stays = curve.similarities.mean(0) >= UNCHANGED
    if not stays.any():
        return ""
    first = curve.layers[int(stays.argmax())]
    return STAYS if stays.all() else SOME_STAY.format(int(stays.sum()), len(stays), first)


@register
class ParameterRandomisation(Metric[RandomisationParams]):
    """Does the map depend on what the model has learnt? Its layers get random weights, step by
    step, and the map is compared with that of the model as it is.

    The mean similarity over the steps: about 0 is a map that is another one without the weights, 1
    one that stays the same, as an edge detector's does. A low figure says that the map depends on
    the weights, not that it is right. Random weights scale what goes through; a map that is all 0
    then, or not a number, counts as similarity 0.
    """

    name = "parameter-randomisation"
    title = "Random weights"
    family = "sanity"
    higher_is_better = False
    limits = (-1.0, 1.0)
    paper = "Adebayo et al. 2018, https://arxiv.org/abs/1810.03292"
    Params = RandomisationParams

    def check(self, case: Case) -> None:
        case.asked()
        layers_of(case.given.network, "deviation")

    def measure(self, case: Case, params: RandomisationParams) -> Measurement:
        check_similarity(case, params.similarity)
        return measure_together([case], params)[0]


@dataclass(frozen=True)
class LabelParams:
    similarity: str = similarity_choice()


@register
class LabelRandomisation(Metric[LabelParams]):
    """Does the map depend on what the labels teach? It is compared with that of a model of the same
    form that learnt the same inputs with labels drawn at random.

    About 0 is a map that has nothing to do with that of the other model, 1 one that is the same.
    Two models that learnt the right labels from other first weights differ too: compare with such
    a pair.
    """

    name = "label-randomisation"
    title = "Random labels"
    family = "sanity"
    higher_is_better = False
    limits = (-1.0, 1.0)
    paper = "Adebayo et al. 2018, https://arxiv.org/abs/1810.03292"
    Params = LabelParams

    def check(self, case: Case) -> None:
        case.asked()
        if case.rival is None:
            raise Incompatible("no model that learnt random labels is named to compare with")

    def measure(self, case: Case, params: LabelParams) -> Measurement:
        check_similarity(case, params.similarity)
        assert case.rival is not None
        theirs = case.again(case.rival)
        if theirs.shape != case.strengths.shape:
            raise BadInput(
                f"the map of the model that learnt random labels is of {_size(theirs)} places, "
                f"this one of {_size(case.strengths)}"
            )
        alike, empty = sizes_alike(case.strengths, theirs[None], cast(Kind, params.similarity))
        notes = [ALIKE if float(alike) >= UNCHANGED else "", NO_MAP if empty else ""]
        return Measurement(float(alike), note=" ".join(filter(None, notes)))


def check_similarity(case: Case, similarity: str) -> None:
    """Raises ParamError where it is not for this kind of input."""
    if similarity == "ssim" and not isinstance(case.given, PictureInput):
        raise ParamError(
            f'similarity is "ssim", which compares neighbourhoods of pixels; of a '
            f"{case.given.modality.name} spearman is accepted"
        )


def _size(values: Tensor) -> str:
    return " x ".join(map(str, values.shape))
