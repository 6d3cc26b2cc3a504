"""An attack on a forecast: changes of the past, within parts of each series' deviation, that move
it most."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlexplain.attacks import attacks_for
from dlexplain.attacks.forecasts import ForecastVictim, SeriesAttack
from dlexplain.data.base import digest_of
from dlexplain.data.series import LARGEST_INPUT
from dlexplain.errors import BadInput, Incompatible, ParamError
from dlexplain.evaluation.intervals import LEAST, bootstrap_mean
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value, as_dict
from dlexplain.results.series_attacks import RandomShift, SeriesAttackResult
from dlexplain.services.attack.seeds import check_seed
from dlexplain.services.explaining import batch_sizes
from dlexplain.services.forecast.explain import Question, input_of, target_of
from dlexplain.services.forecast.forecasting import (
    Series,
    find_target,
    forecast_at,
    origin_place,
    series_for,
)
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries

EPSILON, MOST_EPSILON = 0.1, LARGEST_INPUT
"""Budgets, in standard deviations: the usual one, and beyond which inputs are cut anyway."""
DIRECTIONS = {"either": (1, -1), "up": (1,), "down": (-1,)}
DRAWS, MOST_DRAWS = 200, 10_000
"""Random changes that the attack's is compared with: usual, and at most."""
ATTACKED = ", attacked"


def known_series_attacks() -> Mapping[str, SeriesAttack[Any]]:
    """By name: what can be asked of `attack_series`."""
    return attacks_for(LoadedForecaster.modality)


@dataclass(frozen=True, eq=False)
class Past:
    """What is attacked.

    question  of the forecast; its step is the last one where the mean of all is attacked
    step      or None: the mean of all
    """

    question: Question
    step: int | None

    def weights(self) -> Tensor:
        """(outputs,) whose sum with the model's outputs is the forecast change of the target, less
        its mean in training."""
        model = self.question.model
        steps = range(1, model.horizon + 1) if self.step is None else [self.step]
        places = [target_of(model, self.question.target, step, "median").index for step in steps]
        found = torch.zeros(model.prepared.module(model.prepared.trial(1)).shape[1])
        found[places] = 1 / len(places)
        return found.to(model.prepared.device)

    def change(self, score: float) -> float:
        """The forecast change, with its mean in training."""
        facts, target = self.question.model.facts, self.question.target
        means = np.array(facts["change_mean"])[:, target]
        mean = means.mean() if self.step is None else means[self.step - 1]
        return score + float(mean) * (100.0 if facts["logs"][target] else 1.0)


@random_state_kept()
def attack_series(
    model: LoadedForecaster,
    series: Series = "",
    method: str = "forecast-pgd",
    epsilon: float = EPSILON,
    direction: str = "either",
    target: str | None = None,
    step: int | None = None,
    origin: str = "",
    draws: int = DRAWS,
    seed: int = 0,
    progress: Progress | None = None,
    **params: Value,
) -> SeriesAttackResult:
    """Change the past by little, so that the forecast moves most.

    What is changed is what the model sees: each series after its transform, in standard deviations
    of its training. The level at the origin stays, so that earlier levels are what is revised.

    series     as `dx.forecast` takes them
    epsilon    how far each value may move, in standard deviations of its series
    direction  "up", "down", or "either": whichever moves the forecast further
    target     a series that the model forecasts, by default its first
    step       periods ahead; by default the mean of all
    origin     a date: the last row at or before it is the last that is seen
    draws      changes of the same sizes with random directions that it is compared with
    seed       of these and of random starts;  params  of the attack

    Raises UnknownName, ParamError, DataError, TargetError, Incompatible, BadInput for a budget that
    is not one or a model that says NaN; or Cancelled.
    """
    if not isinstance(model, LoadedForecaster):
        raise Incompatible(f"{type(model).__name__} is no forecaster")
    chosen = known_series_attacks()[method]
    _check(model, epsilon, direction, step, draws)
    check_seed(seed)
    asked, progress = chosen.params(params), progress or Progress()
    given = series_for(model, series)
    row, place = origin_place(model, given, origin), find_target(model, target)
    past = Past(Question(model, given, row, place, step or model.horizon), step)
    x, weights = input_of(past.question).x, past.weights()
    victim = ForecastVictim(
        model.prepared, x, weights, float(epsilon), LARGEST_INPUT, progress, batch_sizes()
    )
    start = victim.scores(x)
    if not bool(start.isfinite().all()):
        raise BadInput(f"{model.name} says NaN or infinity of these series; none can be attacked")
    signs = DIRECTIONS[direction]
    progress.plan(len(signs) * chosen.evaluations(asked) + draws + 1)
    tried = torch.cat([
        chosen.run(
            replace(victim, weights=sign * weights), asked, torch.Generator().manual_seed(seed)
        )
        for sign in signs
    ])  # fmt: skip
    reached = victim.scores(tried)
    best = int((reached - start).abs().argmax())
    moved = tried[best][None]
    after = attacked(past.question, moved)
    return SeriesAttackResult(
        model=model.name,
        attack=chosen.name,
        title=chosen.title,
        params=as_dict(asked),
        epsilon=float(epsilon),
        direction=direction,
        target=model.targets[place],
        step=step,
        unit="%" if given.data.logs[place] else "",
        names=given.data.names,
        dates=given.data.dates[row + 1 - model.window : row + 1],
        inputs=x[0].double().cpu().numpy(),
        moved=moved[0].double().cpu().numpy(),
        scale=given.data.input_scale[1],
        before=forecast_at(model, given, row, given),
        after=forecast_at(model, after.given, row, given),
        change=past.change(float(start)),
        changed=past.change(float(reached[best])),
        random=_random_shift(victim, moved, start, draws, seed),
        evaluations=progress.done,
        seconds=progress.seconds,
        seed=seed,
        series=given.title,
        model_fingerprint=model.prepared.fingerprint,
    )


def _check(
    model: LoadedForecaster, epsilon: float, direction: str, step: int | None, draws: int
) -> None:
    """Raise BadInput for what is out of range."""
    if not 0 < epsilon <= MOST_EPSILON:
        raise BadInput(
            f"the budget is {epsilon:g}; it has to be above 0 and at most {MOST_EPSILON:g}, in "
            "standard deviations of each series"
        )
    if direction not in DIRECTIONS:
        raise ParamError(f'direction is "{direction}"; {", ".join(DIRECTIONS)} are accepted')
    if step is not None and not 1 <= step <= model.horizon:
        raise ParamError(f"step is {step}; the model forecasts 1 to {model.horizon} periods ahead")
    if not LEAST <= draws <= MOST_DRAWS:
        raise ParamError(f"draws is {draws}; {LEAST} to {MOST_DRAWS:,} are accepted")


def _random_shift(
    victim: ForecastVictim, moved: Tensor, start: Tensor, draws: int, seed: int
) -> RandomShift:
    """Each value moves as far as the attack moved it, up or down with even chances."""
    generator = torch.Generator().manual_seed(seed)
    signs = 2.0 * torch.randint(0, 2, (draws, *moved.shape[1:]), generator=generator) - 1
    sizes = (moved - victim.x).abs()
    others = victim.project(victim.x + signs.to(sizes) * sizes)
    shifts = (victim.scores(others) - start).abs().double().cpu().numpy()
    mean, low, high = bootstrap_mean(shifts, seed)
    return RandomShift(mean, low, high, float(shifts.max()), draws)


def attacked(question: Question, moved: Tensor) -> Question:
    """The same of the series whose past the model sees otherwise. moved  (1, window, series)"""
    data, model = question.given.data, question.model
    inputs = data.inputs.copy()
    inputs[question.row + 1 - model.window : question.row + 1] = moved[0].double().cpu().numpy()
    changed = replace(data, inputs=inputs, digest=digest_of(data.levels, inputs))
    return replace(question, given=GivenSeries(f"{question.given.title}{ATTACKED}", changed))
