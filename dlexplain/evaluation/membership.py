"""Membership inference: was this record in the training set? Attacks and how well they do.

An attack gives each record a score, the higher the likelier a member. How well it does is told by
the area under its ROC, by the rate of members that it finds while it wrongly names at most 1% of
the others (Carlini et al. 2022: an attack that finds few, but surely, is a leak all the same), and
by how often a guess at a fixed threshold is right.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BadInput
from dlexplain.evaluation.intervals import RESAMPLES
from dlexplain.results.words import Z95, wilson

Floats = NDArray[np.float64]
LEAST = 10
"""Members, and others, from which on an attack's figures say something."""
AT_ONCE = 100
"""Draws with replacement that are looked at together."""
LEAST_STD = 1e-3
"""Of the shadow models' confidences, so that a record all agree on is not infinitely sure."""


def roc(members: Floats, others: Floats) -> tuple[Floats, Floats]:
    """Rates of false and of true alarms at each threshold, both from 0 to 1; ties are one step."""
    _check(members, others)
    scores = np.concatenate([members, others])
    is_member = np.r_[np.ones(len(members)), np.zeros(len(others))]
    order = np.argsort(-scores, kind="stable")
    last = np.r_[np.flatnonzero(np.diff(scores[order])), len(scores) - 1]  # of each tie
    hits = np.cumsum(is_member[order])[last]
    false = 1 + last - hits
    return np.r_[0.0, false / len(others)], np.r_[0.0, hits / len(members)]


def auc(members: Floats, others: Floats) -> float:
    """P(a member's score is above another's) + P(equal) / 2, the area under the ROC (Mann and
    Whitney 1947)."""
    _check(members, others)
    ordered = np.sort(others)
    below = np.searchsorted(ordered, members, "left")
    upto = np.searchsorted(ordered, members, "right")
    return float((below + upto).sum() / (2 * len(members) * len(others)))


def auc_interval(area: float, members: int, others: int) -> tuple[float, float]:
    """Newcombe's 95% interval of an area under a ROC: the areas A with |area - A| <= z SE(A), where

        SE(A)^2 = A (1 - A) (1 + (N - 1) ((1 - A) / (2 - A) + A / (1 + A))) / (m n)

    and N = (m + n) / 2.

    It is to the area what Wilson's is to a proportion, so it holds at 0 and 1 too. Newcombe,
    Confidence intervals for an effect size measure based on the Mann-Whitney statistic, part 2,
    Statistics in Medicine 25 (2006), https://doi.org/10.1002/sim.2324.
    """
    if not 0 <= area <= 1 or min(members, others) < 1:
        raise BadInput(f"the area is {area} of {members} and {others}; 0 to 1, of 1 or more")
    half = (members + others) / 2 - 1

    def inside(a: float) -> bool:
        spread = a * (1 - a) * (1 + half * ((1 - a) / (2 - a) + a / (1 + a))) / (members * others)
        return bool(abs(area - a) <= Z95 * spread**0.5)

    return _edge(area, 0.0, inside), _edge(area, 1.0, inside)


def _edge(inner: float, outer: float, inside: Callable[[float], bool]) -> float:
    """Where, between a value inside and the end, it stops to be inside: by bisection."""
    if inner == outer or inside(outer):
        return outer
    for _ in range(60):
        middle = (inner + outer) / 2
        inner, outer = (middle, outer) if inside(middle) else (inner, middle)
    return inner


def tpr_at_fpr(members: Floats, others: Floats, rate: float = 0.01) -> float:
    """The largest rate of members found while at most `rate` of the others are named."""
    _check(members, others)
    return float(_found(members[None], others[None], rate)[0])


def _found(members: Floats, others: Floats, rate: float) -> Floats:
    """(draws, members), (draws, others) -> (draws,): the others' score above which so few lie that
    naming all that is higher keeps the rate, and how many members are."""
    allowed = int(rate * others.shape[1] + 1e-9)
    if allowed >= others.shape[1]:
        return np.ones(len(members))
    place = others.shape[1] - allowed - 1
    threshold = np.partition(others, place, axis=1)[:, place]
    return np.asarray((members > threshold[:, None]).mean(1))


def tpr_interval(
    members: Floats, others: Floats, rate: float = 0.01, seed: int = 0
) -> tuple[float, float]:
    """95% interval of `tpr_at_fpr`: the percentiles of RESAMPLES draws of both sets with
    replacement, which also move the threshold, widened to Wilson's interval at the threshold
    found, since a bootstrap of 0 or 1 has no width."""
    generator = np.random.default_rng(seed)
    drawn: list[Floats] = []
    for start in range(0, RESAMPLES, AT_ONCE):
        count = min(AT_ONCE, RESAMPLES - start)
        found = generator.choice(members, (count, len(members)))
        named = generator.choice(others, (count, len(others)))
        drawn.append(_found(found, named, rate))
    low, high = np.quantile(np.concatenate(drawn), [0.025, 0.975])
    least, most = wilson(tpr_at_fpr(members, others, rate), len(members))
    return min(float(low), least), max(float(high), most)


def guesses_right(members: Floats, others: Floats, threshold: float) -> float:
    """The rate of right guesses where a record counts as a member from this score on, with as many
    members as others: (rate of members found + rate of others let go) / 2. Chance is 1/2."""
    _check(members, others)
    return float(((members >= threshold).mean() + (others < threshold).mean()) / 2)


def confidence(logits: Floats, labels: NDArray[np.int64]) -> Floats:
    """log(p / (1 - p)) of each record's own class, (records, classes) -> (records,): close to
    normal over training runs (Carlini et al. 2022, section VI)."""
    rows = np.arange(len(labels))
    own = logits[rows, labels]
    others = logits.astype(np.float64).copy()
    others[rows, labels] = -np.inf
    top = others.max(1)
    return np.asarray(own - top - np.log(np.exp(others - top[:, None]).sum(1)))


def losses(logits: Floats, labels: NDArray[np.int64]) -> Floats:
    """Cross-entropy of each record in nats, (records, classes) -> (records,)."""
    top = logits.max(1)
    whole = top + np.log(np.exp(logits - top[:, None]).sum(1))
    return np.asarray(whole - logits[np.arange(len(labels)), labels])


def lira(target: Floats, shadows: Floats, inside: NDArray[np.bool_]) -> Floats:
    """The likelihood ratio attack, online: log N(t; in) - log N(t; out) of each record.

    target   (records,) confidences of the model that is attacked
    shadows  (models, records) those of the shadow models;  inside  which were trained on which
    The means are each record's own, over shadow models that had it and that had not; the two
    variances are shared by all records, which with few shadow models is better (section V-C).
    Carlini et al., "Membership Inference Attacks From First Principles", 2022,
    https://arxiv.org/abs/2112.03570. Raises BadInput where a record is in all or in none.
    """
    had = inside.sum(0)
    if shadows.shape != inside.shape or shadows.shape[1:] != target.shape:
        raise BadInput(f"shapes {shadows.shape}, {inside.shape} and {target.shape} do not fit")
    if had.min() < 1 or had.max() == len(inside):
        raise BadInput(
            f"a record is in {had.min()} of {len(inside)} shadow models and another in "
            f"{had.max()}; each must be in some and not in others"
        )
    scores = []
    for of in (inside, ~inside):
        mean = np.where(of, shadows, 0).sum(0) / of.sum(0)
        free = max(1, int(of.sum()) - shadows.shape[1])  # one a record is spent on its mean
        spread = max(LEAST_STD, float(np.sqrt((np.where(of, shadows - mean, 0) ** 2).sum() / free)))
        scores.append(-(((target - mean) / spread) ** 2) / 2 - np.log(spread))
    return np.asarray(scores[0] - scores[1])


def halves(records: int, models: int, seed: int) -> NDArray[np.bool_]:
    """(models, records) which shadow model is trained on which records: each record is in half of
    an even number of models, drawn at random; raises BadInput of an odd number."""
    if models < 2 or models % 2:
        raise BadInput(f"shadow models are {models}; an even number from 2 on is accepted")
    drawn = np.random.default_rng(seed).random((models, records))
    return np.asarray(drawn.argsort(0).argsort(0) < models // 2)


def _check(members: Floats, others: Floats) -> None:
    if min(len(members), len(others)) < 1:
        raise BadInput(f"{len(members)} members and {len(others)} others; 1 or more are needed")
    if not (np.isfinite(members).all() and np.isfinite(others).all()):
        raise BadInput("some of the scores are no numbers; the model says NaN or infinity")
