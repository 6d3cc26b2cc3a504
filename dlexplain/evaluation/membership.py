"""Membership inference: was this record in the training set? Attacks and how well they do.

An attack gives each record a score, the higher the likelier a member. How well it does is told by
the area under its ROC, by the rate of members that it finds while it wrongly names at most 1% of
the others (Carlini et al. 2022: an attack that finds few, but surely, is a leak all the same), and
by how often a guess at a fixed threshold is right.
"""

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BadInput
from dlexplain.evaluation.intervals import RESAMPLES
from dlexplain.evaluation.roc import check
from dlexplain.results.words import wilson

Floats = NDArray[np.float64]
LEAST = 10
"""Members, and others, from which on an attack's figures say something."""
AT_ONCE = 100
"""Draws with replacement that are looked at together."""
LEAST_STD = 1e-3
"""Of the shadow models' confidences, so that a record all agree on is not infinitely sure."""


def tpr_at_fpr(members: Floats, others: Floats, rate: float = 0.01) -> float:
    """The largest rate of members found while at most `rate` of the others are named."""
    check(members, others)
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
    check(members, others)
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
