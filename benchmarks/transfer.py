"""Transfer: accuracy over how many examples of each class there are, with a parent and without.

python benchmarks/transfer.py FILE.json [--home FOLDER] [--pairs a,b] [--seeds N]
python benchmarks/transfer.py FILE.json --draw FOLDER

Trains every pair's presets (services/training/presets/transfer.py) for real, over amounts of data,
ways of learning on and seeds, into FILE.json, which a second call goes on with; --draw makes the
table and the figure of docs/transfer.md from it. The test part is the same for all; which examples
are learned from is drawn by the seed, and is the same for all ways.
"""

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the worker's process has it
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from dlexplain.evaluation.intervals import bootstrap_mean
from dlexplain.execution.spec import RunSpec
from dlexplain.results.words import wilson
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.inline import inline_queue
from dlexplain.services.training.presets import PRESETS
from dlexplain.trained.runs import run_sizes

PAIRS = {
    "digits": "mnist-cnn → digits of 28 × 28",
    "shapes": "cifar10-cnn → shapes",
    "tweets": "sst2-transformer → tweets",
}
AMOUNTS: dict[int, dict[str, int]] = {
    10: {"epochs": 16, "batch_size": 8},
    50: {"epochs": 8, "batch_size": 8},
    250: {"epochs": 8, "batch_size": 16},
}
"""Examples a class, and how long all ways learn from them."""
WAYS = {"fresh": "fresh weights", "all": "all learn", "head": "the head learns",
        "adapters": "adapters learn"}  # fmt: skip
ONLY = {"adapters": (50,)}
"""Ways that are measured at some amounts only."""


def spec_of(pair: str, way: str, amount: int, seed: int) -> RunSpec:
    name = f"transfer-{pair}-fresh" if way == "fresh" else f"transfer-{pair}"
    spec = PRESETS[name].spec
    training = {**spec.training, **AMOUNTS[amount], "examples_per_class": amount}
    transfer = {} if way == "fresh" else {"learns": way}
    return complete(
        replace(spec, training=training, transfer=transfer, seed=seed, device="cpu",
                name=f"{pair}, {way}, {amount} a class, seed {seed}")
    )  # fmt: skip


def train(file: Path, home: Path, pairs: list[str], seeds: int) -> None:
    rows = json.loads(file.read_text()) if file.exists() else []
    done = {(r["pair"], r["way"], r["amount"], r["seed"]) for r in rows}
    asked = [
        (pair, way, amount, seed)
        for seed in range(seeds)
        for amount in AMOUNTS
        for way in WAYS
        for pair in pairs
        if amount in ONLY.get(way, AMOUNTS)
    ]
    for case in asked:
        if case in done:
            continue
        run = inline_queue(home).submit(spec_of(*case))
        if run.state != "finished":
            raise SystemExit(f"{run.name}: {run.why}")
        sizes = run_sizes(run, home)
        pair, way, amount, seed = case
        rows.append({
            "pair": pair, "way": way, "amount": amount, "seed": seed, "run": run.id,
            "accuracy": run.progress["metrics"]["test/accuracy"],
            "train": sizes["train"], "test": sizes["test"],
        })  # fmt: skip
        file.write_text(json.dumps(rows, indent=1))
        print(f"{run.name}: {rows[-1]['accuracy']:.1%}", flush=True)


def of(rows: list[dict[str, Any]], pair: str, way: str, amount: int) -> list[dict[str, Any]]:
    same = {"pair": pair, "way": way, "amount": amount}
    found = [row for row in rows if all(row[key] == value for key, value in same.items())]
    return sorted(found, key=lambda row: row["seed"])


def cell(found: list[dict[str, Any]]) -> tuple[float, float, float]:
    """Mean over the seeds, and the interval of one test of that accuracy (Wilson, n test
    examples): what another test part would give. How far seeds differ stands beside it."""
    mean = float(np.mean([row["accuracy"] for row in found]))
    return mean, *wilson(mean, found[0]["test"])


def gain(rows: list[dict[str, Any]], pair: str, way: str, amount: int) -> str:
    """Points above fresh weights, by seed, with the interval over seeds."""
    fresh, other = of(rows, pair, "fresh", amount), of(rows, pair, way, amount)
    gains = 100 * np.array(
        [o["accuracy"] - f["accuracy"] for f, o in zip(fresh, other, strict=False)]
    )
    if len(gains) < 3:
        return f"{gains.mean():+.1f}".replace("-", "−")
    mean, low, high = bootstrap_mean(gains)
    return f"{mean:+.1f} [{low:+.1f} to {high:+.1f}]".replace("-", "−")


def table(rows: list[dict[str, Any]]) -> str:
    columns = (
        "pair", "examples a class", "way", "accuracy, mean of the seeds", "seeds",
        "points above fresh",
    )  # fmt: skip
    lines = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    for pair, title in PAIRS.items():
        for amount in AMOUNTS:
            for way, words in WAYS.items():
                if not (found := of(rows, pair, way, amount)):
                    continue
                mean, low, high = cell(found)
                each = ", ".join(f"{100 * row['accuracy']:.1f}" for row in found)
                more = "" if way == "fresh" else gain(rows, pair, way, amount)
                lines.append(
                    f"| {title} | {amount} ({found[0]['train']:,} in all) | {words} | {mean:.1%} "
                    f"[{100 * low:.1f}–{high:.1%}], n = {found[0]['test']:,} | {each} | {more} |"
                )
    return "\n".join(lines)


def draw(rows: list[dict[str, Any]], folder: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams |= {"svg.hashsalt": "transfer", "font.size": 9}
    pairs = [pair for pair in PAIRS if any(row["pair"] == pair for row in rows)]
    figure, axes = pyplot.subplots(1, len(pairs), figsize=(3.2 * len(pairs), 3.2))
    for axis, pair in zip(np.atleast_1d(axes), pairs, strict=True):
        for way, colour in (("fresh", "#777777"), ("all", "#1f77b4"), ("head", "#d95f02")):
            points = [(a, found) for a in AMOUNTS if (found := of(rows, pair, way, a))]
            cells = [cell(found) for _, found in points]
            x = [amount for amount, _ in points]
            y = np.array([100 * mean for mean, _, _ in cells])
            off = 100 * np.array([[m - low, high - m] for m, low, high in cells]).T
            axis.errorbar(x, y, yerr=off, color=colour, marker="o", capsize=3, label=WAYS[way])
        axis.set(xscale="log", title=PAIRS[pair])
        axis.set_xticks(list(AMOUNTS), [str(amount) for amount in AMOUNTS])
        axis.set_xlabel("examples a class")
        axis.minorticks_off()
    np.atleast_1d(axes)[0].set_ylabel("test accuracy, %")
    np.atleast_1d(axes)[0].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(folder / "transfer.svg", metadata={"Date": None})


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--home", type=Path, default=Path("transfer-runs"))
    parser.add_argument("--pairs", default=",".join(PAIRS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--draw", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    if args.draw is None:
        train(args.file, args.home, args.pairs.split(","), args.seeds)
    rows = json.loads(args.file.read_text())
    print(table(rows))
    if args.draw is not None:
        draw(rows, args.draw)
    return 0


if __name__ == "__main__":
    sys.exit(main())
