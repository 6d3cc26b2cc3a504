"""A real Chromium: a run is launched, watched, outlives browser and dashboard, is explained."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from dlexplain.execution.executor import local_queue
from dlexplain.execution.states import RunRow
from tests.browser.dashboard import SLOW, serving, told

EPOCHS = "40"
TRAINED = 600_000
"""Milliseconds until it has ended; a run beside other work of the machine is served last."""
expect.set_options(timeout=SLOW)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home folder; whatever still trains in it is stopped at the end."""
    folder = tmp_path_factory.mktemp("home")
    yield folder
    queue = local_queue(folder)
    for row in queue.states.all():
        if row.active:
            queue.cancel(row.id)
            if row.pid is not None and psutil.pid_exists(row.pid):
                psutil.Process(row.pid).resume()


def opened(browser: Browser, address: str, width: int = 1440) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 1000})
    page.set_default_timeout(SLOW)
    page.goto(address)
    return page


def only_run(home: Path) -> RunRow:
    (row,) = local_queue(home).states.all()
    return row


def held(home: Path) -> psutil.Process:
    """The only run's worker, stopped in the middle of its training."""
    queue = local_queue(home)
    stop = time.monotonic() + TRAINED / 1000
    while not (rows := queue.states.all()) or not rows[0].progress.get("step"):
        assert time.monotonic() < stop, "it does not train"
        time.sleep(0.05)
    assert rows[0].pid is not None
    worker = psutil.Process(rows[0].pid)
    worker.suspend()
    return worker


def step_shown(page: Page) -> int:
    text = page.get_by_text(re.compile(r"step [\d,]+ of")).inner_text()
    found = re.search(r"step ([\d,]+) of", text)
    assert found is not None
    return int(found[1].replace(",", ""))


def test_a_run_outlives_browser_and_dashboard_and_is_explained(
    browser: Browser, home: Path
) -> None:
    with serving(home) as address:
        page = opened(browser, f"{address}/launch?preset=digits-cnn")
        page.get_by_text("Training", exact=True).click()
        epochs = page.get_by_label("Epochs", exact=True)
        epochs.fill(EPOCHS)
        epochs.press("Enter")
        page.get_by_role("button", name="Start training").click()
        # A browser beside other work may be slower than a training: it is held, but for moments.
        worker = held(home)
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Digits"))
        expect(page.get_by_text(re.compile(r"step [\d,]+ of"))).to_be_visible()
        first, curve = step_shown(page), page.locator(".js-plotly-plot .scatterlayer path.js-line")
        stop = time.monotonic() + SLOW / 1000
        while step_shown(page) == first or not curve.count():
            assert time.monotonic() < stop, "no further step is shown, or no curve"
            worker.resume()
            page.wait_for_timeout(1000)
            worker.suspend()
            page.wait_for_timeout(2000)
        page.close()
    assert only_run(home).state == "running"
    worker.resume()
    with serving(home) as address:
        page = opened(browser, f"{address}/runs?run={only_run(home).id}")
        expect(page.get_by_text(re.compile("finished$")).first).to_be_visible(timeout=TRAINED)
        row = only_run(home)
        assert (row.state, row.progress["epoch"]) == ("finished", int(EPOCHS))
        assert row.progress["metrics"]["test/accuracy"] > 0.9
        page.get_by_role("button", name=re.compile("Explain pictures")).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Explain a picture")
        expect(page.get_by_text(re.compile("Digits, the article's CNN")).first).to_be_visible()
        page.close()
    assert "Traceback" not in told(home)


def test_pages_of_trainings_are_not_wider_than_the_window(browser: Browser, home: Path) -> None:
    run = only_run(home).id
    with serving(home) as address:
        for path in ("launch", "runs", f"runs?run={run}", "compare"):
            page = opened(browser, f"{address}/{path}")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            expect(page.get_by_text("Loading what can be trained")).to_have_count(0)
            over = []
            for width in (1440, 400):
                page.set_viewport_size({"width": width, "height": 1000})
                page.wait_for_timeout(1000)
                over.append(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
            page.close()
            assert max(over) <= 0, (path, over)
