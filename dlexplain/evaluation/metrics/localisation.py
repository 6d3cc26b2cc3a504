"""Does a map point where the evidence is known to be?"""

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from dlexplain.errors import BadInput, Incompatible
from dlexplain.evaluation.base import Metric, P, register
from dlexplain.evaluation.case import Case
from dlexplain.explainers.base import NoParams
from dlexplain.params import number
from dlexplain.results.quality import Measurement

NOTHING_FOR = "No value of the map speaks for the target."


def pointing_game(strengths: Tensor, truth: Tensor) -> float:
    """Whether the largest value is where the evidence is: 1 or 0; of several largest values the
    share that is there.

    strengths, truth  of the same shape, numbers and bool
    """
    return float(truth[strengths == strengths.max()].double().mean())


def relevance_mass(strengths: Tensor, truth: Tensor) -> float:
    """Of the positive values the share that is where the evidence is, 0 to 1; 0 where none is
    positive."""
    positive = strengths.double().clamp_min(0)
    total = float(positive.sum())
    return float(positive[truth].sum()) / total if total > 0 else 0.0


def top_share(strengths: Tensor, truth: Tensor, count: int) -> float:
    """Of the `count` largest values the share that is where the evidence is, 0 to 1. Of equal
    values at the end of these each counts alike, so that an order of rows and columns is no
    matter."""
    values, inside = strengths.flatten(), truth.flatten()
    least = values.topk(count).values[-1]
    above, level = values > least, values == least
    left = count - int(above.sum())
    return (int(inside[above].sum()) + left * float(inside[level].double().mean())) / count


def relevance_rank(strengths: Tensor, truth: Tensor) -> float:
    """As many of the largest values as there are places with evidence: the share of them that is
    there, 0 to 1."""
    return top_share(strengths, truth, int(truth.sum()))


def area_under_roc(strengths: Tensor, truth: Tensor) -> float:
    """The probability that a place with evidence has a larger value than one without, half of it
    where they are equal: 0 to 1, 0.5 by chance. By the rank sum (Mann, Whitney 1947)."""
    from scipy.stats import rankdata

    ranks = torch.from_numpy(rankdata(strengths.flatten().double().numpy()))
    inside = truth.flatten()
    there, elsewhere = int(inside.sum()), int((~inside).sum())
    above = float(ranks[inside].sum()) - there * (there + 1) / 2
    return above / (there * elsewhere)


class _Localisation(Metric[P]):
    family = "localisation"
    higher_is_better = True
    limits = (0.0, 1.0)

    def check(self, case: Case) -> None:
        truth = case.truth
        if truth is None:
            raise Incompatible("where the evidence is, is not known of this input")
        if truth.shape != case.strengths.shape:
            raise BadInput(
                f"the mask of the evidence is of shape {tuple(truth.shape)}, the map of "
                f"{tuple(case.strengths.shape)}"
            )
        if bool(truth.all()) or not bool(truth.any()):
            what = "everywhere" if bool(truth.all()) else "nowhere"
            raise Incompatible(f"the mask says that the evidence is {what}: no map can miss it")

    def measure(self, case: Case, params: P) -> Measurement:
        assert case.truth is not None
        note = "" if float(case.strengths.max()) > 0 else NOTHING_FOR
        return Measurement(self.share(case.strengths, case.truth.cpu(), params), note=note)

    @abstractmethod
    def share(self, strengths: Tensor, truth: Tensor, params: P) -> float:
        """What it measures, of values and a mask of the same shape."""


@register
class PointingGame(_Localisation[NoParams]):
    """Is the largest value where the evidence is known to be?

    1 is a hit, 0 a miss; by chance the share of places that are evidence. It sees one place of the
    map alone.
    """

    name = "pointing-game"
    title = "Pointing game"
    paper = "Zhang et al. 2018, https://arxiv.org/abs/1608.00507"
    Params = NoParams

    def share(self, strengths: Tensor, truth: Tensor, params: NoParams) -> float:
        return pointing_game(strengths, truth)


@register
class RelevanceMass(_Localisation[NoParams]):
    """How much of what speaks for the target is where the evidence is known to be?

    The positive values there, as a share of all positive values; by chance the share of places
    that are evidence. Negative values do not count: they speak against the target.
    """

    name = "relevance-mass"
    title = "Relevance mass accuracy"
    paper = "Arras, Osman, Samek 2022, https://arxiv.org/abs/2003.07258"
    Params = NoParams

    def share(self, strengths: Tensor, truth: Tensor, params: NoParams) -> float:
        return relevance_mass(strengths, truth)


@register
class RelevanceRank(_Localisation[NoParams]):
    """Are the largest values where the evidence is known to be?

    As many of the largest values as there are places with evidence, and the share of them that is
    there; by chance the share of places that are evidence.
    """

    name = "relevance-rank"
    title = "Relevance rank accuracy"
    paper = "Arras, Osman, Samek 2022, https://arxiv.org/abs/2003.07258"
    Params = NoParams

    def share(self, strengths: Tensor, truth: Tensor, params: NoParams) -> float:
        return relevance_rank(strengths, truth)


@dataclass(frozen=True)
class TopParams:
    share: float = number(0.05, "Share", low=0.001, high=1.0, help="Of the places, the largest.")


@register
class TopIntersection(_Localisation[TopParams]):
    """Are the very largest values where the evidence is known to be?

    The share of the largest 5% of the values that is there; by chance the share of places that are
    evidence. Of evidence that has fewer places than that no map has 1.
    """

    name = "top-k-intersection"
    title = "Top-k intersection"
    paper = "Theiner, Müller-Budack, Ewerth 2021, https://arxiv.org/abs/2104.14995"
    Params = TopParams

    def share(self, strengths: Tensor, truth: Tensor, params: TopParams) -> float:
        return top_share(strengths, truth, max(1, round(params.share * strengths.numel())))


@register
class AreaUnderRoc(_Localisation[NoParams]):
    """Do places with evidence have larger values than others?

    The probability of it, over pairs of a place with evidence and one without: 1 is always, 0.5
    chance, 0 never.
    """

    name = "area-under-roc"
    title = "Area under ROC"
    paper = "Fawcett 2006, https://doi.org/10.1016/j.patrec.2005.10.010"
    Params = NoParams

    def share(self, strengths: Tensor, truth: Tensor, params: NoParams) -> float:
        return area_under_roc(strengths, truth)
