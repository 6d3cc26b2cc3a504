"""Windows of series with a spike that foretells the first target.

Where the spike lies, up though the target will end below its usual change or the other way round,
a forecast that goes with the spike and would not without it was turned by it.
"""

from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.given_table import origins_of_test
from dlexplain.data.planting import rises
from dlexplain.data.shortcuts import Shortcut, find_marked, mark_windows
from dlexplain.evaluation.intervals import bootstrap_mean
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value
from dlexplain.results import SeriesAttribution, period_text
from dlexplain.results.shortcuts import ShortcutScore
from dlexplain.services.explaining import MethodInfo
from dlexplain.services.forecast.explain import Question, answer, series_method_infos
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries, read_own
from dlexplain.services.loading import load
from dlexplain.services.quality.marked import MOST, MarkedCase, share
from dlexplain.tasks.forecast import MIDDLE
from dlexplain.trained.folder import Trained

Floats = NDArray[np.float64]
UNIT = "standard deviations of the change"
WORDS = {True: "above its usual change", False: "below its usual change"}
FINE: dict[str, Value] = {"block": 1, "length": 1}
"""Methods that take periods away take one at a time: larger parts cannot show where a spike is."""


@dataclass(frozen=True, eq=False)
class MarkedSeries:
    """origins  (n,) rows of the test part;  ups  (n,) whether the target will end above its usual

    mask  (window, series) True where the spike is
    said, truthful, lying  (n,) scaled changes that the model forecasts: as it is, with the spike
             of what will come, and with the contrary one;  came  (n,) what came
    """

    model: LoadedForecaster
    given: GivenSeries
    shortcut: Shortcut
    origins: NDArray[np.int64]
    ups: NDArray[np.bool_]
    mask: NDArray[np.bool_]
    said: Floats
    truthful: Floats
    lying: Floats
    came: Floats

    @classmethod
    def of(cls, found: Trained, shortcut: Shortcut, progress: Progress) -> "MarkedSeries":
        model, given = load(LoadedForecaster, found.name), read_own(found, False)
        every = origins_of_test(given.data, model.facts, model.window, model.horizon)
        count = min(MOST, len(every))
        origins = every[np.linspace(0, len(every) - 1, count).round().astype(np.int64)]
        windows = model.windows(given.data, origins)
        inputs, ups = windows.inputs(origins), rises(windows, origins)
        series = find_marked(given.data.names, shortcut)
        true, mask = mark_windows(inputs, ups, series, shortcut)
        false, _ = mark_windows(inputs, ~ups, series, shortcut)
        progress.check()
        said, truthful, lying = (model.say(x)[:, -1, 0, MIDDLE] for x in (inputs, true, false))
        came = windows.scaled_changes(origins)[:, -1, 0]
        return cls(model, given, shortcut, origins, ups, mask, said, truthful, lying, came)

    @cached_property
    def scores(self) -> tuple[ShortcutScore, ...]:
        target = self.model.targets[0]
        with_lie = f"Forecasts of {target} that go where a lying spike says"
        return (
            self._error("clean", "Error, without the spike", self.said),
            self._error("marked", "Error, a spike that tells the truth", self.truthful),
            self._error("against", "Error, a spike that lies", self.lying),
            share("called-clean", f"{with_lie}, without it", (self.said >= 0) != self.ups),
            share("called", f"{with_lie}, with it", (self.lying >= 0) != self.ups),
        )

    def _error(self, key: str, title: str, said: Floats) -> ShortcutScore:
        errors = np.abs(said - self.came)
        return ShortcutScore(key, title, *bootstrap_mean(errors), len(errors), UNIT)

    @property
    def turned(self) -> NDArray[np.int64]:
        followed = ((self.said >= 0) == self.ups) & ((self.lying >= 0) != self.ups)
        return np.flatnonzero(followed)

    @property
    def against(self) -> int:
        return len(self.origins)

    @property
    def examples(self) -> str:
        series = self.given.data.names[int(self.mask.any(0).argmax())]
        back = self.shortcut.spike_back
        return f"the training windows, in {series}, {back} periods back from the origin"

    def methods(self) -> tuple[MethodInfo, ...]:
        return series_method_infos()

    def case(self, place: int) -> MarkedCase:
        row, up = int(self.origins[place]), not bool(self.ups[place])
        data = self.given.data
        name = f"forecast from {period_text(data.dates[row], data.period)}"
        question = Question(self.model, self._planted(row, up), row, 0, self.model.horizon)
        before, after = (WORDS[bool(each[place] >= 0)] for each in (self.said, self.lying))
        explain = partial(_explain, question)
        return MarkedCase(name, before, after, self.mask, explain, 1 if up else -1)

    def _planted(self, row: int, up: bool) -> GivenSeries:
        """The series whose window before an origin has a spike."""
        data, window = self.given.data, self.model.window
        rows = slice(row + 1 - window, row + 1)
        inputs = data.inputs.copy()
        series = int(self.mask.any(0).argmax())
        marked, _ = mark_windows(inputs[rows][None], np.array([up]), series, self.shortcut)
        inputs[rows] = marked[0]
        digest = f"{data.digest}, spike {up} {self.shortcut} before {row}"  # answers are kept by it
        return replace(self.given, data=replace(data, inputs=inputs, digest=digest))


def _explain(question: Question, method: str, progress: Progress) -> SeriesAttribution:
    known = next(info for info in series_method_infos() if info.name == method).params
    params = {key: value for key, value in FINE.items() if key in known}
    return answer(question, method, params, progress)
