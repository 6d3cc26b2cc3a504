"""What every benchmark prints and writes: one table, one JSON, one exit status."""

import argparse
import json
import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from dlexplain.services.machine import compute_device, package_versions, this_machine

ROUNDS = 5


@dataclass(frozen=True)
class Row:
    """One figure; `name` says of what and whether more or less is better.

    value      median, in `unit`
    reference  the peer's or the floor's median, in `unit`, or None
    ratio      what `bound` bounds, or None
    """

    name: str
    value: float
    unit: str
    reference: float | None = None
    ratio: float | None = None
    bound: float | None = None
    ok: bool = True


def at_least(name: str, value: float, reference: float, bound: float) -> Row:
    """`value` seconds against a peer's `reference` seconds: how many times faster."""
    ratio = reference / value
    return Row(name, value, "s", reference, ratio, bound, ratio >= bound)


def at_most(name: str, value: float, bound: float, reference: float | None = None) -> Row:
    """Seconds within `bound` times the reference, or, without one, within `bound` seconds."""
    ratio = value / reference if reference else None
    return Row(name, value, "s", reference, ratio, bound, (ratio or value) <= bound)


def in_turn(
    sides: Sequence[tuple[str, Callable[[], float]]], rounds: int = ROUNDS
) -> dict[str, list[float]]:
    """Run the sides one after the other, again and again, and return their seconds by name.

    In turn, so that a busy minute of the machine falls on all of them; a name that stands several
    times runs as often in each round. The round before the first is not counted.
    """
    seconds: dict[str, list[float]] = {name: [] for name, _ in sides}
    for round_ in range(rounds + 1):
        for name, side in sides:
            taken = side()
            if round_ > 0:
                seconds[name].append(taken)
    return seconds


def median(values: list[float]) -> float:
    return statistics.median(values)


def arguments(description: str | None) -> argparse.Namespace:
    """--json FILE and --rounds N, as all benchmarks take them."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table there too")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="default: %(default)s")
    args = parser.parse_args()
    if args.rounds < ROUNDS:
        parser.error(f"--rounds is {args.rounds}; at least {ROUNDS} are accepted")
    return args


def report(rows: list[Row], file: Path | None) -> int:
    """Print the table, write the JSON, and return the exit status: 1 if a bound is missed."""
    machine = _machine()
    print("; ".join(f"{key} {value}" for key, value in machine.items()))
    width = max(len(row.name) for row in rows)
    print(f"{'':{width}}  {'value':>9} {'unit':7} {'reference':>9} {'ratio':>7} {'bound':>7}")
    for row in rows:
        print(
            f"{row.name:{width}}  {_text(row.value):>9} {row.unit:7} {_text(row.reference):>9}"
            f" {_text(row.ratio):>7} {_text(row.bound):>7}  {'ok' if row.ok else 'MISSED'}"
        )
    if file is not None:
        content = {"machine": machine, "rows": [asdict(row) for row in rows]}
        file.write_text(json.dumps(content, indent=2) + "\n")
    return 0 if all(row.ok for row in rows) else 1


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _machine() -> dict[str, str | int]:
    machine = this_machine()
    device, threads = compute_device()
    return {
        "processor": machine.processor,
        "cores": machine.cores,
        "memory_gb": round(machine.memory / 1e9),
        "system": machine.system,
        "device": device,
        "threads": threads,
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "default"),
        "python": machine.python,
        **{name: package_versions()[name] for name in ("torch", "captum")},
    }
