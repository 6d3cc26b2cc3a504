"""The page: seconds to first paint, to classes, to maps that are in memory, and what a page adds to
the explanations that it asks for.

python benchmarks/page.py [--json FILE] [--rounds N]

A real Chromium (CHROMIUM names it) and a real server, started anew each round as `make run`
starts it. Every time is what a person would clock, from the command or click to the pixels.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.table import Row, arguments, at_most, median, report
from dlexplain.data.samples import sample, sample_path
from dlexplain.explainers.base import methods_for
from dlexplain.services.pictures.explain import method_infos  # noqa: F401, registers them
from tests.browser.dashboard import FLAGS, serving

BOUNDS = {
    "Server start to first paint": 3.0,
    "Upload to classes, right after a cold start": 5.0,
    "Upload to classes, model loaded": 1.0,
    "A map that is in memory, click to pixels": 0.3,
    "Three maps that are in memory, click to pixels": None,
}
WORK = {
    "Three methods, click to all maps, over the same calls in Python": (
        "grad-cam", "integrated-gradients", "superpixel-ablation",
    ),
    "All methods, click to all maps, over the same calls in Python": tuple(methods_for("picture")),
}  # fmt: skip
WORK_BOUND = 1.2
WORK_ROUNDS = 3
"""Of each side, in turn; all methods take a minute."""
CALLS = """
import sys, time
import dlexplain as dx
from dlexplain.data.samples import read_sample
from dlexplain.services.pictures.explain import method_infos

model = dx.load()
known = {info.name for info in method_infos(model)}
methods = [name for name in sys.argv[1:] if name in known]
for sample in ("rocket", "coffee"):  # the first warms what is imported and measured once
    picture = read_sample(sample)
    started = time.perf_counter()
    dx.predict(model, picture)
    for method in methods:
        dx.explain(model, picture, method)
    seconds = time.perf_counter() - started
print(seconds)
"""
LIMIT_MS = 60_000
# Asked by the browser at every frame. Streamlit marks what is left from before as stale.
MAPS_OF = """([label, count]) => document.body.innerText.split(label).length > 2 + count
    && document.querySelectorAll(`[data-testid=stImage] img[alt$=": ${label}"]`).length === count
    && !document.querySelector('[data-stale="true"]')
    && (window.shown = performance.now())"""
NOTE_CLICKS = (
    "document.addEventListener('click', () => { window.clicked = performance.now() }, true)"
)
ALL_DONE = """label => !document.querySelector('[data-testid=stProgress]')
    && document.querySelector(`[data-testid=stImage] img[alt$=": ${label}"]`)
    && document.querySelector('[data-testid=stMain]').innerText.includes('Download everything')"""
POLL_MS = 50
"""Of what takes seconds: asked at every frame, the question itself takes the page's processor."""
ALL, ONE = 3, 1


def main() -> int:
    args = arguments(__doc__)
    if "CHROMIUM" not in os.environ:
        print("set CHROMIUM to the path of a Chromium, or run: make bench", file=sys.stderr)
        return 2
    seconds: dict[str, list[float]] = defaultdict(list)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=FLAGS)
        for round_ in range(args.rounds + 1):  # the first warms the disk
            for name, taken in one_round(browser).items():
                if round_ > 0:
                    seconds[name].append(taken)
        browser.close()
    rows = [
        at_most(name, median(seconds[name]), bound)
        if bound
        else Row(name, median(seconds[name]), "s")
        for name, bound in BOUNDS.items()
    ]
    rows += work_rows()
    return report(rows, args.json)


def work_rows() -> list[Row]:
    """What the page adds to the explanations: both sides in turn, in processes of their own."""
    rows = []
    for name, methods in WORK.items():
        seconds: dict[str, list[float]] = defaultdict(list)
        for _ in range(WORK_ROUNDS):
            with tempfile.TemporaryDirectory() as home:
                seconds["calls"].append(calls(Path(home), methods))
                seconds["page"].append(worked(Path(home), methods))  # with the same chunks
        rows.append(at_most(name, median(seconds["page"]), WORK_BOUND, median(seconds["calls"])))
    return rows


def calls(home: Path, methods: Sequence[str]) -> float:
    """Seconds that the same explanations take one after the other in Python."""
    environment = os.environ | {"DLEXPLAIN_HOME": str(home), "OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run(
        [sys.executable, "-c", CALLS, *methods],
        env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return float(done.stdout.splitlines()[-1])


def worked(home: Path, methods: Sequence[str]) -> float:
    """Seconds from the click on a picture to the last of its maps, with nothing in memory."""
    with sync_playwright() as playwright, serving(home) as address:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=FLAGS)
        page = opened(browser, f"{address}/image?sample=rocket&methods={','.join(methods)}")
        page.set_default_timeout(10 * LIMIT_MS)
        page.wait_for_function(ALL_DONE, arg="missile")
        page.wait_for_timeout(12_000)  # the server has imported what it imports later
        started = time.perf_counter()
        page.get_by_role("radio", name=sample("coffee").title).click()
        page.wait_for_function(ALL_DONE, arg="espresso", polling=POLL_MS)
        seconds = time.perf_counter() - started
        browser.close()
    return seconds


def one_round(browser: Browser) -> dict[str, float]:
    """Every figure once, on a server of its own."""
    found = {}
    with tempfile.TemporaryDirectory() as home:
        started = time.perf_counter()
        with serving(Path(home)) as address:
            page = opened(browser, f"{address}/image")
            found["Server start to first paint"] = time.perf_counter() - started
            found["Upload to classes, right after a cold start"] = upload(page, "coffee")
            maps(page, "espresso", ALL)
            page.close()

            page = opened(browser, f"{address}/image")
            page.wait_for_timeout(1000)  # a person needs longer to choose a file
            found["Upload to classes, model loaded"] = upload(page, "coffee")
            maps(page, "espresso", ALL)
            page.close()

            one, all_ = (name for name in BOUNDS if "in memory" in name)
            found[one] = from_memory(browser, f"{address}/image?methods=integrated-gradients", ONE)
            found[all_] = from_memory(browser, f"{address}/image?", ALL)
    return found


def opened(browser: Browser, address: str) -> Page:
    """The page, painted."""
    page = browser.new_page(
        viewport={"width": 1440, "height": 1000}, bypass_csp=True
    )  # what is waited for is evaluated in the page
    page.set_default_timeout(LIMIT_MS)
    page.goto(address)
    page.get_by_role("heading", name="Explain a picture").wait_for()
    return page


def upload(page: Page, name: str) -> float:
    """Seconds from the file's choice to the heading with its class."""
    started = time.perf_counter()
    page.locator("input[type=file]").first.set_input_files(sample_path(name))
    page.get_by_role("heading", name="espresso").wait_for()
    return time.perf_counter() - started


def from_memory(browser: Browser, address: str, count: int) -> float:
    """Seconds, by the browser's own clock, from the click on a picture to its maps."""
    page = opened(browser, f"{address}&sample=rocket")
    maps(page, "missile", count)
    page.wait_for_timeout(2000)  # let the page come to rest
    page.evaluate(NOTE_CLICKS)
    page.get_by_role("radio", name=sample("coffee").title).click()
    maps(page, "espresso", count)
    seconds = float(page.evaluate("(window.shown - window.clicked) / 1000"))
    page.close()
    return seconds


def maps(page: Page, label: str, count: int) -> None:
    """Wait for all maps of a class."""
    page.wait_for_function(MAPS_OF, arg=[label, count], polling="raf")


if __name__ == "__main__":
    sys.exit(main())
