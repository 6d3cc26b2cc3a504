"""The quality of one explanation, by any of the metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import dlexplain.evaluation.metrics  # noqa: F401, registers them
from dlexplain.errors import BadInput, Incompatible
from dlexplain.evaluation.base import METRICS, metric_for, metrics_for
from dlexplain.evaluation.case import Case
from dlexplain.explainers.base import NOTHING
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.inputs.base import ModelInput
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value
from dlexplain.results import Attribution, Quality, SeriesAttribution, TextAttribution
from dlexplain.services.forecast.explain import Question
from dlexplain.services.forecast.explain import input_of as series_input
from dlexplain.services.forecast.forecasting import find_target, origin_place, series_for
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.pictures.explain import as_picture
from dlexplain.services.pictures.explain import input_of as picture_input
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.quality.cases import picture_case, series_case, text_case
from dlexplain.services.texts.explain import input_of as text_input
from dlexplain.services.texts.models import TextModel
from dlexplain.services.texts.token_models import TokenModel

FEW = 5
"""Classes that are named."""
Explained = Attribution | TextAttribution | SeriesAttribution


@random_state_kept()
def quality(
    model: Any,
    x: Any,
    explanation: Explained,
    metrics: str | Sequence[str] = (),
    *,
    truth: NDArray[np.bool_] | None = None,
    rival: Any = None,
    seed: int = 0,
    progress: Progress | None = None,
    params: Mapping[str, Mapping[str, Value]] | None = None,
) -> tuple[Quality, ...]:
    """How far an explanation can be believed.

    model        that was explained, from `dx.load`;  x  its input, as `dx.explain` took it
    explanation  what `dx.explain` gave
    metrics      names of `dlexplain.evaluation`'s metrics, or one; by default all that suit
    truth        where evidence is known to be: of a picture (height, width) of what the model sees,
                 of a text (tokens,), of a forecast (window, series)
    rival        a model of the same kind and classes that learnt random labels, for
                 label-randomisation
    params       of metrics, by their names: {"deletion": {"points": 32}}

    Raises UnknownName, ParamError, BadInput for values that say nothing, Incompatible where a
    metric that is named does not suit, or Cancelled.
    """
    metrics = one_or_more(metrics)
    case = case_of(model, x, explanation, truth, seed, progress)
    if rival is not None:
        case = replace(case, rival=rival_input(case, model, rival, x, explanation))
    known = metrics_for(case.given.modality.name)
    given = {METRICS[name].name: values for name, values in (params or {}).items()}
    chosen = [metric_for(name, case.given.modality.name) for name in metrics]
    found = []
    for metric in chosen or known.values():
        asked = metric.params(given.get(metric.name, NOTHING))
        try:
            found.append(metric.judge(case, asked))
        except Incompatible:
            if metrics:
                raise
    return tuple(found)


def one_or_more(names: str | Sequence[str]) -> tuple[str, ...]:
    """A name by itself is not a sequence of letters."""
    return (names,) if isinstance(names, str) else tuple(names)


def case_of(
    model: Any,
    x: Any,
    explanation: Explained,
    truth: NDArray[np.bool_] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Case:
    """Raises BadInput where model, input and explanation do not belong together."""
    mask = None if truth is None else torch.from_numpy(np.asarray(truth, dtype=bool))
    if isinstance(explanation, Attribution) and isinstance(model, LoadedModel):
        _check_same(model.prepared.fingerprint, explanation.model_fingerprint)
        picture = as_picture(x, explanation.fit)
        if picture.digest != explanation.picture_digest:
            raise BadInput("the explanation is of another picture than the one that was given")
        return picture_case(model, picture, explanation, progress, mask, seed)
    if isinstance(explanation, TextAttribution) and isinstance(model, TextModel | TokenModel):
        reader = model.at(explanation.place) if isinstance(model, TokenModel) else model
        _check_same(reader.prepared.fingerprint, explanation.model_fingerprint)
        if str(x) != explanation.text:
            raise BadInput("the explanation is of another text than the one that was given")
        return text_case(reader, reader.read(str(x)), explanation, progress, mask, seed)
    if isinstance(explanation, SeriesAttribution) and isinstance(model, LoadedForecaster):
        _check_same(model.prepared.fingerprint, explanation.model_fingerprint)
        question = question_of(model, x, explanation)
        return series_case(question, explanation, progress, mask, seed)
    raise BadInput(
        f"a {type(explanation).__name__} is no explanation of a {type(model).__name__} that can "
        "be judged; what dx.explain gives of a picture, a text or a forecast, with its model, is"
    )


def rival_input(case: Case, model: Any, rival: Any, x: Any, explanation: Explained) -> ModelInput:
    """The same input of another model; raises BadInput where it is of another kind or has other
    classes."""
    given = case.given
    if isinstance(explanation, Attribution) and isinstance(rival, LoadedModel):
        picture = as_picture(x, explanation.fit)
        found: ModelInput = picture_input(rival, picture, given.target, given.progress)
    elif isinstance(explanation, TextAttribution) and isinstance(rival, TextModel):
        found = text_input(rival, rival.read(str(x)), given.target, given.progress)
    elif isinstance(explanation, SeriesAttribution) and isinstance(rival, LoadedForecaster):
        return series_input(question_of(rival, x, explanation), given.progress)
    else:
        raise BadInput(
            f"a {type(rival).__name__} cannot be asked what was asked of the explained model; a "
            "model of its kind is accepted"
        )
    ours, theirs = ([one.label for one in known.classes] for known in (model, rival))
    if ours != theirs:
        raise BadInput(
            f"the model to compare with has other classes: {', '.join(theirs[:FEW])}; those of the "
            f"explained one are {', '.join(ours[:FEW])}"
        )
    return found


def question_of(model: LoadedForecaster, series: Any, found: SeriesAttribution) -> Question:
    """What the explanation answers."""
    given = series_for(model, series)
    row = origin_place(model, given, str(found.dates[-1]))
    return Question(model, given, row, find_target(model, found.target), found.step, found.what)


def _check_same(ours: str, explained: str) -> None:
    if ours != explained:
        raise BadInput("the explanation is of another model than the one that was given")
