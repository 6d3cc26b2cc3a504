"""Explaining a forecast by a method's name: which past values of which series moved it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlexplain.data.calendar import dates_ahead
from dlexplain.data.given_table import far_values
from dlexplain.errors import DataError, ParamError
from dlexplain.explainers.base import Explainer, Request, find_method
from dlexplain.explainers.batching import MeanTarget, Target
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.inputs.series import SeriesInput
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value
from dlexplain.results import SeriesAttribution
from dlexplain.results.words import sentence
from dlexplain.services.explaining import MethodInfo, ResultCache, batch_sizes, infos_for
from dlexplain.services.forecast.conformal import calibrate, calibrated
from dlexplain.services.forecast.forecasting import Series, find_target, origin_place, series_for
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries
from dlexplain.services.loading import load
from dlexplain.tasks.forecast import MIDDLE, QUANTILES

SERIES = "series"
WHAT = {
    "median": "the forecast",
    "width-80": "the width of the 80% interval",
    "width-95": "the width of the 95% interval",
}
ENDS = {"width-80": (QUANTILES.index(0.1), QUANTILES.index(0.9)), "width-95": (0, 6)}
BACKGROUND = 128
"""Earlier windows that are baselines, evenly over the past."""


ALL_STEPS = 0


@dataclass(frozen=True, eq=False)
class Question:
    """Why a forecast is what it is.

    row     of the origin; target, its place among the model's targets; step, periods ahead, or
            ALL_STEPS of a median: the mean of all
    what    a key of WHAT
    """

    model: LoadedForecaster
    given: GivenSeries
    row: int
    target: int
    step: int
    what: str = "median"

    def key(self, *more: Any) -> str:
        """The same for the same question of the same weights and series."""
        about = [
            self.model.prepared.fingerprint,
            self.given.digest,
            self.row,
            self.target,
            self.step,
        ]
        return json.dumps([*about, self.what, *more])


def series_method_infos() -> tuple[MethodInfo, ...]:
    """Every method, gradient methods first."""
    return infos_for(SERIES)


@random_state_kept()
def explain_series(
    model: LoadedForecaster | str,
    series: Series = "",
    method: str = "integrated-gradients",
    target: str | None = None,
    step: int | None = None,
    origin: str = "",
    what: str = "median",
    progress: Progress | None = None,
    **params: Value,
) -> SeriesAttribution:
    """Which past values moved the forecast of a target, `step` periods ahead.

    target  a series that the model forecasts, by default its first; step, by default its last
    origin  a date: the last row at or before it is the last that is seen
    what    "median", or "width-80" or "width-95" for what makes the model unsure: of the interval
            as trained, since calibration adds what no input moves
    params  the method's (`python -m dlexplain methods --series` lists them)
    The same request again is answered from memory. Raises DataError, TargetError, ParamError,
    UnknownName or Cancelled.
    """
    find_method(SERIES, method).request(SERIES, params)  # before anything is loaded
    if what not in WHAT:
        raise ParamError(f'what is "{what}"; {", ".join(WHAT)} are accepted')
    model = load(LoadedForecaster, model) if isinstance(model, str) else model
    if step is not None and not 1 <= step <= model.horizon:
        raise ParamError(f"step is {step}; the model forecasts 1 to {model.horizon} periods ahead")
    given = series_for(model, series)
    model = model.scaled_for(given)
    row, place = origin_place(model, given, origin), find_target(model, target)
    question = Question(model, given, row, place, step or model.horizon, what)
    return answer(question, method, params, progress)


@random_state_kept()
def answer(
    question: Question,
    method: str,
    params: Mapping[str, Value],
    progress: Progress | None = None,
) -> SeriesAttribution:
    """The same of a question; raises UnknownName, ParamError or Cancelled."""
    explainer = find_method(SERIES, method)
    wanted = explainer.request(SERIES, params)
    key = question.key(method, wanted.to_dict())
    found = _cache.get(key)
    if found is None:
        found = _explain(question, explainer, wanted, progress or Progress())
        _cache.put(key, found)
    return replace(found, series=question.given.title)


def _explain(
    question: Question, method: Explainer[Any], asked: Request[Any], progress: Progress
) -> SeriesAttribution:
    model, data, row, target = question.model, question.given.data, question.row, question.target
    given = input_of(question, progress)
    found = method.explain(given, asked)
    values = found.values.astype(np.float64)
    values.setflags(write=False)
    rows = slice(row + 1 - model.window, row + 1)
    evaluator, x = given.differentiable()
    score = float(evaluator.all_scores(x)[0])
    change = _change(score, question)
    return SeriesAttribution(
        method=method.name,
        title=method.title,
        params=found.params,
        model=model.name,
        names=data.names,
        dates=data.dates[rows],
        values=values,
        inputs=data.inputs[rows],
        target=model.targets[target],
        step=question.step,
        date=dates_ahead(data.dates[: row + 1], data.period, question.step or model.horizon)[-1],
        what=question.what,
        unit="%" if data.logs[target] else "",
        change=change,
        calibrated=_calibrated_width(question),
        baseline=None if found.baseline_score is None else change - score + found.baseline_score,
        completeness_error=found.completeness_error,
        evaluations=found.evaluations,
        seconds=found.seconds,
        note=" ".join(filter(None, [found.note, *map(sentence, far_values(data, rows))])),
        model_fingerprint=model.prepared.fingerprint,
        period=data.period,
        about=model.about,
    )


def input_of(question: Question, progress: Progress | None = None) -> SeriesInput:
    """The window before the origin, ready to be explained."""
    model, row = question.model, question.row
    return SeriesInput(
        model.prepared,
        target_of(model, question.target, question.step, question.what),
        progress or Progress(),
        batch_sizes(),
        _window(question, np.array([row])),
        _window(question, _earlier(model, row)),
    )


def target_of(model: LoadedForecaster, target: int, step: int, what: str) -> Target:
    """The place of what is explained among the outputs of explainers.series_model.Changes."""
    if step == ALL_STEPS:
        first, *rest = (target_of(model, target, at + 1, what).index for at in range(model.horizon))
        return MeanTarget(first, rest=tuple(rest))
    first = ((step - 1) * len(model.targets) + target) * len(QUANTILES)
    if what == "median":
        return Target(first + MIDDLE)
    low, high = ENDS[what]
    return Target(first + high, first + low)


def _change(score: float, question: Question) -> float:
    """The forecast change as it is, with its mean in training."""
    if question.what != "median":
        return score
    facts, target = question.model.facts, question.target
    percent = 100.0 if facts["logs"][target] else 1.0
    means = np.array(facts["change_mean"])[:, target]
    mean = means.mean() if question.step == ALL_STEPS else means[question.step - 1]
    return score + float(mean) * percent


def _calibrated_width(question: Question) -> float | None:
    """Of the interval in question, as `change` is measured; None of a median, or without one."""
    if question.what == "median":
        return None
    model, target, step = question.model, question.target, question.step - 1
    at = np.array([question.row])
    said = model.say(model.windows(question.given.data, at).inputs(at))
    try:
        after = calibrated(said, calibrate(model, question.given))[0, step, target]
    except DataError:
        return None  # as trained: what the series lack is told with the forecast
    low, high = ENDS[question.what]
    percent = 100.0 if model.facts["logs"][target] else 1.0
    scale = float(model.facts["change_scale"][step][target]) * percent
    return float(after[high] - after[low]) * scale


def _window(question: Question, rows: Any) -> Tensor:
    inputs = question.model.windows(question.given.data, rows).inputs(rows)
    return torch.from_numpy(inputs).float().to(question.model.prepared.device)


def _earlier(model: LoadedForecaster, row: int) -> Any:
    """Rows of earlier windows; the first, which has no earlier one, is its own."""
    count = min(BACKGROUND, row - model.window)
    if count <= 0:
        return np.array([row])
    return np.unique(np.linspace(model.window, row - 1, count).astype(np.int64))


_cache: ResultCache[SeriesAttribution] = ResultCache()
