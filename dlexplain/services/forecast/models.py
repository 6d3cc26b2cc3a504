"""Loading a forecaster by name, once a process."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from dlexplain.data.base import SeriesData
from dlexplain.data.given_table import Origins, check_facts, windows_of
from dlexplain.data.series_about import about_series
from dlexplain.data.windows import Windows
from dlexplain.errors import WeightsError
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.prepare import fingerprint
from dlexplain.explainers.series_model import Changes, SeriesTwin
from dlexplain.memory import keep_memory
from dlexplain.networks.device import choose_device, describe_device
from dlexplain.results import SeriesAbout
from dlexplain.services.forecast.model_list import find_forecaster
from dlexplain.services.trained.networks import load_network
from dlexplain.settings import settings

KEPT = 8
"""Models kept in memory, those used last."""
BATCH = 512
"""Windows that are forecast at once."""
_loading = threading.Lock()


@dataclass(frozen=True, eq=False)
class LoadedForecaster:
    """A forecaster ready to forecast and to be explained; `load_forecaster` makes it.

    network  (batch, window, series) -> (batch, horizon, targets, quantiles) of scaled changes;
             frozen, in eval mode
    facts    of its training data: series, targets, scales, periods
    about    what its series measure, those that are known
    """

    modality: ClassVar[str] = "series"
    name: str
    title: str
    network: nn.Module
    facts: Mapping[str, Any]
    window: int
    horizon: int
    twin: SeriesTwin
    about: Mapping[str, SeriesAbout] = field(default_factory=dict)

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
        return describe_device(self.twin.device)

    def windows(self, data: SeriesData, origins: Origins) -> Windows:
        """What is seen at each origin, and how what is said becomes levels."""
        return windows_of(data, self.facts, self.window, self.horizon, origins)

    def say(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """(count, window, series) -> (count, horizon, targets, quantiles) of scaled changes."""
        said = []
        for start in range(0, len(inputs), BATCH):
            some = torch.from_numpy(inputs[start : start + BATCH]).float().to(self.twin.device)
            with self.twin.turnstile.turn(), torch.inference_mode():
                said.append(self.network(some).double().cpu().numpy())
        return np.concatenate(said)


@random_state_kept()
def load_forecaster(name: str = "") -> LoadedForecaster:
    """A zoo model by name, or a finished run by its id; the same one is given while it is kept.

    Raises UnknownName, or WeightsError where files are missing, damaged, or of an older version.
    """
    with _loading:  # two sessions at once wait for one loading
        return _load(name or find_forecaster().name)


@lru_cache(maxsize=KEPT)
def _load(name: str) -> LoadedForecaster:
    if settings().keep_memory:
        keep_memory()
    model = find_forecaster(name)
    network = load_network(model)
    try:
        window, horizon = (int(model.spec.task_params[key]) for key in ("window", "horizon"))
    except KeyError as error:
        raise WeightsError(f"the card of {model.owner} is damaged: it lacks {error}") from error
    loaded = prepared(model.name, model.title, network, model.facts, window, horizon)
    return replace(loaded, about=about_series(model.spec.data))


def prepared(
    name: str, title: str, network: nn.Module, facts: Mapping[str, Any], window: int, horizon: int
) -> LoadedForecaster:
    """A network put on the settings' device, frozen; raises WeightsError for facts that lack."""
    check_facts(facts)
    device = choose_device(settings().device)
    network = network.eval().requires_grad_(False).to(device)
    percent = np.where(facts["logs"], 100.0, 1.0)
    scale = torch.from_numpy(np.array(facts["change_scale"]) * percent)
    twin = SeriesTwin(
        Changes(network, scale).to(device).eval(),
        device,
        fingerprint(network),
        (window, len(facts["series"])),
    )
    return LoadedForecaster(name, title, network, facts, window, horizon, twin)
