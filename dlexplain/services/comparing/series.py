"""Forecasters of the same series from the same origins; maps are compared over the periods and the
series that both read."""

import hashlib
from typing import Any, ClassVar

import numpy as np

from dlexplain.data.given_table import origins_of_test
from dlexplain.errors import DataError, Incompatible
from dlexplain.explainers.base import Explainer, Request
from dlexplain.explainers.progress import Progress
from dlexplain.results import period_text
from dlexplain.results.model_comparison import PackedMap
from dlexplain.services.comparing.kinds import Floats, Given, Kind
from dlexplain.services.forecast.explain import Question, input_of
from dlexplain.services.forecast.forecasting import series_for
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import OWN
from dlexplain.services.own_data import drawn


class SeriesKind(Kind):
    """The first target of the first model, as far ahead as all of them forecast."""

    noun, usual = "forecasts", 100
    methods: ClassVar[tuple[str, ...]] = ("integrated-gradients", "occlusion")
    models: tuple[LoadedForecaster, ...]

    def check(self) -> None:
        first = self.models[0]
        for other in self.models[1:]:
            if first.targets[0] not in other.targets:
                raise Incompatible(
                    f"{first.name} forecasts {first.targets[0]}, which {other.name} does not; it "
                    f"forecasts {', '.join(other.targets)}"
                )
            if not set(first.series) & set(other.series):
                raise Incompatible(f"{first.name} and {other.name} read no series in common")
            if first.facts["period"] != other.facts["period"]:
                raise Incompatible(
                    f"{first.name} and {other.name} read series of different frequencies"
                )

    @property
    def step(self) -> int:
        return min(model.horizon for model in self.models)

    def examples(self, data: str, count: int, seed: int) -> Given:
        model, window = self.models[0], max(one.window for one in self.models)
        self.series = [series_for(one, data or OWN) for one in self.models]
        given = self.series[0]
        rows = origins_of_test(given.data, model.facts, window, model.horizon)
        places = [[_row(one, given.data.dates[row]) for one in self.series] for row in rows]
        known = [
            row for row in places
            if all(at >= one.window for at, one in zip(row, self.models, strict=True))
        ]  # fmt: skip
        if not known:
            names = " and ".join(one.name for one in self.models)
            raise DataError(f"{given.title}: there is no origin from which {names} all forecast")
        self.rows = [known[place] for place in drawn(len(known), count, seed)]
        names = tuple(period_text(given.data.dates[row[0]], given.data.period) for row in self.rows)
        told = repr((names, [one.digest for one in self.series]))
        title = f"{given.title}: forecasts of {model.targets[0]}, {self.step} periods ahead"
        return Given(
            title, names, (None,) * len(names), hashlib.sha256(told.encode()).hexdigest()[:16]
        )

    def request(self, which: int, method: Explainer[Any], given: dict[str, Any]) -> Request[Any]:
        return method.request(self.modality, given)

    def target(self, index: int) -> str:
        return self.models[0].targets[0]

    def said(self, which: int, place: int) -> None:
        return None

    def explained(
        self, which: int, place: int, target: int, method: Explainer[Any], request: Request[Any],
        progress: Progress,
    ) -> Floats:  # fmt: skip
        """(periods, series)"""
        model = self.models[which]
        goal = model.targets.index(self.models[0].targets[0])
        row = self.rows[place][which]
        question = Question(model, self.series[which], row, goal, self.step)
        return method.explain(input_of(question, progress), request).values.astype(np.float64)

    def aligned(
        self, place: int, first: tuple[int, Floats], second: tuple[int, Floats]
    ) -> tuple[Floats, Floats]:
        sides = [(self.series[which].data.names, found) for which, found in (first, second)]
        common = [name for name in sides[0][0] if name in sides[1][0]]
        periods = min(len(found) for _, found in sides)
        one, other = (
            found[-periods:, [names.index(name) for name in common]] for names, found in sides
        )
        return one.ravel(), other.ravel()

    def packed(self, which: int, place: int, found: Floats) -> PackedMap:
        data, row = self.series[which].data, self.rows[place][which]
        dates = data.dates[row + 1 - len(found) : row + 1]
        periods = tuple(period_text(day, data.period) for day in dates)
        return PackedMap.of(
            self.models[which].name, found, rows=periods, columns=tuple(data.names)
        )  # fmt: skip


def _row(series: Any, day: np.datetime64) -> int:
    """Of a date; -1 where it is not among them."""
    found = np.flatnonzero(series.data.dates == day)
    return int(found[0]) if len(found) else -1
