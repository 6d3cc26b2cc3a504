"""How far small changes of the past move forecasts, beside changes of the same size at random.

python benchmarks/series_attacks.py [--models A,B] [--series FILE.csv] [--origins N] [--epsilon E]

Of each model, N origins evenly over its test period; its first target, the mean of all periods
ahead. Prints a Markdown table: how many times as far as at random, and as a share of the width of
the forecast's 80% interval as trained; means over the origins with 95% intervals by the bootstrap,
which are too narrow as far as neighbouring origins are alike.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `make run` sets it
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from dlexplain.data.given_table import origins_of_test
from dlexplain.evaluation.intervals import bootstrap_mean
from dlexplain.services.attack.series import EPSILON, attack_series
from dlexplain.services.forecast.forecasting import forecast_at, series_for
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries
from dlexplain.services.loading import load

MODELS = "macrodata-lstm,macrodata-transformer"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("--series", default="")
    parser.add_argument("--origins", type=int, default=20)
    parser.add_argument("--epsilon", type=float, default=EPSILON)
    args = parser.parse_args()
    print("| model | target | times as far as at random | of the 80% interval | origins |")
    print("| --- | --- | --- | --- | --- |")
    for name in args.models.split(","):
        model = load(LoadedForecaster, name)
        given = series_for(model, args.series)
        every = origins_of_test(given.data, model.facts, model.window, model.horizon)
        count = min(args.origins, len(every))
        rows = every[np.linspace(0, len(every) - 1, count).round().astype(int)]
        found = np.array([measured(model, given, int(row), args.epsilon) for row in rows])
        times, share = (bootstrap_mean(column) for column in found.T)
        print(
            f"| `{name}` | {model.targets[0]} | {times[0]:.1f} [{times[1]:.1f}–{times[2]:.1f}] | "
            f"{share[0]:.0%} [{100 * share[1]:.0f}–{share[2]:.0%}] | {count} |",
            flush=True,
        )
    return 0


def measured(
    model: LoadedForecaster, given: GivenSeries, row: int, epsilon: float
) -> tuple[float, float]:
    """Of one origin: times as far as at random, and the share of the interval's mean width."""
    found = attack_series(model, given, epsilon=epsilon, origin=str(given.data.dates[row]))
    low, high = forecast_at(model, given, row, None).interval(80)
    moved = np.abs(found.after.median[:, 0] - found.before.median[:, 0]).mean()
    width = (high[:, 0] - low[:, 0]).mean()
    return abs(found.shift) / found.random.mean, float(moved / width)


if __name__ == "__main__":
    sys.exit(main())
