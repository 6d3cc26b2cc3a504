"""Does the explanation of a forecast notice an attack? One question before and after it."""

from dataclasses import dataclass

import numpy as np
import torch

from dlexplain.errors import BadInput
from dlexplain.evaluation.ranks import spearman
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.results import SeriesAttackResult, SeriesAttribution
from dlexplain.services.attack.series import attacked
from dlexplain.services.forecast.explain import ALL_STEPS, Question, answer
from dlexplain.services.forecast.forecasting import Series, find_target, origin_place, series_for
from dlexplain.services.forecast.models import LoadedForecaster

USUAL = "integrated-gradients"


@dataclass(frozen=True, eq=False)
class SeriesMapsOfAttack:
    """before, after  why the forecast, of the past and of the changed one: at the step attacked, or
                   the mean of all where that was
    correlation    Spearman's, of all values of both, -1 to 1; None where one map says nothing
    """

    before: SeriesAttribution
    after: SeriesAttribution
    correlation: float | None


@random_state_kept()
def series_maps_of(
    model: LoadedForecaster,
    series: Series,
    result: SeriesAttackResult,
    method: str = USUAL,
    progress: Progress | None = None,
) -> SeriesMapsOfAttack:
    """Explain the forecast before and after the attack by one method.

    series  those that were attacked
    Raises UnknownName, or BadInput where the attack is of another model; Cancelled.
    """
    if result.model_fingerprint != model.prepared.fingerprint:
        raise BadInput(f"the attack is on another model than {model.name}")
    given = series_for(model, series)
    row = origin_place(model, given, str(result.dates[-1]))
    place = find_target(model, result.target)
    question = Question(model, given, row, place, result.step or ALL_STEPS)
    moved = torch.from_numpy(result.moved)[None].float()
    before, after = (
        answer(one, method, {}, progress) for one in (question, attacked(question, moved))
    )
    found = spearman(before.values.ravel(), after.values.ravel())
    return SeriesMapsOfAttack(before, after, None if np.isnan(found) else found)
