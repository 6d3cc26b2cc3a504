"""Split-conformal calibration of a forecaster's intervals on its validation period.

Romano, Patterson, Candès, "Conformalized Quantile Regression", 2019,
https://arxiv.org/abs/1905.03222. The score of an interval is how far outside of it the truth lay
(below 0 inside); both ends move by the ceil((n + 1) level)-th smallest of n validation scores. Were
the origins exchangeable, the truth would then be inside with probability `level` at least. Periods
that follow each other are not, and the world changes: the coverage on the test period says how far
that carries.
"""

import math

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.dates import period_before
from dlexplain.data.given_table import origin_spans, origins_of_validation
from dlexplain.errors import DataError
from dlexplain.results import Calibration
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries
from dlexplain.tasks.forecast import QUANTILES

LEVELS = (95, 80, 50)
"""Of the intervals between the quantiles, the outermost first, in percent."""
LEAST_ORIGINS = 8
Floats = NDArray[np.float64]


def conformal_offset(low: Floats, high: Floats, truth: Floats, level: float) -> tuple[Floats, bool]:
    """How far both ends have to move out, (...) for (n, ...) intervals and truths.

    Also whether n is large enough for the level; where it is not, the largest score is given.
    """
    scores = np.sort(np.maximum(low - truth, truth - high), axis=0)
    rank = math.ceil((len(scores) + 1) * level)
    offset: Floats = scores[min(rank, len(scores)) - 1]
    return offset, rank <= len(scores)


def calibrate(model: LoadedForecaster, series: GivenSeries) -> Calibration:
    """Learn the offsets; raises DataError where the series do not hold the validation period."""
    origins = origins_of_validation(series.data, model.window, model.horizon)
    if len(origins) < LEAST_ORIGINS:
        start, end = origin_spans(model.facts)[0], _last_origin(model)
        raise DataError(
            f"intervals are as trained: the series have {len(origins)} of the origins by which the "
            f"model's are calibrated, {start} to {end}, and {LEAST_ORIGINS} are needed"
        )
    windows = model.windows(series.data, origins)
    said, truth = model.say(windows.inputs(origins)), windows.scaled_changes(origins)
    found = [
        conformal_offset(said[..., index], said[..., -1 - index], truth, level / 100)
        for index, level in enumerate(LEVELS)
    ]
    dates = series.data.dates
    return Calibration(
        LEVELS,
        np.stack([offset for offset, _ in found]),
        len(origins),
        dates[origins[0]],
        dates[origins[-1]],
        tuple(level for level, (_, enough) in zip(LEVELS, found, strict=True) if not enough),
    )


def _last_origin(model: LoadedForecaster) -> str:
    """Whose targets all lie in the validation period."""
    _, test = model.facts["starts"]
    return period_before(test, int(model.facts["period"]), model.horizon + 1)


def calibrated(said: Floats, calibration: Calibration) -> Floats:
    """(count, horizon, targets, quantiles) with the ends moved; the median stays.

    An interval never becomes narrower than a point, nor than those inside it.
    """
    found, middle = said.copy(), len(QUANTILES) // 2
    for place in reversed(range(middle)):  # from the innermost out
        low = said[..., place] - calibration.offsets[place]
        high = said[..., -1 - place] + calibration.offsets[place]
        found[..., place] = np.minimum(low, found[..., place + 1])
        found[..., -1 - place] = np.maximum(high, found[..., -2 - place])
    return found
