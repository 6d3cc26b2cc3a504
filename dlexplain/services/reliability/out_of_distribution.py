"""A picture classifier's scores of its own test pictures beside those of pictures from outside."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.outside import OUTSIDE
from dlexplain.data.pictures import read_picture
from dlexplain.errors import BadInput, Incompatible
from dlexplain.evaluation.out_of_distribution import (
    RelativeMahalanobis,
    maximum_softmax,
    negative_energy,
)
from dlexplain.evaluation.roc import auroc, false_positive_rate, resampled_interval
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.params import check_whole
from dlexplain.results import (
    Familiar,
    OutOfDistribution,
    OutsideCell,
    ScoreHistogram,
)
from dlexplain.results.reliability import RARE, UNUSUAL
from dlexplain.results.words import wilson
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.reliability.about import measured_by
from dlexplain.services.reliability.labelled import PicturePart, classifier, parts_of
from dlexplain.services.reliability.shipped import keep

Floats = NDArray[np.float64]
USUAL, LEAST, MOST = 500, 20, 5000
FAMILIAR, LEAST_FAMILIAR = 2000, 100
"""Test pictures that thresholds for a single picture are taken from, at most and at least."""
TRAINED = 2000
"""Training pictures that Mahalanobis is fitted on."""
BINS = 40
FROM_LOGITS = ("energy", "maximum-softmax")
"""Scores that a page has of a picture as soon as it is classified."""


@random_state_kept()
def out_of_distribution(
    model: Any,
    data: str = "",
    count: int = USUAL,
    seed: int = 0,
    progress: Progress | None = None,
) -> OutOfDistribution:
    """How well a picture classifier's scores tell its own test pictures from others: digits,
    shapes, textures and noise, as many of each.

    model  from `dx.load`, or its name
    data   where the model's own data set lies, or a folder or ZIP of pictures in folders named
           after their classes; by default the model's own
    count  pictures of each set
    seed   of what is drawn, and of the bootstrap

    progress counts pictures. Mahalanobis is left out where the training part or the model's last
    linear layer is not known, which a note says. Raises UnknownName, Incompatible, DataError,
    BadInput for too few pictures or a model that says NaN; or Cancelled.
    """
    found, progress = classifier(model), progress or Progress()
    if not isinstance(found, LoadedModel):
        raise Incompatible(f"{found.name} reads texts; a picture classifier is needed")
    check_whole("count", count, LEAST, MOST)
    parts = parts_of(found, data, max(count, FAMILIAR), seed, TRAINED)
    own = parts.test
    assert isinstance(own, PicturePart)
    if len(own) < LEAST_FAMILIAR:
        raise BadInput(f"{own.title}: {len(own)} pictures are too few; {LEAST_FAMILIAR} are needed")
    count, notes = min(count, len(own)), list(parts.notes)
    outside = {
        name: _part(found, name, count, seed)
        for name, (_, _, of) in OUTSIDE.items()
        if parts.data not in of
    }
    trained = parts.train if isinstance(parts.train, PicturePart) else None
    progress.plan(len(own) + count * len(outside) + (len(trained) if trained else 0))
    scorer = _Scorer.of(trained, progress, notes)
    inside = scorer.scores(own, progress)
    others = {name: scorer.scores(part, progress) for name, part in outside.items()}
    cells = tuple(
        _cell(score, name, inside[score][:count], others[name][score], seed)
        for score in inside
        for name in others
    )
    result = OutOfDistribution(
        model=found.name,
        model_fingerprint=found.prepared.fingerprint,
        data=own.title,
        sets={name: OUTSIDE[name][0] for name in outside},
        cells=cells,
        histograms=tuple(
            one for score in inside for one in _histograms(score, inside[score][:count], others)
        ),
        familiar=_familiar(cells, inside),
        trained=len(trained) if trained is not None and scorer.distance is not None else 0,
        seed=seed,
        notes=tuple(notes),
        own=bool(parts.data),
        **measured_by(found, "out-of-distribution", data, count, seed),
    )
    keep(result)
    return result


class _Scorer:
    """Every score that the model allows. distance  of both kinds, None where features are not
    known"""

    def __init__(self, distance: RelativeMahalanobis | None) -> None:
        self.distance = distance

    @classmethod
    def of(cls, trained: PicturePart | None, progress: Progress, notes: list[str]) -> "_Scorer":
        if trained is None:
            notes.append(
                "Mahalanobis is left out: what the model was trained on is not known here."
            )
            return cls(None)
        try:
            features, _ = trained.features(progress)
            return cls(RelativeMahalanobis.fit(features, trained.labels))
        except (Incompatible, BadInput) as error:
            notes.append(f"Mahalanobis is left out: {error}.")
            return cls(None)

    def scores(self, part: PicturePart, progress: Progress) -> dict[str, Floats]:
        """By name, (n,) each."""
        if self.distance is None:
            logits = part.logits(progress)
        else:
            features, logits = part.features(progress)
        found = {"maximum-softmax": maximum_softmax(logits), "energy": negative_energy(logits)}
        if self.distance is not None:
            found["mahalanobis"] = self.distance.by_class.score(features)
            found["relative-mahalanobis"] = self.distance.score(features)
        return found


def _part(model: LoadedModel, name: str, count: int, seed: int) -> PicturePart:
    title, make, _ = OUTSIDE[name]
    pixels = make(count, model.spec.preprocessing.crop, seed)
    views = [model.view(read_picture(one, title)) for one in pixels]
    return PicturePart(title, np.zeros(len(views), np.int64), model, views)


def _cell(score: str, name: str, inside: Floats, outside: Floats, seed: int) -> OutsideCell:
    fpr = false_positive_rate(inside, outside)
    return OutsideCell(
        score,
        name,
        len(outside),
        auroc(inside, outside),
        *resampled_interval(inside, outside, seed),
        fpr,
        *wilson(fpr, len(outside)),
    )


def _histograms(
    score: str, inside: Floats, others: Mapping[str, Mapping[str, Floats]]
) -> list[ScoreHistogram]:
    """In the same bins, from the 0.5% to the 99.5% quantile of all; beyond is at the ends."""
    every = {"": inside, **{name: found[score] for name, found in others.items()}}
    low, high = np.quantile(np.concatenate(list(every.values())), [0.005, 0.995])
    edges = np.linspace(low, max(high, low + 1e-9), BINS + 1)
    return [
        ScoreHistogram(
            score,
            name,
            tuple(map(float, edges)),
            tuple(map(int, np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0])),
        )
        for name, values in every.items()
    ]


def _familiar(cells: tuple[OutsideCell, ...], inside: Mapping[str, Floats]) -> Familiar:
    """Of the better one of FROM_LOGITS, in the mean over the sets."""
    means = {s: float(np.mean([c.auroc for c in cells if c.score == s])) for s in FROM_LOGITS}
    best = max(FROM_LOGITS, key=means.__getitem__)
    rare, unusual = np.quantile(inside[best], [RARE, UNUSUAL])
    return Familiar(best, len(inside[best]), float(rare), float(unusual))
