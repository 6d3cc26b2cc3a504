"""Forecasters on series that they never saw, beside plain forecasts: docs/transfer.md's tables.

python benchmarks/zero_shot.py macrodata
python benchmarks/zero_shot.py fred --data-path FRED_MD.csv

Trains the preset of one series for real and backtests it on others by scales of their own; of
FRED-MD the zoo's forecasters of eight series too, on eight others.
"""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(Path(__file__).parents[1]))

from dlexplain.errors import DlexplainError
from dlexplain.results import SeriesBacktest
from dlexplain.results.mean_errors import measured
from dlexplain.services.forecast.backtesting import backtest
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.inline import inline_queue
from dlexplain.services.training.presets import PRESETS
from dlexplain.settings import settings

STAND_INS = "UEMPMEAN, PCEPI, IPMANSICS, USGOOD, TB3MS, GS5, PERMIT, INVEST"
"""For unemployment (its mean duration), prices, industry, employees, two interest rates, housing;
for share prices, of which there is no other index, securities in bank credit."""
ZOO = ("fred-lstm", "fred-gru", "fred-transformer")
COLUMNS = {
    "macrodata": (
        "realgdp", "realcons", "realinv", "realdpi", "realgovt", "cpi", "m1", "pop", "unemp",
    ),
    "fred": (
        "INDPRO", "IPMANSICS", "RPI", "DPCERA3M086SBEA", "PAYEMS", "CPIAUCSL", "M2SL", "S&P 500",
        "UEMPMEAN", "UNRATE", "EXJPUSx",
    ),
}  # fmt: skip
PLAIN = ("random walk", "seasonal naive", "drift", "AR")


def trained(setting: str, path: str) -> str:
    """The id of the preset's run."""
    spec = PRESETS[f"{setting}-univariate"].spec
    data = {**spec.data_params, **({"path": path} if path else {})}
    run = inline_queue(settings().home).submit(complete(replace(spec, data_params=data)))
    if run.state != "finished":
        raise SystemExit(f"{run.name}: {run.why}")
    return run.id


def rows(found: SeriesBacktest) -> list[str]:
    """One a series: the model's mean error, and how much it is more than each plain one's."""
    told = []
    for name in found.tested.names:
        of = {mean.forecaster: mean for mean in found.means if mean.series == name}
        cells = [f"{found.model}", name, measured(of["model"].mase)]
        cells += [measured(of[p].more, "+") if of[p].more else "" for p in PLAIN if p in of]
        told.append(f"| {' | '.join([*cells, str(of['model'].mase.n)])} |")
    return told


def show(model: str, source: str, columns: str, called: str = "") -> None:
    try:
        found = backtest(model, source, zero_shot=columns)
    except DlexplainError as error:
        print(f"{columns}: {error}", file=sys.stderr, flush=True)
        return
    print("\n".join(rows(replace(found, model=called or model))), flush=True)
    for note in found.notes:
        print(f"{columns}: {note}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("setting", choices=list(COLUMNS))
    parser.add_argument("--data-path", default="", help="FRED-MD's CSV, if it is not fetched")
    parser.add_argument("--run", default="", help="a run of the preset, instead of training it")
    args = parser.parse_args()
    source = args.data_path or {"fred": "fred-md"}.get(args.setting, args.setting)
    run = args.run or trained(args.setting, args.data_path)
    head = ["model", "series", "MASE", *(f"less {plain}" for plain in PLAIN), "n"]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}", flush=True)
    for column in COLUMNS[args.setting]:
        show(run, source, column, f"{args.setting}-univariate")
    for model in ZOO if args.setting == "fred" else ():
        show(model, source, STAND_INS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
