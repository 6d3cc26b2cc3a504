"""What an attack on a forecast found."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.params import Value
from dlexplain.results.series import Dates, Floats, SeriesForecast, about_of
from dlexplain.results.words import period_text, written


@dataclass(frozen=True)
class RandomShift:
    """How far as large changes move a forecast whose directions are drawn at random.

    mean  of the sizes of the movements, with its 95% interval by the bootstrap, low to high
    most  the largest of them;  draws  how many
    """

    mean: float
    low: float
    high: float
    most: float
    draws: int


@dataclass(frozen=True, eq=False)
class SeriesAttackResult:
    """One attack on one forecast.

    epsilon    how far each past value might move, in standard deviations of its series in training,
               after its transform
    direction  "up", "down", or "either": whichever moves the forecast further
    target     the series whose forecast is moved;  step  periods ahead, or None: mean of all
    dates      (window,) of the past that the model sees, the origin last
    inputs     (window, series) as the model saw them, in standard deviations;  moved  what it was
               shown in their place
    before, after  the forecasts; the level at the origin, from which they begin, is the same
    change, changed  the forecast change from the origin, before and after, in `unit`: "%" of the
               level where the series is forecast in logarithms, else "" for its own unit
    random     what changes of the same sizes do whose directions are drawn
    """

    model: str
    attack: str
    title: str
    params: Mapping[str, Value]
    epsilon: float
    direction: str
    target: str
    step: int | None
    unit: str
    names: tuple[str, ...]
    dates: Dates
    inputs: Floats
    moved: Floats
    scale: Floats
    before: SeriesForecast
    after: SeriesForecast
    change: float
    changed: float
    random: RandomShift
    evaluations: int
    seconds: float
    seed: int
    series: str = ""
    model_fingerprint: str = ""

    @property
    def shift(self) -> float:
        """By how much the forecast moved."""
        return self.changed - self.change

    @property
    def difference(self) -> Floats:
        """(window, series) what was added, in standard deviations."""
        found: Floats = self.moved - self.inputs
        return found

    @property
    def largest(self) -> float:
        """Of what was added."""
        return float(np.abs(self.difference).max())

    @property
    def horizon_told(self) -> str:
        """ "12 periods ahead", "on the mean of 12 periods ahead" """
        if self.step is not None:
            return f"{self.step} period{'' if self.step == 1 else 's'} ahead"
        return f"on the mean of {len(self.before.ahead)} periods ahead"

    def amount(self, value: float) -> str:
        """A change with its unit: "+3.62%", "+0.40 percentage points" """
        return self._number(value) + self._behind(self.unit)

    def moved_by(self, value: float) -> str:
        """By how much changes differ, with a sign: of percent these are percentage points."""
        return self._number(value) + self._behind(self._unit_of_moves)

    @property
    def _unit_of_moves(self) -> str:
        return "percentage points" if self.unit == "%" else self.unit

    def _behind(self, unit: str) -> str:
        unit = unit or about_of(self.before.about, self.target).unit_of_changes
        return unit if unit in ("", "%") else f" {unit}"

    def _number(self, value: float) -> str:
        """All with as many digits behind the point: three of the larger change, two at least of
        the shift."""
        most, shift = max(abs(self.change), abs(self.changed)), abs(self.shift)
        wanted = [2 - math.floor(math.log10(most))] if most > 0 else [2]
        wanted += [1 - math.floor(math.log10(shift))] if shift > 0 else []
        return f"{value:+,.{min(max(0, *wanted), 10)}f}".replace("-", "−")

    @property
    def told(self) -> str:
        """The answer in a sentence."""
        name = about_of(self.before.about, self.target).title
        times = abs(self.shift) / self.random.mean if self.random.mean > 0 else float("inf")
        sizes = f", {times:.1f} times as far as" if np.isfinite(times) else "; nothing is moved by"
        return (
            f"Changes of the past by at most {self.epsilon:g} standard deviations move the "
            f"forecast of {name}, {self.horizon_told}, from {self.amount(self.change)} to "
            f"{self.amount(self.changed)}: by {self.moved_by(self.shift)}{sizes} changes of the "
            "same size at random."
        )

    @property
    def random_told(self) -> str:
        """What the comparison rests on."""
        found, behind = self.random, self._behind(self._unit_of_moves)
        mean, low, high, most = (
            written(size, digits=3) for size in (found.mean, found.low, found.high, found.most)
        )
        return (
            f"At random: {mean}{behind} on average [{low} to {high}], {most}{behind} at most, "
            f"n = {found.draws}."
        )

    def rows(self) -> list[dict[str, Any]]:
        """A row a series and period: as it was and as it became, in standard deviations, and what
        was added in the unit of the series' transform."""
        return [
            {
                "series": name,
                "period": period_text(day, self.before.period),
                "before": float(self.inputs[row, column]),
                "after": float(self.moved[row, column]),
                "added": float(self.difference[row, column]),
                "added in its unit": float(self.difference[row, column] * self.scale[column]),
            }
            for column, name in enumerate(self.names)
            for row, day in enumerate(self.dates)
        ]

    def to_dict(self) -> dict[str, Any]:
        """The form that `attack --series --json` prints."""
        return {
            "model": self.model,
            "series": self.series,
            "attack": self.attack,
            "params": dict(self.params),
            "epsilon": self.epsilon,
            "direction": self.direction,
            "target": self.target,
            "step": self.step,
            "unit": self.unit,
            "origin": str(self.dates[-1]),
            "change": self.change,
            "changed": self.changed,
            "shift": self.shift,
            "random": vars(self.random),
            "largest": self.largest,
            "dates": [str(day) for day in self.dates],
            "before": _by_name(self.names, self.inputs),
            "after": _by_name(self.names, self.moved),
            "forecast_before": _by_name(self.before.names, self.before.median),
            "forecast_after": _by_name(self.after.names, self.after.median),
            "evaluations": self.evaluations,
            "seconds": self.seconds,
            "seed": self.seed,
            "model_fingerprint": self.model_fingerprint,
        }


def _by_name(names: tuple[str, ...], values: NDArray[np.float64]) -> dict[str, list[float]]:
    """values  (time, names)"""
    return dict(zip(names, values.T.tolist(), strict=True))
