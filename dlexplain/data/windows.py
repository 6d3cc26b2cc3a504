"""Windows of a series: what a forecaster sees at an origin, and what came after it.

A target is forecast as its change from the origin, in logarithms where the series grows by
rates, scaled so that each step ahead has mean 0 and standard deviation 1 on the training part.
A forecast of the raw change 0 is the random walk.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.base import SPLITS, SeriesData, Split
from dlexplain.data.series import scale_or_one
from dlexplain.errors import DataError

LEAST_WINDOWS = 10


@dataclass(frozen=True, eq=False)
class Windows:
    """Origins of each split: the last row seen. No target of one split lies in the next.

    change_mean, change_scale   (horizon, targets) of the raw changes on the training part
    step        (targets,) mean absolute change from one period to the next on the training part,
                of levels: the unit of MASE
    """

    data: SeriesData
    window: int
    horizon: int
    origins: dict[Split, NDArray[np.int64]]
    change_mean: NDArray[np.float64]
    change_scale: NDArray[np.float64]
    step: NDArray[np.float64]

    def inputs(self, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """(count, window, series)"""
        rows = origins[:, None] + np.arange(1 - self.window, 1)
        seen: NDArray[np.float64] = self.data.inputs[rows]
        return seen

    def changes(self, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """(count, horizon, targets) raw changes from the origin."""
        levels = self.data.target_levels()
        rows = origins[:, None] + np.arange(1, self.horizon + 1)
        changes: NDArray[np.float64] = levels[rows] - levels[origins][:, None]
        return changes

    def scaled_changes(self, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """(count, horizon, targets), what the model is trained to say."""
        scaled: NDArray[np.float64] = (self.changes(origins) - self.change_mean) / self.change_scale
        return scaled

    def to_levels(
        self, scaled: NDArray[np.float64], origins: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """(count, horizon, targets, quantiles) scaled changes -> levels as the source has them."""
        raw = scaled * self.change_scale[..., None] + self.change_mean[..., None]
        levels = self.data.target_levels()[origins][:, None, :, None] + raw
        logs = np.asarray(self.data.logs)[:, None]
        return np.where(logs, np.exp(np.where(logs, levels, 0.0)), levels)

    def truth(self, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """(count, horizon, targets) levels that came."""
        rows = origins[:, None] + np.arange(1, self.horizon + 1)
        came: NDArray[np.float64] = self.data.levels[:, list(self.data.targets)][rows]
        return came

    def facts(self) -> dict[str, Any]:
        """What a card has of them: how a model is shown other data as it saw these."""
        data = self.data
        return {
            "series": list(data.names),
            "targets": list(data.target_names),
            "period": data.period,
            "digest": data.digest,
            "notes": list(data.notes),
            "starts": [str(data.dates[place]) for place in data.starts],
            "sizes": {split: len(origins) for split, origins in self.origins.items()},
            "codes": list(data.codes),
            "logs": list(data.logs),
            "input_mean": data.input_scale[0].tolist(),
            "input_scale": data.input_scale[1].tolist(),
            "change_mean": self.change_mean.tolist(),
            "change_scale": self.change_scale.tolist(),
            "step": self.step.tolist(),
        }


def cut(data: SeriesData, window: int, horizon: int) -> Windows:
    """Raises DataError when a split is too short for the window and horizon."""
    ends = (*data.starts, len(data.dates))
    begins = (window + 1, *data.starts)  # the first rows have no past to difference
    origins: dict[Split, NDArray[np.int64]] = {}
    for split, begin, end in zip(SPLITS, begins, ends, strict=True):
        # The first target is at origin + 1, the last at origin + horizon.
        origins[split] = np.arange(begin - 1, end - horizon, dtype=np.int64)
        least = LEAST_WINDOWS if split == "train" else 1
        if len(origins[split]) < least:
            raise DataError(
                f"the {split} part has {max(0, end - begin)} rows after its first window of "
                f"{window}; {horizon} steps ahead need at least {horizon + least - 1}"
            )
    levels = data.target_levels()
    rows = origins["train"][:, None] + np.arange(1, horizon + 1)
    changes = levels[rows] - levels[origins["train"]][:, None]
    mean = changes.mean(axis=0)
    scale = scale_or_one(mean, changes.std(axis=0))
    known = data.levels[: data.starts[0], list(data.targets)]
    step = np.abs(np.diff(known, axis=0)).mean(axis=0)
    return Windows(data, window, horizon, origins, mean, scale, step)
