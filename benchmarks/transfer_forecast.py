"""Transfer of a forecaster: errors over how many months there are, with a parent and without.

python benchmarks/transfer_forecast.py FRED_MD.csv FILE.json [--seeds N]

Trains the network of fred-lstm on eight other series of FRED-MD for real, with fresh weights and
with fred-lstm's, on the last 25% and 50% and on all of the months before 2007, and beside them
takes fred-lstm as it is, by scales of these months. All are tested on the same origins from 2014-12
on; FILE is gone on with at a second call. The table is that of docs/transfer.md.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from numpy.typing import NDArray

from benchmarks.zero_shot import STAND_INS
from dlexplain.data.base import SeriesData, silent
from dlexplain.data.sets.fred_md import Params, load
from dlexplain.evaluation.intervals import block_bootstrap_mean
from dlexplain.execution.spec import RunSpec
from dlexplain.results import Backtest
from dlexplain.services.forecast.backtesting import backtest
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.inline import inline_queue
from dlexplain.services.training.presets import PRESETS
from dlexplain.services.training.runs import run
from dlexplain.services.training.test_results import results_of
from dlexplain.settings import settings
from dlexplain.tasks.forecast import MIDDLE

PARENT = "fred-lstm"
MONTHS = {"25%": 144, "50%": 288, "100%": 576}
"""Before 2007."""
EPOCHS = {"25%": 160, "50%": 80, "100%": 40}
"""About as many steps each; the epoch is chosen by the validation part, 2007 to 2014."""
WAYS = {"fresh": "fresh weights", "all": "all learn", "head": "the head learns"}
HORIZON = 12
Floats = NDArray[np.float64]


def shortened(path: Path, amount: str) -> Path:
    """FRED-MD without the first months."""
    lines = path.read_text().splitlines()
    head, rows = lines[:2], lines[2:]
    left = MONTHS["100%"] - MONTHS[amount]
    file = settings().home / f"fred-{MONTHS[amount]}.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([*head, *rows[left:]]) + "\n")
    return file


def spec_of(file: Path, amount: str, way: str, seed: int) -> RunSpec:
    like = PRESETS[PARENT].spec
    return complete(
        RunSpec(
            task="forecast", model=like.model, data="fred-md",
            task_params=like.task_params, model_params=like.model_params,
            data_params={"path": str(file), "series": STAND_INS, "targets": STAND_INS},
            training={**like.training, "epochs": EPOCHS[amount]},
            parent="" if way == "fresh" else PARENT,
            transfer={} if way == "fresh" else {"learns": way},
            seed=seed, device="cpu", name=f"months {amount}, {way}, seed {seed}",
        )
    )  # fmt: skip


def errors_of(found: Backtest, unit: Floats) -> list[float]:
    """(origins,) absolute errors over the unit, the mean over periods ahead and series."""
    said = found.forecasts[..., MIDDLE].astype(np.float64)
    each: Floats = (np.abs(said - found.truth) / unit).mean(axis=(1, 2))
    return [float(error) for error in each]


def measure(path: Path, file: Path, seeds: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(file.read_text()) if file.exists() else []
    done = {(row["amount"], row["way"], row["seed"]) for row in rows}
    data = load(Params(path=str(path), series=STAND_INS, targets=STAND_INS), Path(), silent)
    assert isinstance(data, SeriesData)
    # One unit for all: MASE's, on all months before 2007.
    unit = np.abs(np.diff(data.levels[: data.starts[0]], axis=0)).mean(axis=0)
    asked = [(a, "zero-shot", 0) for a in MONTHS]
    asked += [(a, w, seed) for seed in range(seeds) for a in MONTHS for w in WAYS]
    for amount, way, seed in asked:
        if (amount, way, seed) in done:
            continue
        short = shortened(path, amount)
        if way == "zero-shot":
            tested = backtest(PARENT, short, zero_shot=STAND_INS).tested
        else:
            row = inline_queue(settings().home).submit(spec_of(short, amount, way, seed))
            found = results_of(run(row.id)) if row.state == "finished" else None
            if not isinstance(found, Backtest):
                raise SystemExit(f"{row.name}: {row.why}")
            tested = found
        errors = errors_of(tested, unit)
        rows.append({"amount": amount, "way": way, "seed": seed, "errors": errors})
        file.write_text(json.dumps(rows))
        print(f"{amount}, {way}, seed {seed}: {np.mean(errors):.3f}", file=sys.stderr, flush=True)
    return rows


def of(rows: list[dict[str, Any]], amount: str, way: str) -> Floats:
    """(seeds, origins)"""
    found = [row for row in rows if (row["amount"], row["way"]) == (amount, way)]
    return np.array([row["errors"] for row in sorted(found, key=lambda row: row["seed"])])


def interval(values: Floats, sign: str = "") -> str:
    mean, low, high = block_bootstrap_mean(values, HORIZON)
    return f"{mean:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]".replace("-", "−")


def table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| months before 2007 | way | MASE | seeds | less fresh weights | n |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for amount, months in MONTHS.items():
        fresh = of(rows, amount, "fresh")
        for way, words in {"zero-shot": f"{PARENT} as it is", **WAYS}.items():
            errors = of(rows, amount, way)
            if not len(errors):
                continue
            each = ", ".join(f"{mean:.2f}" for mean in errors.mean(axis=1))
            less = "" if way == "fresh" else interval(errors.mean(0) - fresh.mean(0), "+")
            lines.append(
                f"| {amount} ({months}) | {words} | {interval(errors.mean(0))} | {each} | {less} "
                f"| {errors.shape[1]} |"
            )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("fred_md", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    print(table(measure(args.fred_md, args.file, args.seeds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
