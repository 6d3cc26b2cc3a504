"""Fifty visitors at once against one alone; and what a hundred visits leave in memory.

python benchmarks/sessions.py [--json FILE] [--sessions N] [--visits N]

A real server, and visitors without a browser (tests/load/visitor.py): each opens the page Image,
uploads a picture that nobody has uploaded before, and waits for its classes and for its Grad-CAM.
The bound is that of no waste: all visitors' processor time, as one alone costs it, over the
processors that this machine has.
"""

import argparse
import io
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import psutil
from PIL import Image

from benchmarks.table import Row, at_most, median, report
from dlexplain.data.samples import sample_path
from tests.browser.dashboard import serving
from tests.load.visitor import Visitor

ALONE = 7
"""Visits of one alone, one after the other; the first two warm what is loaded once."""
TENTH, GROWTH = 10, 1.05
FORGOTTEN_SECONDS = 200
"""After which Streamlit has forgotten who left: two minutes, and what is left over."""


@dataclass(frozen=True)
class Visit:
    """Seconds from the upload to the classes and to the map."""

    classes: float
    map: float


def picture(seed: int) -> bytes:
    """The rocket with noise: its class is known, and it is in no memory."""
    with Image.open(sample_path("rocket")) as found:
        values = np.asarray(found.convert("RGB")).astype(int)
    noise = np.random.default_rng(seed).integers(-8, 9, values.shape)
    file = io.BytesIO()
    Image.fromarray(np.clip(values + noise, 0, 255).astype(np.uint8)).save(file, "JPEG")
    return file.getvalue()


def ready(page: Visitor) -> bool:
    """Whether the page is drawn and something can be uploaded."""
    return "file_uploader" in page.kinds() and not page.running


def visit(server: str, content: bytes) -> Visit:
    with Visitor(server, "image", {"methods": "grad-cam"}) as visitor:
        visitor.until(ready)
        before = visitor.pictures()
        started = time.perf_counter()
        visitor.upload(("rocket.jpg", content))
        visitor.until(lambda page: "missile" in page.text())
        classes = time.perf_counter() - started
        visitor.until(lambda page: set(page.pictures("Grad-CAM: missile")) - set(before))
        return Visit(classes, time.perf_counter() - started)


def together(server: str, contents: list[bytes]) -> tuple[list[Visit], list[str]]:
    """Visits at once, and what went wrong."""
    visits: list[Visit] = []
    wrong: list[str] = []

    def one(content: bytes) -> None:
        try:
            visits.append(visit(server, content))
        except Exception as error:  # a visitor's failure is a figure here
            wrong.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=one, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return visits, wrong


def of_server(home: Path) -> psutil.Process:
    """The dashboard that has this home folder."""
    for child in psutil.Process().children(recursive=True):
        if child.environ().get("DLEXPLAIN_HOME") == str(home) and "serve.py" in str(
            child.cmdline()
        ):
            return child
    raise SystemExit("the server is not there")


def processor_seconds(server: psutil.Process) -> float:
    """Of it and of the processes that decode for it."""
    family = [server, *server.children(recursive=True)]
    return sum(sum(one.cpu_times()[:2]) for one in family)


def megabytes(server: psutil.Process) -> float:
    return server.memory_info().rss / 1e6


@contextmanager
def dashboard() -> Iterator[tuple[str, psutil.Process]]:
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as address:
        yield address, of_server(Path(home))


def at_once(sessions: int) -> list[Row]:
    contents = [picture(seed) for seed in range(sessions + ALONE)]
    with dashboard() as (address, server):
        alone: list[Visit] = []
        costs: list[float] = []
        for content in contents[:ALONE]:
            before = processor_seconds(server)
            alone.append(visit(address, content))
            costs.append(processor_seconds(server) - before)
        alone, costs = alone[2:], costs[2:]
        found, wrong = together(address, contents[ALONE:])
    for told in wrong:
        print(told, file=sys.stderr)
    cores = len(os.sched_getaffinity(0))
    whole = sessions * median(costs) / cores
    classes, maps = [v.classes for v in found], [v.map for v in found]
    return [
        Row("One alone: classes", median([v.classes for v in alone]), "s"),
        Row("One alone: map", median([v.map for v in alone]), "s"),
        Row("One alone: processor time of a visit", median(costs), "s"),
        Row(f"{sessions} at once: classes, p50", median(classes), "s"),
        Row(f"{sessions} at once: classes, p95", float(np.quantile(classes, 0.95)), "s"),
        Row(f"{sessions} at once: map, p50", median(maps), "s"),
        at_most(f"{sessions} at once: map, p95", float(np.quantile(maps, 0.95)), 1.0, whole),
        Row(f"{sessions} at once: failed", len(wrong), "", None, len(wrong), 0, not wrong),
    ]  # fmt: skip


def one_after_the_other(visits: int) -> list[Row]:
    with dashboard() as (address, server):
        after = []
        for seed in range(visits):
            visit(address, picture(1000 + seed))
            after.append(megabytes(server))
        stop = time.monotonic() + FORGOTTEN_SECONDS
        while megabytes(server) > after[TENTH - 1] and time.monotonic() < stop:
            time.sleep(5)
        rest = megabytes(server)
    tenth = after[TENTH - 1]
    return [
        Row("Memory after the first visit", after[0], "MB"),
        Row(f"Memory after visit {visits} over that after the tenth", after[-1], "MB", tenth,
            after[-1] / tenth, GROWTH, after[-1] <= GROWTH * tenth),
        Row("Memory when they are forgotten", rest, "MB", tenth, rest / tenth),
    ]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table there too")
    parser.add_argument("--sessions", type=int, default=50, help="default: %(default)s")
    parser.add_argument("--visits", type=int, default=100, help="default: %(default)s")
    args = parser.parse_args()
    if args.sessions < 2 or args.visits <= TENTH:
        parser.error(f"at least 2 sessions and {TENTH + 1} visits are accepted")
    return report(at_once(args.sessions) + one_after_the_other(args.visits), args.json)


if __name__ == "__main__":
    sys.exit(main())
