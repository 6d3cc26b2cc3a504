"""Forecasters, ready for use."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from dlexplain.data.base import SeriesData
from dlexplain.data.given_table import Origins, check_facts, windows_of
from dlexplain.data.series_about import about_series
from dlexplain.data.windows import Windows
from dlexplain.explainers.series_model import Changes, PreparedSeries
from dlexplain.networks.modules.device import describe_device
from dlexplain.results import SeriesAbout
from dlexplain.services.forecast.sources import GivenSeries
from dlexplain.services.loading import card_read, placed
from dlexplain.trained.entry import ModelEntry
from dlexplain.trained.networks import load_network

BATCH = 512
"""Windows that are forecast at once."""


@dataclass(frozen=True, eq=False)
class LoadedForecaster:
    """A forecaster ready to forecast and to be explained; `load` makes it.

    network  (batch, window, series) -> (batch, horizon, targets, quantiles) of scaled changes;
             frozen, in eval mode
    facts    of its training data: series, targets, scales, periods
    about    what its series measure, those that are known
    """

    tasks: ClassVar[tuple[str, ...]] = ("forecast",)
    modality: ClassVar[str] = "series"
    name: str
    title: str
    network: nn.Module
    facts: Mapping[str, Any]
    window: int
    horizon: int
    prepared: PreparedSeries
    about: Mapping[str, SeriesAbout] = field(default_factory=dict)

    @classmethod
    def of(cls, entry: ModelEntry) -> "LoadedForecaster":
        model = entry.trained
        network = load_network(model)
        with card_read(model):
            window, horizon = (int(model.spec.task_params[key]) for key in ("window", "horizon"))
        loaded = prepared(model.name, model.title, network, model.facts, window, horizon)
        return replace(loaded, about=about_series(model.spec.data))

    @property
    def series(self) -> tuple[str, ...]:
        return tuple(map(str, self.facts["series"]))

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(map(str, self.facts["targets"]))

    @property
    def least_rows(self) -> int:
        """Of series from which it can forecast: a window, and one before it for differences."""
        return self.window + 1

    @property
    def device_text(self) -> str:
        """The device in words."""
        return describe_device(self.prepared.device)

    def windows(self, data: SeriesData, origins: Origins) -> Windows:
        """What is seen at each origin, and how what is said becomes levels."""
        return windows_of(data, self.facts, self.window, self.horizon, origins)

    def scaled_for(self, given: GivenSeries) -> "LoadedForecaster":
        """Itself, or where the series have scales of their own, the same weights with these."""
        if given.facts is None or given.facts is self.facts:
            return self
        network, window, horizon = self.network, self.window, self.horizon
        found = prepared(self.name, self.title, network, given.facts, window, horizon)
        return replace(found, about=given.about)

    def say(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """(count, window, series) -> (count, horizon, targets, quantiles) of scaled changes."""
        said = []
        for start in range(0, len(inputs), BATCH):
            some = torch.from_numpy(inputs[start : start + BATCH]).float().to(self.prepared.device)
            with self.prepared.lock.turn(), torch.inference_mode():
                said.append(self.network(some).double().cpu().numpy())
        return np.concatenate(said)


def prepared(
    name: str, title: str, network: nn.Module, facts: Mapping[str, Any], window: int, horizon: int
) -> LoadedForecaster:
    """A network put on the settings' device, frozen; raises WeightsError for facts that lack."""
    check_facts(facts)
    ready = placed(network)
    percent = np.where(facts["logs"], 100.0, 1.0)
    scale = torch.from_numpy(np.array(facts["change_scale"]) * percent)
    prepared_series = PreparedSeries(
        Changes(ready.network, scale).to(ready.device).eval(),
        ready.device,
        ready.fingerprint,
        (window, len(facts["series"])),
    )
    return LoadedForecaster(name, title, ready.network, facts, window, horizon, prepared_series)
