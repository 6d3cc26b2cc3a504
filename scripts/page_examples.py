"""Make what pages show until there is something of the user's own, from what is in a home folder.

python scripts/page_examples.py runs FIELD ABOUT RUN...   runs in groups by a field of their specs
python scripts/page_examples.py sweep ID
python scripts/page_examples.py report ID LANGUAGE        made in this language, en or zh
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from dlexplain.execution.files import write_whole
from dlexplain.execution.paths import shipped_example
from dlexplain.results import Curve
from dlexplain.results.run_groups import GroupedRuns
from dlexplain.services.reporting.store import open_report
from dlexplain.services.sweeps.sweeping import sweep_now
from dlexplain.services.training import runs as service
from dlexplain.services.training.grouping import group_runs

CURVES = ("validation/accuracy", "validation/loss", "train/loss")
TESTS = ("test/accuracy", "test/loss")
MOST_POINTS = 40
"""Of a curve, so that the file stays small."""


def runs_in_groups(field: str, about: str, ids: list[str]) -> GroupedRuns:
    records = [service.run(one) for one in ids]
    curves = [thinned(curve) for key in CURVES for curve in service.curves(records, key)]
    tests = {
        key: {record.id: record.metrics[key] for record in records if key in record.metrics}
        for key in TESTS
    }
    return GroupedRuns(about, tuple(group_runs(records, field)), tuple(curves), tests)


def thinned(curve: Curve) -> Curve:
    """Every so many points, and the last."""
    every = max(1, len(curve) // MOST_POINTS)
    places = sorted({*range(0, len(curve), every), len(curve) - 1})
    return replace(curve, steps=curve.steps[places], values=curve.values[places])


def main() -> None:
    match sys.argv[1:]:
        case ["runs", field, about, *ids]:
            page, found = "runs", runs_in_groups(field, about, ids).to_dict()
        case ["sweep", wanted]:
            page, found = "sweep", sweep_now(wanted).to_dict()
        case ["report", wanted, language]:
            page, found = f"report.{language}", open_report(wanted).to_dict()
        case _:
            raise SystemExit(__doc__)
    file = shipped_example(page)
    file.parent.mkdir(exist_ok=True)
    write_whole(file, (json.dumps(found, indent=None) + "\n").encode())
    print(f"{file}, {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
