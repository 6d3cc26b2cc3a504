"""Two uploads that are made to hold a server up, and what they cost it and another visitor.

python benchmarks/heavy_uploads.py [--json FILE] [--rounds N]

A JPEG whose last scan stands there 400 times, and six pictures of 64 megapixels in 5 MB together. A
real server; one visitor uploads them again and again while another uploads pictures of their own
and waits for the classes, as alone before, in turn.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import psutil
from PIL import Image

from benchmarks.sessions import dashboard, megabytes, picture, ready
from benchmarks.table import Row, arguments, at_most, in_turn, median, report
from tests.bad_pictures import encoded, repeated_scan
from tests.load.visitor import Visitor

REFUSED_SECONDS, SLOWER = 2.0, 1.5
BACK_SECONDS, LEFT_OVER = 10.0, 1.05
UPLOADS = 5
"""Of the other visitor's in each round."""
Files = list[tuple[str, bytes]]


def classes(visitor: Visitor, seeds: Iterator[int]) -> float:
    """Median seconds from an upload to its classes; between two the page shows its example."""
    seconds = []
    for _ in range(UPLOADS):
        content = picture(next(seeds))
        started = time.perf_counter()
        visitor.upload(("rocket.jpg", content))
        visitor.until(lambda page: "missile" in page.text())
        seconds.append(time.perf_counter() - started)
        visitor.forget_uploads()
        visitor.until(lambda page: "missile" not in page.text() and not page.running)
    return median(seconds)


def until_told(server: str, files: Files, says: str) -> float:
    """Seconds until one who comes with these files is told so, or sees the first one's classes."""
    with Visitor(server, "image") as visitor:
        visitor.until(ready)
        started = time.perf_counter()
        visitor.upload(*files)
        visitor.until(lambda page: says in page.text())
        return time.perf_counter() - started


@contextmanager
def again_and_again(upload: Callable[[], float], found: list[float]) -> Iterator[None]:
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            found.append(upload())

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def of_kind(
    address: str, server: psutil.Process, name: str, files: Files, says: str, rounds: int
) -> list[Row]:
    seeds = iter(range(10_000))
    told: list[float] = []

    def beside() -> float:
        with again_and_again(lambda: until_told(address, files, says), told):
            return classes(other, seeds)

    until_told(address, files, says)  # what it loads once is no leak
    time.sleep(BACK_SECONDS)
    with Visitor(address, "image", {"methods": "grad-cam"}) as other:
        other.until(ready)
        classes(other, seeds)
        before = megabytes(server)
        sides = [("alone", lambda: classes(other, seeds)), ("beside", beside)]
        found = in_turn(sides, rounds)
        time.sleep(BACK_SECONDS)
        after = megabytes(server)
    usual = median(found["alone"])
    return [
        at_most(f"{name}: until it is told", median(told), REFUSED_SECONDS),
        at_most(f"{name}: another's classes meanwhile", median(found["beside"]), SLOWER, usual),
        Row(f"{name}: memory {BACK_SECONDS:g} s later", after, "MB", before, after / before,
            LEFT_OVER, after <= LEFT_OVER * before),
    ]  # fmt: skip


def main() -> int:
    args = arguments(__doc__)
    square = encoded(Image.new("L", (8000, 8000)), "PNG")
    bomb = repeated_scan(Image.new("RGB", (8000, 8000), "red"), 400)
    rows = []
    with dashboard() as (address, server):
        for name, files, says in (
            ("Repeated scans", [("bomb.jpg", bomb)], "more than 100 scans"),
            ("Six of 64 megapixels", [(f"{n}.png", square) for n in range(6)], "nematode"),
        ):
            rows += of_kind(address, server, name, files, says, args.rounds)
    return report(rows, args.json)


if __name__ == "__main__":
    sys.exit(main())
