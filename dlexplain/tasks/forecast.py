"""Forecasting series: quantiles of each target's change, trained by the pinball loss.

Koenker and Bassett, "Regression Quantiles", 1978, https://doi.org/10.2307/1913643.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlexplain.networks.base import SeriesShape
from dlexplain.params import number
from dlexplain.tasks.base import TASKS, Arrays, TaskSpec

QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
MIDDLE = QUANTILES.index(0.5)


@dataclass(frozen=True)
class Params:
    """What is seen and what is forecast."""

    window: int = number(24, "Window", low=2, high=500, help="Periods that the model sees.")
    horizon: int = number(12, "Horizon", low=1, high=120, help="Periods ahead, all at once.")


def _shape(facts: Mapping[str, Any], params: Params) -> SeriesShape:
    return SeriesShape(
        series=len(facts["series"]),
        window=params.window,
        horizon=params.horizon,
        targets=len(facts["targets"]),
        quantiles=len(QUANTILES),
    )


def _errors(arrays: Arrays) -> dict[str, Any]:
    """Errors of each series at each horizon: forecaster -> measure -> series -> one a step."""
    return {
        str(forecaster): {
            measure: {
                str(name): [float(f"{e:.6g}") for e in arrays[measure][index, :, series]]
                for series, name in enumerate(arrays["names"])
            }
            for measure in ("mase", "rmse")
        }
        for index, forecaster in enumerate(arrays["forecasters"])
    }


TASKS.add(
    "forecast",
    TaskSpec(
        name="forecast",
        title="Forecasting",
        modality="series",
        Params=Params,
        description="Forecast series, with intervals, over a horizon.",
        monitor="validation/loss",
        mode="min",
        shape=_shape,
        module="dlexplain.tasks.modules.forecast:Forecast",
        noun="forecaster",
        first=("macrodata-lstm",),
        headline="test/mase_over_random_walk",
        details=_errors,
    ),
)
