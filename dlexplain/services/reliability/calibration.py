"""Calibration of a classifier on its data set, before and after temperature scaling."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from dlexplain.errors import BadInput
from dlexplain.evaluation.calibration import calibration_scores, check_logits, fit_temperature
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.results import ClassifierCalibration
from dlexplain.services.reliability.about import measured_by
from dlexplain.services.reliability.labelled import (
    Floats,
    Labels,
    Part,
    Parts,
    classifier,
    parts_of,
)
from dlexplain.services.reliability.shipped import keep

USUAL, LEAST = 5000, 20
"""Inputs of each part that are taken, and the fewest of which anything is said."""
LEAST_FITTED = 100
"""Of a validation part, below which half of the test part is fitted on in its place."""


@random_state_kept()
def calibration(
    model: Any,
    data: str = "",
    count: int = USUAL,
    seed: int = 0,
    progress: Progress | None = None,
) -> ClassifierCalibration:
    """How far a classifier's probabilities can be believed, and what a temperature changes.

    The temperature is fitted on the validation part of the model's own data, or, where that is not
    here or too small, on half of the test part; it is tested on the rest.

    model  from `dx.load`, or its name: a picture or text classifier
    data   where the model's own data set lies, a folder or ZIP of pictures in folders named after
           their classes, a CSV with the columns text and label; by default the model's own
    count  inputs of each part at most, drawn by the seed
    seed   of what is drawn, and of the bootstrap

    progress counts inputs. Raises UnknownName, Incompatible, DataError, BadInput for too few
    inputs, labels of one class, or a model that says NaN; or Cancelled.
    """
    found, progress = classifier(model), progress or Progress()
    parts = parts_of(found, data, count, seed)
    test, validation = parts.test, _validation(parts)
    if len(test) < 2 * LEAST:
        raise BadInput(f"{test.title}: {len(test)} {test.noun} are too few; {2 * LEAST} are needed")
    progress.plan(len(test) + (len(validation) if validation is not None else 0))
    logits, labels = test.logits(progress), test.labels
    check_logits(logits, labels)
    fit = _Fit.of(validation, progress) or _Fit.of_half(logits, labels)
    if fit is not None and fit.half:
        logits, labels = logits[fit.n :], labels[fit.n :]
        check_logits(logits, labels)
    fit = fit or _Fit("", 0, 1.0)
    result = ClassifierCalibration(
        model=found.name,
        model_fingerprint=found.prepared.fingerprint,
        modality=found.prepared.modality,
        data=test.title,
        noun=test.noun,
        n=len(labels),
        accuracy=float((logits.argmax(1) == labels).mean()),
        fitted_on=fit.title,
        fitted=fit.n,
        temperature=fit.temperature,
        before=calibration_scores(logits, labels, seed=seed),
        after=calibration_scores(logits, labels, fit.temperature, seed=seed),
        seed=seed,
        notes=parts.notes,
        **measured_by(found, "calibration", data, count, seed),
    )
    keep(result)
    return result


@dataclass(frozen=True)
class _Fit:
    """A temperature, and on how many of what it was fitted.

    half  whether they are the first of those that were to be tested on
    """

    title: str
    n: int
    temperature: float
    half: bool = False

    @classmethod
    def of(cls, part: Part | None, progress: Progress) -> "_Fit | None":
        """None where all of them are right, so that no temperature is the most likely."""
        if part is None:
            return None
        logits = part.logits(progress)
        if (logits.argmax(1) == part.labels).all():
            return None
        return cls(part.title, len(part), fit_temperature(logits, part.labels))

    @classmethod
    def of_half(cls, logits: Floats, labels: Labels) -> "_Fit | None":
        """The same of the first half, which is drawn by chance as all of them are."""
        half = len(labels) // 2
        logits, labels = logits[:half], labels[:half]
        if len(np.unique(labels)) < 2 or (logits.argmax(1) == labels).all():
            return None
        return cls("another half of them", half, fit_temperature(logits, labels), half=True)


def _validation(parts: Parts) -> Part | None:
    """Where it is large enough, and of two classes at least."""
    found = parts.validation
    enough = found is not None and len(found) >= LEAST_FITTED
    return found if enough and found is not None and len(np.unique(found.labels)) > 1 else None
