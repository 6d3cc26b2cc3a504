"""Many runs: seconds to list 2,000 and to compare 20 of them, with 200 points of 10 metrics each.

python benchmarks/runs.py [--json FILE] [--rounds N]

The store is filled for the purpose. Each page is drawn by Streamlit's AppTest in a session of its
own; the 20 are others each round and the server's caches are emptied, so nothing is remembered.
"""

import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import streamlit as st
from streamlit.testing.v1 import AppTest

from benchmarks.table import Row, arguments, at_most, in_turn, median, report
from dlexplain.execution import journal
from dlexplain.execution.journal import Point
from dlexplain.execution.paths import states_file
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import RunRow, States
from dlexplain.services.training import runs as service
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.comparison import metric_table

PAGES = Path(__file__).parents[1] / "pages" / "train"
RUNS, POINTS, COMPARED = 2000, 200, 20
METRICS = (
    "train/loss", "train/accuracy", "train/learning_rate", "train/gradient_norm",
    "train/weight_norm", "validation/loss", "validation/accuracy", "validation/top5_accuracy",
    "validation/calibration_error", "test/accuracy",
)  # fmt: skip
LIST_SECONDS, COMPARE_SECONDS = 1.5, 2.0
LIMIT = 120


def fill(home: Path) -> list[str]:
    """Finished runs that differ in width, rate and seed; returns their ids."""
    states = States(states_file(home))
    rows = []
    for place in range(RUNS):
        rate, width = (1e-4, 1e-3, 1e-2)[place % 3], (16, 32, 64)[place // 3 % 3]
        spec = RunSpec(
            task="classify-image", model="cnn", data="digits", seed=place,
            training={"learning_rate": rate}, model_params={"width": width},
            name=f"digits {place}",
        )  # fmt: skip
        row = states.add(complete(spec))
        states.move(row.id, "running", "filled")
        rows.append(states.attach(row.id))
    for row, last in zip(rows, draw(home, rows), strict=True):
        progress = {
            "phase": "training", "step": 10 * POINTS, "steps": 10 * POINTS, "epoch": 5,
            "epochs": 5, "speed": 12.5, "monitor": "validation/accuracy",
            "best": last["validation/accuracy"], "metrics": last, "notes": [],
        }  # fmt: skip
        states.heartbeat(row.id, progress)
        states.move(row.id, "finished", "trained and tested")
    return [row.id for row in rows]


def draw(home: Path, rows: list[RunRow]) -> list[dict[str, float]]:
    """Write the runs' journals; returns the last value of each metric of each run."""
    generator, now = np.random.default_rng(0), time.time()
    lasts = []
    for row in rows:
        values = np.exp(-10 * np.arange(POINTS)[:, None] / 700)
        values = values + 0.05 * generator.normal(size=(POINTS, len(METRICS)))
        journal.append(
            home,
            row.id,
            [
                Point(key, float(value), 10 * place, now + 10 * place)
                for place, at_once in enumerate(values)
                for key, value in zip(METRICS, at_once, strict=True)
            ],
        )
        lasts.append(dict(zip(METRICS, map(float, values[-1]), strict=True)))
    return lasts


def drawn(page: AppTest) -> AppTest:
    page.run()
    if page.exception:
        raise RuntimeError(page.exception[0].value)
    return page


def clocked(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


class Comparing:
    """The comparing page on 20 runs, others each round."""

    def __init__(self, ids: list[str]) -> None:
        self.ids, self.round = ids, 0
        self.page = AppTest.from_file(str(PAGES / "3_compare.py"), default_timeout=LIMIT)

    def curves(self) -> float:
        """Seconds of a first visit."""
        st.cache_data.clear()
        self.page = AppTest.from_file(str(PAGES / "3_compare.py"), default_timeout=LIMIT)
        self.page.query_params["runs"] = ",".join(self.chosen())
        seconds = clocked(lambda: drawn(self.page))
        self.round += 1
        return seconds

    def table(self) -> float:
        """Seconds from choosing `best` to the table of all metrics."""
        self.page.segmented_control(key="compare-section").set_value("Table")
        drawn(self.page)
        st.cache_data.clear()
        self.page.segmented_control(key="which").set_value("best")
        return clocked(lambda: drawn(self.page))

    def service(self) -> float:
        """The same without the page."""
        chosen = self.chosen()
        records = [record for record in service.runs() if record.id in chosen]
        return clocked(lambda: metric_table(records, METRICS, "best"))

    def chosen(self) -> list[str]:
        start = self.round * COMPARED % RUNS
        return self.ids[start : start + COMPARED]


def main() -> int:
    args = arguments(__doc__)
    logging.disable(logging.WARNING)  # Streamlit tells that there is no server
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DLEXPLAIN_HOME"] = folder
        started = time.perf_counter()
        ids = fill(Path(folder))
        filled = time.perf_counter() - started
        comparing = Comparing(ids)
        sides = [
            ("list", lambda: clocked(service.runs)),
            ("list page", lambda: clocked(list_page)),
            ("curves page", comparing.curves),
            ("table page", comparing.table),
            ("table", comparing.service),
        ]
        seconds = {name: median(taken) for name, taken in in_turn(sides, args.rounds).items()}
    rows = [
        Row(f"Filling a store with {RUNS:,} runs", filled, "s"),
        at_most(f"{RUNS:,} runs, the list", seconds["list"], LIST_SECONDS),
        at_most(f"{RUNS:,} runs, their page", seconds["list page"], LIST_SECONDS),
        at_most(f"{COMPARED} compared, page of curves", seconds["curves page"], COMPARE_SECONDS),
        at_most(f"{COMPARED} compared, the best of {len(METRICS)} metrics", seconds["table"],
                COMPARE_SECONDS),
        at_most(f"{COMPARED} compared, page of these", seconds["table page"], COMPARE_SECONDS),
    ]  # fmt: skip
    return report(rows, args.json)


def list_page() -> None:
    page = drawn(AppTest.from_file(str(PAGES / "2_runs.py"), default_timeout=LIMIT))
    if len(page.dataframe[0].value) != RUNS:
        raise RuntimeError(f"the page lists {len(page.dataframe[0].value)} runs")


if __name__ == "__main__":
    sys.exit(main())
